// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/frontline-screening/frontline/internal/matcher/script"
)

// letters are those that words of a test are made of, each a script of its own. Those of
// no alphabet have no sounds: they meet by their letters or not at all.
var letters = map[string][]rune{
	"latin": []rune("abdeiklmnorstz"), "cyrillic": []rune("абвгдеиклмнорст"), "greek": []rune("αβγδεικλμνορστ"),
	"arabic": []rune("ابتدرسشعفقكلمنوي"), "hebrew": []rune("אבגדהוזחטיכלמנ"), "hangul": []rune("\u1100\u1102\u1103\u1105\u1106\u1107\u1161\u1165\u1169\u116e\u1175\u11ab\u11bc"),
	"kana": []rune("アイウカキクサシスタナマ"), "han": []rune("張王李趙陳林黃周吳徐"), "none": []rune("กขคงจฉชซดต"),
}

func wordOf(least, most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		of := letters[rapid.SampledFrom(scriptNames).Draw(t, "script")]
		return string(rapid.SliceOfN(rapid.SampledFrom(of), least, most).Draw(t, "letters"))
	})
}

var scriptNames = slices.Sorted(maps.Keys(letters))

// edited is the word one edit away: a letter more, fewer, another, or two exchanged.
func edited(t *rapid.T, word string) string {
	w := []rune(word)
	i := rapid.IntRange(0, len(w)-1).Draw(t, "at")
	other := w[0]
	for _, of := range letters {
		if slices.Contains(of, w[0]) {
			other = rapid.SampledFrom(of).Draw(t, "letter")
		}
	}
	switch rapid.IntRange(0, 3).Draw(t, "edit") {
	case 0:
		return string(slices.Insert(w, i, other))
	case 1:
		return string(append(w, other))
	case 2:
		w[i] = other
	case 3:
		if i+1 < len(w) {
			w[i], w[i+1] = w[i+1], w[i]
		} else {
			w = w[:i]
		}
	}
	return string(w)
}

// without is the word with a letter left out.
func without(t *rapid.T, word string) string {
	w := []rune(word)
	i := rapid.IntRange(0, len(w)-1).Draw(t, "left out")
	return string(slices.Delete(w, i, i+1))
}

// shareEdits reports whether a word of a list and one that is looked up share a key by
// their letters, not by how they sound. These are the keys themselves, not their buckets.
func shareEdits(listed, asked string) bool {
	keys, sounds := map[uint64]bool{}, map[uint64]bool{}
	indexSounds(listed, script.Of(listed), func(k uint64) { sounds[k] = true })
	var w spelt
	w.indexKeys(listed, func(k uint64) { keys[k] = !sounds[k] })
	share := false
	w.editKeys(asked, mostEdits(aboutOf(asked), wayWhole), func(k uint64, _ int) { share = share || keys[k] })
	return share
}

// byEdits is how alike two words are that share a key by their letters; 0 if they are too
// many edits apart.
func byEdits(asked, listed string) float32 {
	own, other := aboutOf(asked), aboutOf(listed)
	most := editsBetween(own, other, wayWhole)
	if own.script() != other.script() || max(own.apart(other), own.longer(other)) > most {
		return 0
	}
	var w script.Word
	w.Set(asked)
	return alike(&w, own, other, listed, costOf(most))
}

func TestEditedWordsShareAKey(t *testing.T) {
	for _, tc := range []struct {
		name               string
		least, most, edits int
	}{
		{"four letters and one edit", 4, 4, 1},
		{"five to seven and one edit", 5, 7, 1},
		{"eight and one edit", 8, 8, 1},
		{"more and one edit", 9, 44, 1},
		{"eight and two edits", 8, 8, 2},
		{"nine and two edits", 9, 9, 2},
		{"more and two edits", 10, 44, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			alikes := 0
			rapid.Check(t, func(t *rapid.T) {
				listed := wordOf(tc.least, tc.most).Draw(t, "word")
				asked := listed
				for range tc.edits {
					if rapid.Bool().Draw(t, "shorter") {
						asked = without(t, asked)
					} else {
						asked = edited(t, asked)
					}
				}
				if listed == asked {
					return
				}
				if !shareEdits(listed, asked) {
					t.Fatalf("%s, which is listed, and %s, which is asked for, share no key", listed, asked)
				}
				// A particle meets particles alone.
				if aboutOf(asked).kind() != kindParticle && byEdits(asked, listed) > 0 {
					alikes++
					if !Meet(asked, listed) {
						t.Fatalf("%s and %s are alike and do not meet", asked, listed)
					}
				}
			})
			if alikes < 20 {
				t.Errorf("%d pairs were alike; the words are too different", alikes)
			}
		})
	}
}

func TestMeet(t *testing.T) {
	for _, tc := range []struct {
		name, asked, listed string
		want                bool
	}{
		{"the same", "Testova", "testova", true},
		{"the same, of two letters", "Li", "Li", true},
		{"a letter more", "Testovva", "Testova", true},
		{"a letter another", "Tastova", "Testova", true},
		{"letters exchanged", "Tesotva", "Testova", true},
		{"two edits in eight", "Tastovar", "Testovia", true},
		{"two edits across the middle", "Tesotvra", "Testovar", true},
		{"two edits in five", "19471", "19258", false},
		{"three letters, one another", "Tea", "Tes", false},
		{"four letters, one another", "Teso", "Tesi", true},
		{"another word", "Kamberaj", "Testovar", false},
		{"another script", "Тестова", "Testova", true},
		{"another script, of another sound", "Камберай", "Testova", false},
		{"Arabic article, which names see to", "طربوق", "الطربوق", false},
		{"spellings of one sound", "Yousseff", "Jusef", true},
		{"ICAO's letters for Arabic", "Mxhmd", "محمد", true},
		{"numbers", "1947", "1947", true},
		{"numbers, one digit another", "1947", "1948", true},
		{"two words", "Testova Ana", "Testova", false},
		{"nothing", "", "Testova", false},
		{"as long as is looked at", strings.Repeat("กขคง", 11) + "จ", strings.Repeat("กขคง", 11), true},
		{"too long", strings.Repeat("กขคง", 12) + "จ", strings.Repeat("กขคง", 12), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Meet(tc.asked, tc.listed); got != tc.want {
				t.Errorf("Meet(%q, %q) = %v, want %v", tc.asked, tc.listed, got, tc.want)
			}
		})
	}
}

