// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

func TestCheckAddress(t *testing.T) {
	tests := []struct {
		address string
		want    Range
	}{
		{"93.184.216.34", public}, {"8.8.8.8", public}, {"100.63.255.255", public}, {"172.32.0.1", public},
		{"2606:4700::1", public}, {"2a00:1450::1", public}, {"::ffff:8.8.8.8", public},
		{"64:ff9b::808:808", public}, {"2002:808:808::1", public},

		{"10.1.2.3", Private}, {"172.16.0.1", Private}, {"172.31.255.255", Private}, {"192.168.1.1", Private},
		{"100.64.0.1", Private}, {"100.127.255.255", Private}, {"fd00::1", Private}, {"fc00::1", Private}, {"::ffff:10.0.0.1", Private},
		{"127.0.0.1", Loopback}, {"127.255.0.1", Loopback}, {"::1", Loopback}, {"::ffff:127.0.0.1", Loopback},
		{"169.254.1.1", LinkLocal}, {"fe80::1", LinkLocal}, {"fe80::1%eth0", LinkLocal}, {"::ffff:169.254.1.1", LinkLocal},

		{"169.254.169.254", never}, {"::ffff:169.254.169.254", never}, {"64:ff9b::a9fe:a9fe", never},
		{"2002:a9fe:a9fe::1", never}, {"::169.254.169.254", never}, {"fd00:ec2::254", never}, {"100.100.100.200", never},
		{"168.63.129.16", never}, {"192.0.0.192", never}, {"169.254.170.2", never}, {"fe80::a9fe:a9fe", never}, {"fe80::a9fe:a9fe%eth0", never},
		{"64:ff9b::a00:1", never}, {"64:ff9b::7f00:1", never}, {"2002:7f00:1::", never}, {"2002:c0a8:101::1", never},
		{"2001:0:808:808::f5ff:fffe", never}, // Teredo, the client 10.0.0.1
		{"64:ff9b:1::808:808", never},
		{"0.0.0.0", never}, {"0.1.2.3", never}, {"::", never}, {"::127.0.0.1", never}, {"::8.8.8.8", never},
		{"192.0.2.1", never}, {"198.51.100.1", never}, {"203.0.113.1", never}, {"2001:db8::1", never}, {"3fff::1", never},
		{"198.18.0.1", never}, {"198.19.255.255", never}, {"2001:2::1", never}, {"192.88.99.1", never},
		{"224.0.0.1", never}, {"240.0.0.1", never}, {"255.255.255.255", never}, {"ff02::1", never},
		{"fec0::1", never}, {"100::1", never}, {"4000::1", never},
	}
	for _, tt := range tests {
		t.Run(tt.address, func(t *testing.T) {
			got, what := classify(netip.MustParseAddr(tt.address))
			if got != tt.want || (what == "") != (got == public) {
				t.Errorf("got %q (%s), want %q", got, what, tt.want)
			}
			target := netip.AddrPortFrom(netip.MustParseAddr(tt.address), 443).String()
			if refused := checkAddress(target, nil) != nil; refused != (tt.want != public) {
				t.Errorf("refused when nothing is allowed: %v", refused)
			}
			if refused := checkAddress(target, everywhere) != nil; refused != (tt.want == never) {
				t.Errorf("refused when all is allowed: %v", refused)
			}
			for _, one := range everywhere {
				if refused := checkAddress(target, []Range{one}) != nil; refused != (tt.want != public && tt.want != one) {
					t.Errorf("refused when %s is allowed: %v", one, refused)
				}
			}
		})
	}
	if checkAddress("no address", everywhere) == nil {
		t.Error("what is no address is dialled")
	}
}

// nameserver answers each question for an A record with the next address, and
// the last one ever after.
type nameserver struct {
	*net.Resolver
	asked atomic.Int64
}

