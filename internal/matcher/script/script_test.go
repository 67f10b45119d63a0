// SPDX-License-Identifier: Apache-2.0

package script

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		name, word string
		want       Script
	}{
		{"latin", "border", Latin},
		{"letter beyond ASCII", "ŋoma", Latin},
		{"number", "1947", Latin},
		{"nothing", "", Latin},
		{"bytes that are no UTF-8", "\xff\xfe", Latin},
		{"digits before letters", "2й", Cyrillic},
		{"cyrillic", "граница", Cyrillic},
		{"greek", "συνορο", Greek},
		{"arabic", "حدود", Arabic},
		{"persian letter", "پل", Arabic},
		{"hebrew", "גבול", Hebrew},
		{"jamo", "\u1100\u1161", Hangul},
		{"syllables", "국경", Hangul},
		{"hiragana", "さかい", Kana},
		{"katakana", "キヨ", Kana},
		{"han", "边境", Han},
		{"without an alphabet", "ชายแดน", Other},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Of(c.word); got != c.want {
				t.Errorf("Of(%q) = %d, want %d", c.word, got, c.want)
			}
		})
	}
}

// Invented words, each with a way it may be written elsewhere.
var pairs = []struct {
	name, a, b string
	// most is what they may cost, in edits.
	most float32
}{
	{"vowels of Arabic", "bashmut", "bechmoute", 1.3},
	{"u and ou", "zulum", "zouloum", 0.3},
	{"doubled", "tameda", "tammeda", 0.2},
	{"d and t of an article", "ebdelkorim", "ebdulqorim", 0.7},
	{"ks and x", "oleksan", "olexan", 0},
	{"w and v", "wolnik", "volnik", 0.3},
	{"ö of the zone", "goerlen", "gorlen", 0.1},
	{"ü of the zone", "bueler", "buler", 0.1},
	{"å of the zone", "aaskel", "askel", 0.1},
	{"ø of the zone", "soerlen", "sorlen", 0.1},
	{"ß of the zone", "grossler", "grosler", 0.1},
	{"X digraphs of the zone", "xhmd", "hmd", 0},
	{"X digraphs of the zone, twice", "xssxttr", "str", 0},
	{"ñ of the zone", "munxxera", "munera", 0},
	{"swapped", "torvan", "tovran", 0.8},
	{"misprint", "torvan", "tordan", 1},

	{"cyrillic", "щукобор", "shchukobor", 0},
	{"cyrillic shorter", "щукобор", "schukobor", 0.2},
	{"cyrillic of the zone, iu and ia", "юлмяна", "iulmiana", 0.3},
	{"cyrillic of the zone, hard sign", "объемка", "obieemka", 0.5},
	{"cyrillic of the zone, kh and ts", "хворцев", "khvortsev", 0},
	{"bulgarian of the zone, sht", "борщов", "borshtov", 0.2},
	{"ukrainian of the zone, ie", "медвєк", "medviek", 0.2},
	{"serbian", "ђорљан", "djorljan", 0.3},
	{"serbian of the zone", "ђорљан", "dorljan", 0.3},
	{"french", "журдо", "jourdeau", 0.6},
	{"tajik", "ҳамҷон", "hamjon", 0},
	{"kurdish", "ڕۆژیل", "rozhil", 0.5},
	{"uyghur", "تۇرپال", "turpal", 0},
	{"greek", "μπορακης", "borakis", 0.1},
	{"greek, letter by letter", "μπορακης", "mporakes", 0.5},

	{"arabic", "طربوق", "tarbouk", 0.6},
	{"arabic of the zone, ta", "طربوق", "xttrbwq", 0.1},
	{"arabic of the zone, ha", "حصضظ", "xhxssxdzxzz", 0.1},
	{"arabic of the zone, th and dh", "ثذشخ", "xthxdhxshxkh", 0.1},
	{"arabic of the zone, final h", "بطه", "bxttxah", 0.2},
	{"arabic of the zone, hamza", "ابوءل", "xaebwxel", 0.3},
	{"arabic of the zone, yeh and kaf", "پیک", "pxyaxkk", 0.2},
	{"article left out", "الطربوق", "tarbouk", 1},
	{"hebrew", "זלמוכ", "zalmuch", 0.4},
	{"hangul", "\u1107\u1161\u11a8\u1103\u1169\u11af", "bakdol", 0},
	{"hangul, older", "\u1107\u1161\u11a8\u1103\u1169\u11af", "paktol", 0.5},
	{"kana", "タケモリ", "takemori", 0},
	{"hiragana", "たけもり", "takemori", 0},
	{"kana with voicing marks apart", "カ\u3099ハ\u309aシ\u3099", "gapaji", 0},
	{"kana with voicing marks composed", "ガパジ", "gapaji", 0},
	{"kana of another tongue", "ブラヴェルト", "bravelt", 0.6},
	{"small kana", "シャティキョ", "shatikyo", 0},
	{"han", "边境", "bianjing", 0},
	{"han, Wade-Giles", "张庭", "changting", 0.2},

	{"cyrillic and arabic", "тарбук", "طربوق", 0.6},
	{"cyrillic and hebrew", "залмух", "זלמוכ", 0.6},
	{"cyrillic and kana", "такемори", "タケモリ", 0.3},
}

