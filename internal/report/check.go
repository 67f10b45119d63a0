// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"
)

// maxNumber is the largest integer that every JSON implementation keeps exact
// (RFC 8259, section 6).
const maxNumber = 1<<53 - 1

// Limits of what has no form, in bytes of UTF-8. They are wider than the
// region's own objects allow.
const (
	maxMessage = 1024
	// maxSubject holds a kind, a space and a name.
	maxSubject = 64 + 1 + 317
	maxVersion = 128
	// maxPattern is that of a feed pattern or purpose of the terms, maxTerms
	// the number of either.
	maxPattern = 256
	maxTerms   = 1024
	// maxRetained is above every retention that a feed may ask for.
	maxRetained = 128
	// maxReceipt is the size in bytes of the envelope of an erasure's receipt.
	maxReceipt = 64 << 10
)

var (
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	// reasonForm is that of the reasons of Kubernetes conditions.
	reasonForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,63}$`)
	// nameForm is that of ids, names and UIDs.
	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,316}$`)
	// versionForm is that of a module's version, a release's or "(devel)".
	versionForm = regexp.MustCompile(`^[A-Za-z0-9(][A-Za-z0-9._+()~-]*$`)
	// recipientForm is an X25519 recipient of age (age-encryption.org/v1): Bech32, 32 bytes.
	recipientForm = regexp.MustCompile(`^age1[02-9ac-hj-np-z]{58}$`)
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
		c.optional("listDate", nameForm, f.ListDate)
		c.most("message", maxMessage, f.Message)
		c.number("blocks", f.Blocks)
		c.keys(f.Keys)
		if len(f.Retained) > maxRetained && c.err == nil {
			c.err = fmt.Errorf("%sretained has more than %d entries", c.at, maxRetained)
		}
		for _, n := range f.Retained {
			c.number("retained", n)
		}
		if len(f.Receipt) > maxReceipt && c.err == nil {
			c.err = fmt.Errorf("%sreceipt is longer than %d bytes", c.at, maxReceipt)
		}
		if f.Held > 0 {
			c.form("content", digestForm, f.Content)
		}
	}
	c.objects("pools", r.Pools)
	c.objects("posts", r.Posts)
	for i, o := range r.Orphans {
		c.in("orphans", i)
		c.form("kind", reasonForm, o.Kind)
		c.form("name", nameForm, o.Name)
		c.optional("uid", nameForm, o.UID)
	}
	for i, refusal := range r.Refusals {
		c.in("refusals", i)
		c.form("reason", reasonForm, refusal.Reason)
		c.most("subject", maxSubject, refusal.Subject)
		c.most("message", maxMessage, refusal.Message)
	}
	if r.Terms != nil {
		c.terms("terms.feeds", r.Terms.Feeds)
		c.terms("terms.purposes", r.Terms.Purposes)
	}
	c.at = ""
	c.most("versions.agent", maxVersion, r.Versions.Agent)
	c.optional("versions.agent", versionForm, r.Versions.Agent)
	c.number("versions.level", r.Versions.Level)
	c.number("versions.pods", r.Versions.Pods)
	if r.Resumed != nil {
		c.form("resumed.cause", reasonForm, r.Resumed.Cause)
		c.number("resumed.from", r.Resumed.From)
		c.number("resumed.to", r.Resumed.To)
		c.number("resumed.order", r.Resumed.Order)
	}
	return c.err
}

// checker keeps the first error.
type checker struct {
	at  string
	err error
}

func (c *checker) in(list string, i int) { c.at = fmt.Sprintf("%s[%d].", list, i) }

func (c *checker) objects(kind string, list []Object) {
	for i, o := range list {
		c.in(kind, i)
		c.form("name", nameForm, o.Name)
		c.form("uid", nameForm, o.UID)
		c.number("generation", o.Generation)
	}
}

// keys requires that the next epoch follows the current one: a region that
// announced an earlier one would ask for what it may have destroyed.
func (c *checker) keys(keys *Keys) {
	if keys == nil {
		return
	}
	c.number("keys.current.epoch", keys.Current.Epoch)
	c.number("keys.next.epoch", keys.Next.Epoch)
	c.form("keys.current.recipient", recipientForm, keys.Current.Recipient)
	c.form("keys.next.recipient", recipientForm, keys.Next.Recipient)
	if (keys.Current.Epoch < 1 || keys.Next.Epoch != keys.Current.Epoch+1) && c.err == nil {
		c.err = fmt.Errorf("%skeys are not of two successive epochs, counted from 1", c.at)
	}
}

func (c *checker) terms(field string, list []string) {
	c.at = ""
	if len(list) > maxTerms && c.err == nil {
		c.err = fmt.Errorf("%s has more than %d entries", field, maxTerms)
	}
	for i, entry := range list {
		c.most(fmt.Sprintf("%s[%d]", field, i), maxPattern, entry)
	}
}

func (c *checker) most(field string, limit int, value string) {
	if len(value) > limit && c.err == nil {
		c.err = fmt.Errorf("%s%s is longer than %d bytes", c.at, field, limit)
	}
}

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

// cut returns r with its messages no longer than a hub takes: one that quotes
// a long cause must not keep the rest of the report from arriving.
func (r Report) cut() Report {
	r.Feeds, r.Refusals = slices.Clone(r.Feeds), slices.Clone(r.Refusals)
	for i := range r.Feeds {
		r.Feeds[i].Message = cutMessage(r.Feeds[i].Message)
	}
	for i := range r.Refusals {
		r.Refusals[i].Message = cutMessage(r.Refusals[i].Message)
	}
	return r
}

// cutMessage shortens a message at the boundary of a character and marks it.
func cutMessage(message string) string {
	const mark = "…"
	if len(message) <= maxMessage {
		return message
	}
	end := maxMessage - len(mark)
	for end > 0 && !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + mark
}
