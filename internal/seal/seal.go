// SPDX-License-Identifier: Apache-2.0

// Package seal encrypts what travels, in the age format, version 1
// (https://c2sp.org/age@v1.0.0), to X25519 recipients. age authenticates each piece
// of 64 KiB but not who sealed it: what is opened is trusted only by a digest that
// a verified order names.
//
// Identities ("AGE-SECRET-KEY-1…") are private and never appear in an error;
// recipients ("age1…") are public.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

var (
	// ErrKey is wrapped when none of the identities can open what was sealed.
	ErrKey = errors.New("sealed to another key")
	// ErrDamaged is wrapped when sealed bytes are cut short, altered or no age file.
	ErrDamaged = errors.New("sealed bytes are damaged")
	// ErrTooLarge is wrapped when the plaintext is larger than its reader allows.
	ErrTooLarge = errors.New("content is larger than allowed")
)

// maxHeader bounds what is read before the first byte of plaintext. A header has
// about 200 bytes a recipient.
const maxHeader = 64 << 10

// NewIdentity makes a key pair: the private identity and the public recipient.
// The system's random source does not fail.
func NewIdentity() (identity, recipient string) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		panic("age: no key from random bytes: " + err.Error())
	}
	return id.String(), id.Recipient().String()
}

// Recipient is the public half of an identity.
func Recipient(identity string) (string, error) {
	id, err := age.ParseX25519Identity(identity)
	if err != nil {
		return "", errIdentity
	}
	return id.Recipient().String(), nil
}

// errIdentity is all that may be said: age's own error quotes the identity.
var errIdentity = errors.New("identity is not a private X25519 key of age (AGE-SECRET-KEY-1…)")

// Seal encrypts what is written to it, to every one of the recipients, into dst.
// Close writes the last piece; without it what was written cannot be opened.
func Seal(dst io.Writer, recipients ...string) (io.WriteCloser, error) {
	if len(recipients) == 0 {
		return nil, errors.New("seal: no recipient; the region has to announce its keys first")
	}
	to := make([]age.Recipient, len(recipients))
	for i, r := range recipients {
		parsed, err := age.ParseX25519Recipient(r)
		if err != nil {
			return nil, fmt.Errorf("seal: recipient %d of %d is not a public X25519 key of age (age1…)", i+1, len(recipients))
		}
		to[i] = parsed
	}
	w, err := age.Encrypt(dst, to...)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return w, nil
}

// Open decrypts src with whichever of the identities fits. Memory is bounded. An
// error of src is returned as it is; ErrKey and ErrDamaged say what is wrong
// otherwise. What was read before an error is authentic, but only a part.
func Open(src io.Reader, identities ...string) (io.Reader, error) {
	if len(identities) == 0 {
		return nil, fmt.Errorf("open: %w: no identity is at hand", ErrKey)
	}
	with := make([]age.Identity, len(identities))
	for i, id := range identities {
		parsed, err := age.ParseX25519Identity(id)
		if err != nil {
			return nil, fmt.Errorf("open: %w", errIdentity)
		}
		with[i] = parsed
	}
	o := &opened{src: src, left: maxHeader}
	r, err := age.Decrypt(readerFunc(o.source), with...)
	if err != nil {
		return nil, o.explain(err)
	}
	o.plain, o.left = r, -1
	return o, nil
}

// SealBytes is Seal of bytes in memory.
func SealBytes(plain []byte, recipients ...string) ([]byte, error) {
	var buf bytes.Buffer
	w, err := Seal(&buf, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return buf.Bytes(), nil
}

// OpenBytes is Open of bytes in memory, for a plaintext of at most limit bytes.
func OpenBytes(sealed []byte, limit int64, identities ...string) ([]byte, error) {
	r, err := Open(bytes.NewReader(sealed), identities...)
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(plain)) > limit {
		return nil, fmt.Errorf("open: %w: over %d bytes", ErrTooLarge, limit)
	}
	return plain, nil
}

// opened tells the errors of the source apart from those of the format.
type opened struct {
	src   io.Reader
	plain io.Reader
	// left is how much the header may still read, below zero once it is read.
	left int
	// failed is the error of the source itself.
	failed error
}

func (o *opened) source(p []byte) (int, error) {
	if o.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if o.left > 0 && len(p) > o.left {
		p = p[:o.left]
	}
	n, err := o.src.Read(p)
	if o.left > 0 {
		o.left -= n
	}
	if err != nil && !errors.Is(err, io.EOF) {
		o.failed = err
	}
	return n, err
}

// Read implements io.Reader.
func (o *opened) Read(p []byte) (int, error) {
	n, err := o.plain.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = o.explain(err)
	}
	return n, err
}

func (o *opened) explain(err error) error {
	var noMatch *age.NoIdentityMatchError
	switch {
	case o.failed != nil:
		return o.failed
	case errors.As(err, &noMatch):
		return fmt.Errorf("open: %w; the key of its epoch is not here, or was destroyed", ErrKey)
	case o.left == 0:
		return fmt.Errorf("open: %w: its header is over %d bytes", ErrDamaged, maxHeader)
	}
	return fmt.Errorf("open: %w: %w", ErrDamaged, err)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