func TestMeet(t *testing.T) {
	for _, c := range pairs {
		t.Run(c.name, func(t *testing.T) {
			var v, w Word
			v.Set(c.a)
			w.Set(c.b)
			there, back := v.Cost(c.b, 100), w.Cost(c.a, 100)
			if there > c.most {
				t.Errorf("%s for %s costs %.2f, want at most %.2f", c.a, c.b, there, c.most)
			}
			if there != back {
				t.Errorf("%s for %s costs %.2f one way and %.2f the other", c.a, c.b, there, back)
			}
			if there <= 0.5 && !meet(c.a, c.b) {
				t.Errorf("%s and %s have no key in common", c.a, c.b)
			}
		})
	}
}

func meet(a, b string) bool {
	keys := Keys(nil, b)
	return slices.ContainsFunc(Keys(nil, a), func(k uint32) bool { return slices.Contains(keys, k) })
}

func TestApart(t *testing.T) {
	for _, c := range []struct {
		name, a, b string
		least      float32
	}{
		{"latin", "torvan", "belmik", 3},
		{"cyrillic", "торван", "belmik", 3},
		{"arabic", "طربوق", "belmik", 2},
		{"digits", "1947", "1948", 1},
		{"native letters", "граница", "громада", 3},
		{"letters beyond a to z", "ŋoma", "oma", 1},
		{"a native letter of no table", "ҧван", "kvan", 2},
		{"native letters of no table", "ҧҧҧ", "smr", 6},
		{"a digit in a native word", "иван2", "ivan3", 2},
		{"a letter of no table and none", "иванҧ", "ivan", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w Word
			w.Set(c.a)
			if got := w.Cost(c.b, 100); got < c.least {
				t.Errorf("%s for %s costs %.2f, want %.2f at least", c.a, c.b, got, c.least)
			}
		})
	}
}

func TestCostUnknown(t *testing.T) {
	var w Word
	w.Set("ชายแดน")
	for _, other := range []string{"chaidaen", "граница"} {
		if got := w.Cost(other, 10); !math.IsInf(float64(got), 1) {
			t.Errorf("Cost(%q) = %v, want +Inf", other, got)
		}
	}
	if got := w.Cost("ชายแดม", 10); got != 1 {
		t.Errorf("one letter of the same script costs %v, want 1", got)
	}
}

func TestUsual(t *testing.T) {
	for _, c := range []struct{ name, word, want string }{
		{"latin", "torvan", "torvan"},
		{"cyrillic", "щукобор", "shchukobor"},
		{"greek", "μπορακης", "borakis"},
		{"arabic", "طربوق", "trbwq"},
		{"hangul", "\u1107\u1161\u11a8\u1103\u1169\u11af", "bakdol"},
		{"kana", "シャティキョ", "shatikyo"},
		{"han", "边境", "bianjing"},
		{"han with ü", "女绿", "nulu"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := Usual(c.word); got != c.want || !ok {
				t.Errorf("Usual(%q) = %q, %v, want %q", c.word, got, ok, c.want)
			}
		})
	}
	if _, ok := Usual("ชายแดน"); ok {
		t.Error("a script without an alphabet has a usual spelling")
	}
}