// What a word meets follows from the words: in as many buckets as there are, or in two,
// it meets every word that shares a key and is alike enough, once, and no other but one
// whose key has the bucket and the tag of another key.
func TestBucketsHideNothing(t *testing.T) {
	met := 0
	rapid.Check(t, func(t *rapid.T) {
		words := newDict(1)
		var listed []string
		for len(listed) < 15 {
			w := wordOf(2, 12).Draw(t, "word")
			if len(listed) > 0 && rapid.Bool().Draw(t, "alike") {
				w = edited(t, listed[len(listed)-1])
			}
			if utf8.RuneCountInString(w) >= 2 && int(words.enter(w)) == len(listed) {
				listed = append(listed, w)
			}
		}
		built := &part{segment: &segment{words: words, recent: newRecent(words.len())}}
		var err error
		if built.looks, err = looksOf(words, hurry); err != nil {
			t.Fatal(err)
		}
		if built.near, err = layNeighbours(words, built.traits, hurry); err != nil {
			t.Fatal(err)
		}
		crowded := crowd(built)
		s := new(scratch)
		for range 4 {
			asked := edited(t, rapid.SampledFrom(listed).Draw(t, "of"))
			if own := aboutOf(asked); own.runes() < 2 || own.kind() == kindParticle {
				continue
			}
			want := map[string]float32{}
			for i, l := range listed {
				if a := shall(asked, l, built.traits[i].about); a > 0 {
					want[l] = a
				}
			}
			met += len(want)
			for name, p := range map[string]*part{"as built": built, "in two buckets": crowded} {
				got := map[string]float32{}
				for _, m := range p.lookUp(s, nil, 0, term{text: asked}) {
					l := listed[m.word]
					if _, twice := got[l]; twice {
						t.Fatalf("%s: %s meets %s twice", name, asked, l)
					}
					got[l] = m.alike
					if want[l] != m.alike && !p.near.collide(l, asked) {
						t.Fatalf("%s: %s meets %s, alike %v, want %v", name, asked, l, m.alike, want[l])
					}
				}
				for l := range want {
					if got[l] == 0 {
						t.Fatalf("%s: %s does not meet %s, alike %v", name, asked, l, want[l])
					}
				}
			}
		}
	})
	if met < 100 {
		t.Errorf("%d words were met; the lists are too different", met)
	}
}

// shall is how alike a listed word is that shall be met; 0 if it shall not.
func shall(asked, listed string, other about) float32 {
	own := aboutOf(asked)
	if asked == listed {
		return 1
	}
	if shareEdits(listed, asked) {
		if a := byEdits(asked, listed); a > 0 {
			return a
		}
	}
	if !shareSound(listed, asked) || !fits(own, other) {
		return 0
	}
	var w script.Word
	w.Set(asked)
	return alike(&w, own, other, listed, soundLimit*float32(own.runes()))
}

// collide reports whether a key of the listed word has the bucket and the tag of one that
// is looked up.
func (n *neighbours) collide(listed, asked string) bool {
	own := map[[3]uint64]bool{}
	kept := func(k uint64) [3]uint64 {
		word, letters := tags(k, 0, 0)
		return [3]uint64{n.bucket(k), uint64(word), uint64(letters)}
	}
	var w spelt
	w.indexKeys(listed, func(k uint64) { own[kept(k)] = true })
	found := false
	look := func(k uint64) { found = found || own[kept(k)] }
	w.editKeys(asked, mostEdits(aboutOf(asked), wayWhole), func(k uint64, _ int) { look(k) })
	searchSounds(asked, script.Of(asked), look)
	return found
}

// shareSound reports whether a word of a list is among those that sound like another.
func shareSound(listed, asked string) bool {
	keys := map[uint64]bool{}
	indexSounds(listed, script.Of(listed), func(k uint64) { keys[k] = true })
	share := false
	searchSounds(asked, script.Of(asked), func(k uint64) { share = share || keys[k] })
	return share
}

// crowd is the part with all neighbours in two buckets.
func crowd(p *part) *part {
	n := neighbours{shift: 63, ends: make([]uint32, 3)}
	var w spelt
	for bucket := range uint64(2) {
		n.ends[bucket] = uint32(len(n.words))   //nolint:gosec // few
		for id := range uint32(p.words.len()) { //nolint:gosec // few
			w.indexKeys(p.words.text(id), func(key uint64) {
				if n.bucket(key) == bucket {
					word, letters := tags(key, id, p.traits[id].about)
					n.words, n.tags = append(n.words, word), append(n.tags, letters)
				}
			})
		}
	}
	n.ends[2] = uint32(len(n.words)) //nolint:gosec // few
	return &part{segment: &segment{words: p.words, looks: p.looks, near: n, recent: newRecent(p.words.len())}}
}
