// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func sealed(t testing.TB, plain []byte, to ...string) []byte {
	t.Helper()
	b, err := SealBytes(plain, to...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	north, toNorth := NewIdentity()
	hub, toHub := NewIdentity()
	plain := bytes.Repeat([]byte("synthetic "), 20_000)
	both := sealed(t, plain, toNorth, toHub)
	other, _ := NewIdentity()
	for _, with := range [][]string{{north}, {hub}, {other, north}} {
		got, err := OpenBytes(both, int64(len(plain)), with...)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d identities: %v", len(with), err)
		}
	}
	if bytes.Equal(both, sealed(t, plain, toNorth, toHub)) {
		t.Error("sealing twice gives the same bytes")
	}
	if got, err := Recipient(north); err != nil || got != toNorth {
		t.Errorf("recipient %s: %v", got, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	id, to := NewIdentity()
	other, _ := NewIdentity()
	plain := bytes.Repeat([]byte{7}, 150_000)
	good := sealed(t, plain, to)
	flip := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	endless := "age-encryption.org/v1\n" + strings.Repeat("-> X a\nAAAA\n", 20_000)
	for _, tc := range []struct {
		name string
		in   []byte
		with []string
		want error
	}{
		{"another key", good, []string{other}, ErrKey},
		{"no key", good, nil, ErrKey},
		{"empty", nil, []string{id}, ErrDamaged},
		{"not sealed", plain, []string{id}, ErrDamaged},
		{"cut in the header", good[:40], []string{id}, ErrDamaged},
		{"cut in a piece", good[:len(good)-9], []string{id}, ErrDamaged},
		{"last piece missing", good[:len(good)-(150_000-2*65536)-16], []string{id}, ErrDamaged},
		{"altered in the first piece", flip(1000), []string{id}, ErrDamaged},
		{"altered at the end", flip(len(good) - 1), []string{id}, ErrDamaged},
		{"more at the end", append(bytes.Clone(good), 0), []string{id}, ErrDamaged},
		{"endless header", []byte(endless), []string{id}, ErrDamaged},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := OpenBytes(tc.in, 1<<20, tc.with...); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	if _, err := OpenBytes(good, 149_999, id); !errors.Is(err, ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
}

func TestAnErrorOfTheSourceIsItself(t *testing.T) {
	id, to := NewIdentity()
	good := sealed(t, make([]byte, 200_000), to)
	broken := errors.New("line went down")
	for _, at := range []int{0, 50, 1000, 100_000} {
		src := io.MultiReader(bytes.NewReader(good[:at]), iotest.ErrReader(broken))
		r, err := Open(src, id)
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if !errors.Is(err, broken) || errors.Is(err, ErrDamaged) {
			t.Errorf("after %d bytes: %v", at, err)
		}
	}
}

func TestKeysStayOutOfErrors(t *testing.T) {
	id, to := NewIdentity()
	bad := id[:len(id)-1]
	_, open := Open(strings.NewReader(""), bad)
	_, recipient := Recipient(bad)
	_, wrongWay := Seal(io.Discard, id)
	_, none := Seal(io.Discard)
	for _, err := range []error{open, recipient, wrongWay, none} {
		if err == nil || strings.Contains(err.Error(), bad[20:]) {
			t.Errorf("error %v", err)
		}
	}
	if _, err := SealBytes(nil, to, "age1nobody"); err == nil || !strings.Contains(err.Error(), "recipient 2 of 2") {
		t.Errorf("bad recipient: %v", err)
	}
}

// fuzzIdentity is a key made for this test alone.
const fuzzIdentity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"

func FuzzOpen(f *testing.F) {
	to, err := Recipient(fuzzIdentity)
	if err != nil {
		f.Fatal(err)
	}
	good := sealed(f, []byte("synthetic"), to)
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte("age-encryption.org/v1\n-> X25519 AAAA\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		plain, err := OpenBytes(in, 1<<20, fuzzIdentity)
		if err == nil && len(plain) > len(in) {
			t.Errorf("%d bytes opened to %d", len(in), len(plain))
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrKey) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("unnamed error %v", err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	_, to := NewIdentity()
	plain := make([]byte, 4<<20)
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	for b.Loop() {
		w, err := Seal(io.Discard, to)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = w.Write(plain)
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	id, to := NewIdentity()
	in := sealed(b, make([]byte, 4<<20), to)
	b.SetBytes(4 << 20)
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(bytes.NewReader(in), id)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
