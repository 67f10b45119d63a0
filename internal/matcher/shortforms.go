// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed shortforms.txt
var shortFormsText string

// shortForms are, for each given name and each short form in shortforms.txt, what stands
// for it on the other side of the colon, in normal form.
var shortForms = readShortForms(shortFormsText)

func readShortForms(text string) map[string][]string {
	forms := map[string][]string{}
	for line := range strings.Lines(text) {
		names, short, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for n := range strings.FieldsSeq(names) {
			for s := range strings.FieldsSeq(short) {
				forms[n], forms[s] = append(forms[n], s), append(forms[s], n)
			}
		}
	}
	return forms
}

// alikeShort is how alike a name and its short form are: two spellings of one, whichever
// letters differ.
const alikeShort = closeAlike

// addShort appends the words of the list that are a short form of a term's word, or what
// it is short for; from is where the term's matches begin, which may have them already.
func (p *part) addShort(into []match, from, t int, text string) []match {
	for _, form := range shortForms[text] {
		id, ok := p.words.find(form)
		if !ok {
			continue
		}
		short := match{word: id, term: uint16(t), short: true, alike: alikeShort} //nolint:gosec // few terms
		if at := slices.IndexFunc(into[from:], func(m match) bool { return m.word == id }); at < 0 {
			into = append(into, short)
		} else if m := &into[from+at]; m.alike < alikeShort {
			*m = short
		}
	}
	return into
}
