// SPDX-License-Identifier: Apache-2.0

package front

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/screen"
)

// ConfigVariable is the environment variable that holds a Config as JSON. It
// is part of the pod template, so that a changed post rolls its front.
const ConfigVariable = "FRONTLINE_POST"

// Config is one post as its front needs it.
type Config struct {
	Region string `json:"region"`
	Post   string `json:"post"`
	// Hostname is the name in the server certificate; empty when the post has none of its own.
	Hostname string `json:"hostname,omitempty"`
	// Purposes are what the post may screen for; at least one.
	Purposes []screen.Purpose `json:"purposes"`
	// Pools are asked in parallel and their answers merged; at least one.
	Pools []Pool `json:"pools"`
	// Freshness tightens the limits of the feeds, by the age of the order; zero is no limit of the post's own.
	Freshness order.Freshness `json:"freshness"`
}

// Pool is one pool of a post.
type Pool struct {
	Name string `json:"name"`
	// URL is https://HOST[:PORT] of the pool's Service.
	URL string `json:"url"`
	// Feeds are the ids of all feeds that the post searches in this pool, in
	// full: it is by this list that a front can name what it missed when the
	// pool does not answer.
	Feeds []string `json:"feeds"`
}

// ParseConfig reads a Config and checks it. The error says every fault at once.
func ParseConfig(data []byte) (Config, error) {
	var c Config
	if len(data) == 0 {
		return c, fmt.Errorf("post: no configuration; set %s to the post's JSON", ConfigVariable)
	}
	if err := canonical.UnmarshalStrict(data, &c); err != nil {
		return c, fmt.Errorf("post: configuration: %w", err)
	}
	return c, c.Validate()
}

// Validate says what is wrong with the configuration, or nil.
func (c Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Region == "" {
		fault("region is empty; name the region of the post")
	}
	if c.Post == "" {
		fault("post is empty; name the post")
	}
	if len(c.Purposes) == 0 {
		fault("purposes are empty; a post that screens for nothing answers nothing")
	}
	for _, p := range c.Purposes {
		if !slices.Contains(screen.Purposes(), p) {
			fault("purpose %q is not known; use one of %s", p, join(screen.Purposes()))
		}
	}
	if len(c.Pools) == 0 {
		fault("pools are empty; name at least one pool to search")
	}
	seen := map[string]bool{}
	for _, p := range c.Pools {
		if p.Name == "" || seen[p.Name] {
			fault("pool %q is unnamed or named twice", p.Name)
		}
		seen[p.Name] = true
		if u, err := url.Parse(p.URL); err != nil || u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			fault("pool %s: the URL must have the form https://host:port", p.Name)
		}
		if len(p.Feeds) == 0 {
			fault("pool %s: feeds are empty; list every feed that the post searches there", p.Name)
		}
	}
	if f := c.Freshness; f.MarkSeconds < 0 || f.StopSeconds < 0 {
		fault("freshness is negative; use seconds, or 0 for no limit of the post's own")
	}
	if len(errs) > 0 {
		return fmt.Errorf("post %s: %w", c.Post, errors.Join(errs...))
	}
	return nil
}

func join[T ~string](all []T) string {
	parts := make([]string, len(all))
	for i, s := range all {
		parts[i] = string(s)
	}
	return strings.Join(parts, ", ")
}