func newNameserver(t *testing.T, answers ...string) *nameserver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	n := &nameserver{}
	go func() {
		buffer := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(n.answer(buffer[:size], answers), from)
		}
	}()
	n.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	return n
}

// answer writes a message of RFC 1035 section 4.1.
func (n *nameserver) answer(query []byte, answers []string) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5
	message := append([]byte{}, query[:end]...)
	copy(message[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	if binary.BigEndian.Uint16(query[end-4:]) != 1 {
		return message // no such record
	}
	next := min(int(n.asked.Add(1)), len(answers)) - 1
	message[7] = 1
	message = append(message, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(message, net.ParseIP(answers[next]).To4()...)
}

// The name leads to a public address when somebody checks it, and elsewhere
// when it is dialled.
func TestNameThatChangesBetweenCheckAndDial(t *testing.T) {
	server := publisher(t, "")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	address := "http://lists.example:" + port + "/list"
	for _, then := range []string{"127.0.0.1", "169.254.169.254", "10.0.0.1"} {
		t.Run(then, func(t *testing.T) {
			dns := newNameserver(t, "93.184.216.34", then)
			seen, err := dns.LookupNetIP(t.Context(), "ip4", "lists.example.")
			if err != nil || len(seen) != 1 || checkAddress(netip.AddrPortFrom(seen[0], 80).String(), nil) != nil {
				t.Fatalf("the check saw %v, %v", seen, err)
			}
			_, err = Fetch(t.Context(), Request{URL: address, Line: Line{Resolver: dns.Resolver}}, filepath.Join(t.TempDir(), "list"))
			if ReasonOf(err) != Refused || !strings.Contains(err.Error(), then) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A publisher redirects on its own host, whose name leads elsewhere by then.
func TestNameThatChangesBeforeRedirect(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, "/latest/meta-data/", http.StatusFound)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	dns := newNameserver(t, "127.0.0.1", "169.254.169.254")
	req := Request{URL: "http://lists.example:" + port + "/list", Line: Line{Resolver: dns.Resolver, Allow: everywhere}}
	_, err = Fetch(t.Context(), req, filepath.Join(t.TempDir(), "list"))
	if ReasonOf(err) != Refused || !strings.Contains(err.Error(), "metadata") || served.Load() != 1 {
		t.Errorf("served %d times, got %v", served.Load(), err)
	}
}

func TestRedirectToMetadata(t *testing.T) {
	for _, target := range []string{"http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://metadata.google.internal/", "http://2852039166/"} {
		server := httptest.NewServer(http.RedirectHandler(target, http.StatusFound))
		t.Cleanup(server.Close)
		_, err := Fetch(t.Context(), Request{URL: server.URL, Line: Line{Allow: everywhere}}, filepath.Join(t.TempDir(), "list"))
		if ReasonOf(err) != Redirected {
			t.Errorf("%s: got %v", target, err)
		}
	}
}

func TestCredentialsStayBehindRedirect(t *testing.T) {
	var first, second http.Header
	mux := http.NewServeMux()
	mux.HandleFunc("/list", func(w http.ResponseWriter, r *http.Request) {
		first = r.Header.Clone()
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		second = r.Header.Clone()
		w.WriteHeader(http.StatusUnauthorized)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	req := Request{URL: server.URL + "/list", Headers: http.Header{"Authorization": {"Bearer secret"}, "x-key": {"secret"}}, Line: Line{Allow: everywhere}}
	_, err := Fetch(t.Context(), req, filepath.Join(t.TempDir(), "list"))
	if ReasonOf(err) != Unauthorized || !strings.Contains(err.Error(), "after a redirect") {
		t.Errorf("got %v", err)
	}
	if first.Get("Authorization") == "" || first.Get("X-Key") == "" {
		t.Errorf("the publisher was sent %v", first)
	}
	if fmt.Sprint(second) == "map[]" || strings.Contains(fmt.Sprint(second), "secret") {
		t.Errorf("after the redirect was sent %v", second)
	}
}
