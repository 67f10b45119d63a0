// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	_ "embed"
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
	to := len(into)
	for _, form := range shortForms[text] {
		if id, ok := p.words.find(form); ok {
			into = addBound(into, from, to, match{word: id, term: uint16(t), bond: bondShort, alike: alikeShort}) //nolint:gosec // few terms
		}
	}
	return into
}
