// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// officers writes the keys of people and a feed that lists them.
type officers struct {
	dir  string
	feed *screeningv1.WatchlistFeed
}

func newOfficers(t *testing.T, names ...string) *officers {
	t.Helper()
	o := &officers{dir: t.TempDir()}
	o.feed = &screeningv1.WatchlistFeed{
		TypeMeta:   metav1.TypeMeta{APIVersion: screeningv1.GroupVersion.String(), Kind: "WatchlistFeed"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "intl", Name: "un-sc", UID: "uid-1"},
	}
	for _, name := range names {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		o.write(t, name+".pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		if name == "stranger" {
			continue
		}
		if der, err = x509.MarshalPKIXPublicKey(public); err != nil {
			t.Fatal(err)
		}
		o.feed.Spec.Approvers = append(o.feed.Spec.Approvers, screeningv1.FeedApprover{
			Name: screeningv1.ApproverName(name), PublicKey: base64.StdEncoding.EncodeToString(der),
		})
	}
	return o
}

// hold writes the feed with a held release, signed by some already.
func (o *officers) hold(t *testing.T, fill string, approvals ...screeningv1.ApproverName) string {
	t.Helper()
	o.feed.Status.Held = &screeningv1.HeldRelease{
		HubUID: "hub-1", Digest: screeningv1.Digest("sha256:" + strings.Repeat(fill, 32)), Base: "v11", Records: new(int64(1000)),
		Added: new(int64(400)), AddedPercent: new(int64(67)), Removed: new(int64(7)), RemovedPercent: new(int64(2)), Approvals: approvals,
	}
	return o.writeFeed(t, "feed.yaml")
}

func (o *officers) writeFeed(t *testing.T, name string) string {
	t.Helper()
	data, err := yaml.Marshal(o.feed)
	if err != nil {
		t.Fatal(err)
	}
	return o.write(t, name, data)
}

func (o *officers) write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (o *officers) key(name string) string { return filepath.Join(o.dir, name+".pem") }

// approve runs the command with an answer on standard input.
func (o *officers) approve(t *testing.T, answer string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := newRootCommand()
	cmd.SetIn(strings.NewReader(answer))
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	cmd.SetArgs(append([]string{"approve"}, args...))
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

func TestApproveOffline(t *testing.T) {
	o := newOfficers(t, "officer-1", "officer-2")
	feed := o.hold(t, "5f")
	var files []string
	for _, name := range []string{"officer-1", "officer-2"} {
		out, shown, err := o.approve(t, "yes\n", "--feed", feed, "--key", o.key(name), "--lifetime", "24h")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"intl.un-sc", "hub-1", strings.Repeat("5f", 32), "400 (67%)", "7 (2%)", "1000, against v11", name} {
			if !strings.Contains(shown, want) {
				t.Errorf("before signing %q is not shown:\n%s", want, shown)
			}
		}
		if !strings.Contains(out, "name: un-sc-5f5f5f5f5f5f-"+name+"\n") {
			t.Errorf("printed\n%s", out)
		}
		files = append(files, o.write(t, name+".yaml", []byte(out)))
	}

	// One is not enough, both are, and the feed's file from Git does as well.
	if out, _, err := o.approve(t, "", "verify", files[0], "--feed", feed); err != nil || !strings.HasSuffix(out, "1 of 2 approvals\n") {
		t.Errorf("one alone: %v\n%s", err, out)
	}
	if _, _, err := o.approve(t, "", "verify", files[0], "--feed", feed, "--complete"); err == nil || !strings.Contains(err.Error(), "1 more people") {
		t.Errorf("one alone is complete: %v", err)
	}
	o.feed.Status, o.feed.UID = screeningv1.WatchlistFeedStatus{}, ""
	fromGit := o.writeFeed(t, "git.yaml")
	for _, file := range []string{feed, fromGit} {
		if out, _, err := o.approve(t, "", "verify", files[0], files[1], "--feed", file, "--complete"); err != nil || !strings.HasSuffix(out, "2 of 2 approvals\n") {
			t.Errorf("both by %s: %v\n%s", filepath.Base(file), err, out)
		}
	}
}

