// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/frontline-screening/frontline/internal/front"
	"github.com/frontline-screening/frontline/internal/httpserver"
	"github.com/frontline-screening/frontline/internal/pki"
)

// identityFolder is a folder as a TLS Secret is mounted.
func identityFolder(t *testing.T) string {
	t.Helper()
	ca, err := pki.NewCA("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := ca.Issue(pki.LeafRequest{CommonName: "test", DNSNames: []string{"localhost"}, Server: true, Client: true}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": ca.CertPEM()} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestServingCommandsRefuse(t *testing.T) {
	const post = `{"region":"north","post":"gate","purposes":["BorderControl"],
		"pools":[{"name":"general","url":"https://general:8443","feeds":["intl.a"]}],"freshness":{}}`
	tls := identityFolder(t)
	tests := []struct {
		name string
		post string
		args []string
		want string
	}{
		{"front without a post", "", []string{"front", "--tls", tls}, "set FRONTLINE_POST"},
		{"front with a post that is not valid", strings.Replace(post, "BorderControl", "Curiosity", 1), []string{"front", "--tls", tls}, "is not known"},
		{"front without certificate", post, []string{"front", "--tls", t.TempDir()}, "tls.crt"},
		{"matcher without its names", "", []string{"matcher", "--tls", tls}, "--region is empty"},
		{"matcher with unknown thresholds", "", []string{"matcher", "--region", "north", "--pool", "p", "--accuracy", "Lenient"}, "use HighRecall"},
		{"matcher with an unknown modality", "", []string{"matcher", "--region", "north", "--pool", "p", "--modalities", "Gait"}, "use Biographic"},
		{"loader without its names", "", []string{"loader", "--tls", tls}, "--agent is empty"},
		{
			"loader with an agent without TLS", "",
			[]string{"loader", "--region", "north", "--pool", "p", "--agent", "http://a:1", "--registry", "https://r:1", "--tls", tls},
			"https://host:port",
		},
		{"registry without a folder", "", []string{"registry", "--root", filepath.Join(t.TempDir(), "none"), "--tls-dir", tls}, "registry"},
		{"registry without certificate", "", []string{"registry", "--root", t.TempDir(), "--tls-dir", t.TempDir()}, "tls.crt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(front.ConfigVariable, tt.post)
			_, err := runCommand(t, tt.args...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that contains %q", err, tt.want)
			}
		})
	}
}

func TestServeEndsWithItsWork(t *testing.T) {
	broken := errors.New("the volume is gone")
	o := serveOptions{}
	err := o.serve(t.Context(), func(context.Context) error { return broken },
		httpserver.Server{Name: "health", Bind: "127.0.0.1:0", Handler: http.NotFoundHandler()})
	if !errors.Is(err, broken) {
		t.Errorf("serve says %v, want the cause of its work's end", err)
	}
}

func TestServeEndsItsWorkLast(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := false
	work := func(ctx context.Context) error {
		cancel() // the signal to end comes while the work runs
		<-ctx.Done()
		ended = true
		return nil
	}
	o := serveOptions{}
	if err := o.serve(ctx, work, httpserver.Server{Name: "health", Bind: "127.0.0.1:0", Handler: http.NotFoundHandler()}); err != nil {
		t.Error(err)
	}
	if !ended {
		t.Error("serve returned before its work ended")
	}
}