func TestKeysAreFew(t *testing.T) {
	words := make([]string, 0, len(pairs)*2)
	for _, p := range pairs {
		words = append(words, p.a, p.b)
	}
	words = append(words, strings.Repeat("chwjx", 20), strings.Repeat("ххвж", 20), strings.Repeat("وحخ", 20))
	for _, w := range words {
		into := []uint32{1, 2}
		keys := Keys(into, w)
		if n := len(keys) - 2; n < 1 || n > 8 {
			t.Errorf("%s has %d keys", w, n)
		}
		own := slices.Sorted(slices.Values(keys[2:]))
		if len(slices.Compact(own)) != len(keys)-2 {
			t.Errorf("%s has a key twice", w)
		}
	}
	if got := Keys(nil, "1947"); len(got) != 0 {
		t.Errorf("a number has keys: %v", got)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	words := []string{"torvanek", strings.Repeat("shchukobor", 5), strings.Repeat("щукобор", 6), strings.Repeat("الطربوق", 5), "タケモリ", "边境", "\u1107\u1161\u11a8"}
	var w Word
	var keys [8]uint32
	if n := testing.AllocsPerRun(10, func() {
		for _, a := range words {
			w.Set(a)
			Keys(keys[:0], a)
			for _, b := range words {
				w.Cost(b, 100)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// reference is edits without any of its short cuts.
func reference(a, b string) int32 {
	var v, w latinRoom
	x, y := v.read(a).units, w.read(b).units
	m := make([][]int32, len(x)+1)
	for i := range m {
		m[i] = make([]int32, len(y)+1)
		for j := range m[i] {
			if i == 0 && j == 0 {
				continue
			}
			c := int32(far)
			if i > 0 {
				c = min(c, m[i-1][j]+int32(latinCosts.missing[x[i-1]]))
			}
			if j > 0 {
				c = min(c, m[i][j-1]+int32(latinCosts.missing[y[j-1]]))
			}
			if i > 0 && j > 0 {
				c = min(c, m[i-1][j-1]+int32(latinCosts.instead[x[i-1]][y[j-1]]))
			}
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				c = min(c, m[i-2][j-2]+costSwapped)
			}
			m[i][j] = c
		}
	}
	return m[len(x)][len(y)]
}

// random is an invented word of letters, often a misprint of before.
func random(r *rand.Rand, letters []rune, before string) string {
	if w := []rune(before); r.IntN(2) == 0 && len(w) > 1 {
		i := r.IntN(len(w) - 1)
		switch r.IntN(4) {
		case 0:
			w[i] = letters[r.IntN(len(letters))]
		case 1:
			w = slices.Delete(w, i, i+1)
		case 2:
			w = slices.Insert(w, i, letters[r.IntN(len(letters))])
		case 3:
			w[i], w[i+1] = w[i+1], w[i]
		}
		return string(w)
	}
	w := make([]rune, 1+r.IntN(9))
	for i := range w {
		w[i] = letters[r.IntN(len(letters))]
	}
	return string(w)
}

func TestBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	alphabets := [][]rune{[]rune("aehoubtkschmnrxz"), []rune("abcdefghijklmnopqrstuvwxyz0ŋ"), []rune("автхцжияль"), []rune("ابتحخويلس"), []rune("カケシトルンッー")}
	for range 100_000 {
		i, j := r.IntN(len(alphabets)), 0
		if i > 1 {
			j = r.IntN(i)
		}
		a := random(r, alphabets[i], "")
		b := random(r, alphabets[i], a)
		if r.IntN(2) == 0 {
			b = random(r, alphabets[j], "")
		}
		var v, w Word
		v.Set(a)
		w.Set(b)
		whole := v.Cost(b, 1000)
		if back := w.Cost(a, 1000); back != whole {
			t.Fatalf("%s for %s costs %v one way and %v the other", a, b, whole, back)
		}
		if Of(a) == Latin && Of(b) == Latin {
			if want := cost(reference(a, b)); want != whole {
				t.Fatalf("%s for %s costs %v, want %v", a, b, whole, want)
			}
		}
		for _, limit := range []float32{0, 0.3, 1, 2.5, 4} {
			got := v.Cost(b, limit)
			if whole <= limit && got != whole || whole > limit && got <= limit {
				t.Fatalf("%s for %s costs %v within %v, want %v", a, b, got, limit, whole)
			}
		}
	}
}

func TestTablesFit(t *testing.T) {
	named := 0
	for _, id := range latinCosts.trie.id {
		named = max(named, int(id))
	}
	if named >= units-32 {
		t.Errorf("%d units leave no room for letters outside a to z", named)
	}
	if most := slices.Max(book.spellings.id); most >= maxSpellings {
		t.Errorf("%d spellings are too many", most)
	}
	for _, table := range tables {
		for line := range strings.Lines(table) {
			for i, f := range strings.Fields(line) {
				if i > 1 && len(f) > longestSpelling {
					t.Errorf("%s is too long a spelling", f)
				}
			}
		}
	}
}

func FuzzCost(f *testing.F) {
	for _, p := range pairs {
		f.Add(p.a, p.b)
	}
	f.Add("\xff\xe0", "ー\u3099ャ")
	f.Fuzz(func(t *testing.T, a, b string) {
		if n := len(Keys(nil, a)); n > 8 {
			t.Errorf("%q has %d keys", a, n)
		}
		Usual(a)
		var v, w Word
		v.Set(a)
		w.Set(b)
		if c := v.Cost(a, 3); c != 0 {
			t.Errorf("%q costs %v for itself", a, c)
		}
		there, back := v.Cost(b, 1000), w.Cost(a, 1000)
		if there != back || there < 0 {
			t.Errorf("%q for %q costs %v one way and %v the other", a, b, there, back)
		}
		if bounded := v.Cost(b, 1); there <= 1 && bounded != there || there > 1 && bounded <= 1 {
			t.Errorf("%q for %q costs %v within 1, want %v", a, b, bounded, there)
		}
		letters := uint32(0)
		for _, r := range b {
			letters |= 1 << (uint32(r) & 31)
		}
		if Of(b) == Latin && there <= 1 && v.ExcludesLatin(letters, 1) {
			t.Errorf("%q for %q costs %v, and its letters exclude it", a, b, there)
		}
	})
}

func BenchmarkKeys(b *testing.B) {
	for _, c := range []struct{ name, word string }{
		{"latin", "torvanek"}, {"latin/ambiguous", "wojchegic"}, {"cyrillic", "жорховичев"}, {"arabic", "الطربوقي"},
		{"hebrew", "זלמוכובסקי"}, {"hangul", "\u1107\u1161\u11a8\u1103\u1169\u11af\u1105\u1175\u11bc"}, {"kana", "ブラヴェルト"}, {"han", "边境"},
		{"repeated", strings.Repeat("хг", 24)},
	} {
		b.Run(c.name, func(b *testing.B) {
			var keys [8]uint32
			Keys(keys[:0], c.word)
			b.ReportAllocs()
			for b.Loop() {
				Keys(keys[:0], c.word)
			}
		})
	}
}

func BenchmarkCost(b *testing.B) {
	for _, c := range []struct{ name, a, b string }{
		{"latin/spelling", "torfanek", "torwaneq"}, {"latin/alike", "bashmout", "bechmut"}, {"latin/same letters", "torvane", "navetro"},
		{"latin/other letters", "torvane", "glimpsy"}, {"latin/ruled out", "torvane", "kushiks"}, {"latin/longer", "tor", "glimpsybumf"},
		{"latin-cyrillic", "torvanek", "торванек"}, {"cyrillic-latin", "торванек", "torvanek"}, {"latin-arabic", "tarbouk", "طربوق"},
		{"arabic-latin", "طربوق", "tarbouk"}, {"latin-hebrew", "zalmuch", "זלמוכ"}, {"latin-hangul", "bakdol", "\u1107\u1161\u11a8\u1103\u1169\u11af"},
		{"latin-kana", "bravelt", "ブラヴェルト"}, {"latin-han", "bianjing", "边境"}, {"latin-cyrillic/apart", "glimpsy", "торванек"},
		{"cyrillic-arabic", "тарбук", "طربوق"}, {"cyrillic-cyrillic", "торванек", "турванов"},
	} {
		b.Run(c.name, func(b *testing.B) {
			var w Word
			w.Set(c.a)
			w.Cost(c.b, 2.5)
			b.ReportAllocs()
			for b.Loop() {
				w.Cost(c.b, 2.5)
			}
		})
	}
}

func BenchmarkSet(b *testing.B) {
	var w Word
	b.ReportAllocs()
	for b.Loop() {
		w.Set("torvanek")
	}
}