func TestApproveRefuses(t *testing.T) {
	o := newOfficers(t, "officer-1", "officer-2", "stranger")
	feed := o.hold(t, "5f", "officer-2")
	nothing := o.feed.DeepCopy()
	nothing.Status.Held = nil
	idle := &officers{dir: t.TempDir(), feed: nothing}
	tests := []struct {
		name, answer string
		args         []string
		want         string
	}{
		{"no key", "", []string{"--feed", feed}, "--key is missing"},
		{"answer no", "no\n", []string{"--feed", feed, "--key", o.key("officer-1")}, "nothing was signed"},
		{"no answer", "", []string{"--feed", feed, "--key", o.key("officer-1")}, "nothing was signed"},
		{"key of nobody", "yes\n", []string{"--feed", feed, "--key", o.key("stranger")}, "does not list the public half"},
		{"one person twice", "yes\n", []string{"--feed", feed, "--key", o.key("officer-2")}, "officer-2 has signed already"},
		{"another digest", "yes\n", []string{"--feed", feed, "--key", o.key("officer-1"), "--digest", "sha256:00"}, "not the digest given"},
		{"nothing held", "yes\n", []string{"--feed", idle.writeFeed(t, "idle.yaml"), "--key", o.key("officer-1")}, "nothing of feed intl.un-sc is held"},
		{"key on the input that answers", "", []string{"--feed", feed, "--key", "-"}, "add --yes"},
		{"file that is no key", "yes\n", []string{"--feed", feed, "--key", feed}, "no private key"},
		{"file that is no feed", "yes\n", []string{"--feed", o.key("officer-1"), "--key", o.key("officer-1")}, "is not one WatchlistFeed"},
		{"feed named twice", "yes\n", []string{"un-sc", "--feed", feed, "--key", o.key("officer-1")}, "twice"},
		{"no feed", "yes\n", []string{"--key", o.key("officer-1"), "--kubeconfig", "/nowhere"}, "find the cluster"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, _, err := o.approve(t, tt.answer, tt.args...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %q", err, tt.want)
			}
			if strings.Contains(out, "envelope") {
				t.Errorf("an approval was printed:\n%s", out)
			}
		})
	}
}

func TestApproveVerifyRefuses(t *testing.T) {
	o := newOfficers(t, "officer-1", "officer-2")
	feed := o.hold(t, "5f")
	out, _, err := o.approve(t, "", "--feed", feed, "--key", o.key("officer-1"), "--yes")
	if err != nil {
		t.Fatal(err)
	}
	first := o.write(t, "first.yaml", []byte(out))
	again := o.write(t, "again.yaml", []byte(strings.Replace(out, "name: un-sc-", "name: zz-", 1)))
	forged := o.write(t, "forged.yaml", []byte(strings.Replace(out, `"payload":"ey`, `"payload":"fy`, 1)))
	moved := o.write(t, "moved.yaml", []byte(strings.Replace(out, "namespace: intl", "namespace: al", 1)))
	held := o.hold(t, "00")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"one person twice", []string{first, again}, "AlreadySigned"},
		{"forged", []string{forged}, "Malformed"},
		{"another file is held by now", []string{first}, "NothingHeld"},
		{"another namespace", []string{moved}, "not in the namespace"},
		{"no approval", []string{feed}, "something else than Approvals"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := held
			if tt.name != "another file is held by now" {
				file = o.hold(t, "5f")
			}
			out, _, err := o.approve(t, "", append([]string{"verify", "--feed", file}, tt.args...)...)
			if err == nil || !strings.Contains(out+err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %q\n%s", err, tt.want, out)
			}
			o.hold(t, "00")
		})
	}
}
