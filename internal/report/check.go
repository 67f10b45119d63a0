// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"regexp"
)

// maxNumber is the largest integer that every JSON implementation keeps exact
// (RFC 8259, section 6).
const maxNumber = 1<<53 - 1

var (
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	// reasonForm is that of the reasons of Kubernetes conditions.
	reasonForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,63}$`)
	// nameForm is that of ids, names and UIDs.
	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,316}$`)
)

// check refuses a report whose fields have not the form that its users rely
// on. Its errors name fields and never repeat what stood in them.
func (r Report) check() error {
	c := checker{}
	c.number("incarnation", r.Incarnation)
	c.number("number", r.Number)
	if o := r.Observed; o != nil {
		c.number("observed.term", o.Term)
		c.number("observed.sequence", o.Sequence)
		c.form("observed.digest", digestForm, o.Digest)
	}
	for i, f := range r.Feeds {
		c.in("feeds", i)
		c.form("id", nameForm, f.ID)
		c.optional("uid", nameForm, f.UID)
		c.form("state", reasonForm, f.State)
		c.number("wanted", f.Wanted)
		c.number("held", f.Held)
		c.number("served", f.Served)
		c.number("records", f.Records)
		c.number("bytes", f.Bytes)
		c.number("servers", int64(f.Servers))
		c.optional("reason", reasonForm, f.Reason)
		if f.Held > 0 {
			c.form("content", digestForm, f.Content)
		}
	}
	for kind, list := range map[string][]Object{"pools": r.Pools, "posts": r.Posts} {
		for i, o := range list {
			c.in(kind, i)
			c.form("name", nameForm, o.Name)
			c.form("uid", nameForm, o.UID)
			c.number("generation", o.Generation)
		}
	}
	for i, o := range r.Orphans {
		c.in("orphans", i)
		c.form("kind", reasonForm, o.Kind)
		c.form("name", nameForm, o.Name)
		c.optional("uid", nameForm, o.UID)
	}
	for i, refusal := range r.Refusals {
		c.in("refusals", i)
		c.form("reason", reasonForm, refusal.Reason)
	}
	return c.err
}

// checker keeps the first error.
type checker struct {
	at  string
	err error
}

func (c *checker) in(list string, i int) { c.at = fmt.Sprintf("%s[%d].", list, i) }

func (c *checker) number(field string, n int64) {
	if (n < 0 || n > maxNumber) && c.err == nil {
		c.err = fmt.Errorf("%s%s is not a count from 0 to %d", c.at, field, int64(maxNumber))
	}
}

func (c *checker) form(field string, form *regexp.Regexp, value string) {
	if !form.MatchString(value) && c.err == nil {
		c.err = fmt.Errorf("%s%s has not the form %s", c.at, field, form)
	}
}

func (c *checker) optional(field string, form *regexp.Regexp, value string) {
	if value != "" {
		c.form(field, form, value)
	}
}
