// SPDX-License-Identifier: Apache-2.0

package script

// tables say how the letters of each script are written in Latin letters. A row is a
// letter, or some that stand for one sound ("^": at the beginning of a word alone); what
// it may be in a skeleton, see slotOf; its usual spelling, and those by ICAO 9303 that
// no other letter has; after ":" other common ones, and after "|" those that are rarer. "-" is no spelling at all.
//
// The sources are ICAO 9303-3 section 6 (B Cyrillic, C Arabic; in the normal form, in
// which й is и and ة is ه, a letter has the spellings of all that become it), ISO 9,
// ISO 233 and 259, BGN/PCGN, ALA-LC, UNGEGN, the Revised Romanization and
// McCune-Reischauer, Hepburn, Hanyu Pinyin and Wade-Giles, and how the press of the
// countries writes names of others.
var tables = [scripts]string{
	Cyrillic: cyrillic, Greek: greek, Arabic: arabic, Hebrew: hebrew, Hangul: hangul, Kana: kana, Han: han,
}

const cyrillic = `
а V a | e o u oh aw ya ie
б P b | p v
в P v : w f | u b ff wh
г K/V g : h gh | j v
ґ K g
ғ K gh : g
д T d | t dh
е V e : ye je ie io yo | a i ai ei ea ee y eu oe ue ae o
є V ie : ye e je | ya
ж S/R zh : j z g dj | s sh x y
з S z : s | x dh
и V i : y e j ii ie | ee ea ei ai ui u yi hi
і V i : y | e yi
ї V i : yi ji
й V y : i j
ё V e : yo io jo o
ў V u : w v
ј V j : y i
к K k : c q ck kj | ch g
ќ K kj : k c
қ K q : k
л L l | lj lh w
љ L lj : ly l
м M m | n
н N n | gn ny nh ng m
њ N nj : ny n gn
ң N ng : n
о V o | a u oh oa aw au eau ow ou e ue
ө V o : oe u
п P p | pp b ph
р R r | rh
с S s : c | z sh th x ts
т T t : th | d tt
ћ S c : ch
ђ T/S d : dj
ѓ K gj : g dj
у V u : ou oo w | o y ew ue v au
ү V u : ue
ұ V u
ф P/T f : ph v | th ff gh
х K/V kh : h ch x | k j g
^х V/K kh : h ch x | k j g
һ V h : c
ҳ K/V h : kh | x
ҷ S/T j : ch dj
җ S/T j : zh dj
ҡ K q : k
ҙ T/S z : dh d
ҫ S/T s : th
ц S ts : c z tz | cz zz s t j
ч S ch : c tch | cz tsch cs tj q j tsh t zh
џ S dz : dj j
ш S sh : s sch ch | sz sj x sc c
щ S/ST shch : sch sht sh schtsch | sc st
ъ - - : ie y a u
ы V y : i | ui e
ь - - | i y j
э V e : a ae | ai i ea he ie
ю V yu : iu ju u ue | y eu ew ui ieu
я V ya : ia ja a | ea ae e
ә V e : a
ѕ S dz : z
ѣ V e : ie
ѫ V u
ии V y : i iy ii ij yi ie | ey
ыи V y : yi yy iy i
дж S/T j : dzh dj g c | ch zh dg
кс KS x : ks cks cs | xx ct
дз S dz : z j ds zz ts
дзи S ji : dzi zi
цз S j : zh z ts
чж S/R zh : j ch
си S si : shi ci xi cy sy see
ся S sya : sha sia xia xya
сю S syu : shu xiu xu
се S se : sho ce she
ти T/S ti : chi ty | tea
тя T/S tya : cha tia tja
тю T/S tyu : chu tiu tu
те T/S te : cho tyo the
цу S tsu : zu tzu
чи S chi : ci ti
ть T t : ty ti th
ди T di : ji dy
дь T d : gy di dj
нь N n : ny ni gn nh nj ng
нг NK/N ng | n
ль L l : li ly ll lj | le gl
ей V ey : ei ay
еи V ey : ei ay ai ej ee i y e | eigh a aj
аи V ai : ay i ei y aj | ey igh ie
ои V oi : oy oj
уи V wi : ui uy oui ouy | vi
ау V au : ow aw ou | ough
оу V o : ow ou oa | ough
уэ V we : ue wae | whe
уа V wa : ua oi oua ois
уо V wo : ua wa uo
уол V wal
ио V io : yo jo eo | iaw
иа V ia : ya ja ea
ие V ie : ye je ier ee
ье V ie : ye je ier e iay
ьо V io : yo o illo
ья V ia : ya ja lla illa a
аль VL al : l ale
ав VP/V av : au aw aff
ев VP/V ev : eu ew eff ow
кв K/KP kv : qu kw cu cw
гв KP/K gu : gw gv
эи V ay : ai ei a ey | e
еу V eu : eou ew
`

const greek = `
α V a
β P v : b
γ K/V g : y gh | j
δ T d : dh | th
ε V e
ζ S z | s
η V i : e | ee
θ T th : t
ι V i : y | e
κ K k : c | ck
λ L l
μ M m
ν N n
ξ KS x : ks
ο V o
π P p
ρ R r : rh
σ S s | z
ς S s
τ T t
υ V y : i u | v f
φ P f : ph
χ K/V ch : h kh x
ψ PS ps
ω V o
μπ P/MP b : mp mb
ντ T/NT d : nt nd
γκ K/NK g : gk ng
γγ NK ng : g
γχ NK nch : nh
ου V ou : u
αυ V/P av : af au
ευ V/P ev : ef eu
ει V i : ei
οι V i : oi
αι V e : ai
υι V yi : i ui
τσ S ts : ch c
τζ S tz : j dz
γι V y : gi j
`

const arabic = `
ا V a xaa xae : e i o u - aa ah | ae ea ai he ha
ب P b : p | v
ت T t : th | d
ث T/S th xth : t s
ج S/K/T j : g dj gh dsch | y c zh ch dg
ح V h xh | ch kh
خ K/V kh xkh : h ch k | x q
د T d | dh t th
ذ T/S dh xdh : d z th
ر R r | rh
ز S z : s | ts
س S s : c | z sch x sz
ش S sh xsh : ch sch s | sz x sj ti
ص S s xss : ss c | z
ض T/S d xdz : dh z dz | th
ط T t xtt : th tt | d
ظ S/T z xzz : dh zh th d
ع V a : - e i o u aa | h
غ K/V gh : g | h r
ف P f : v ph | w b
ق K q : k g c gh | ck
ك K k xkk : c q ck g | ch x gh
ل L l | ll
م M m | n
ن N n | gn m
ه V h xah xta : a e - eh ah at | t
و V/P w u : o ou oo v ow ue | au uo y eu
ي V y i xay xi xya : e ee j ia ei ai | ie ay ey ea ye ya oi u igh
ى V a xay : y i
ة V a xah xta : ah e h eh at t -
ء - - xe : a
آ V a xaa : aa
أ V a xae : e o u
ؤ V u : o w
إ V i : e
ئ V i xi : e y
ٱ V a xxa
پ P p | b
چ S ch xc : c | tch
ژ S zh xj : j z g
گ K g xgg | k gh
ک K k xkk : c q
ی V y xya : i e ee
ڤ P v | f
ڭ NK ng xng : g
ٹ T t xxt
ڈ T d
ڑ R r xxr : d
ں N n xnn
ھ V h xdo : -
ہ V h xxg : a -
ے V e xyb : ay y i ai
ټ T t xrt
ځ S dz xke : z
څ S ts xxh : s
ډ T d xdr
ړ R r xrr
ږ K/S g xrx : zh
ښ S/K sh xxs : kh
ګ K g xxk
ڼ N n xxn
ۀ V a xyh : e
ې V e : y
ۍ V ai xxy : y
ە V e : a
ێ V e : y
ۆ V o : u
ۇ V u : o ou
ۈ V u : ue
ۋ V/P v : w
ڕ R r : rr
ڵ L l : ll
^ال VL/-/V al : el ul l | - il an en as es at et ad ed ar er az ez ach ech ash esh
^ا V/- a xaa xae : e i o u | h ha he - ea ae au ai y ya
كس KS x : ks cks cs
تش S ch : tch c cz tsh | j
تس S ts : z c tz s
دج S j : dj dg
دز S dz : z
ني N ni : ny gn n
ايا V aya : a
وو V/P w : wo ou wu oo
يو V u : yu io iu eu ew yo you
او V o : ou au aw ow u
اي V ai : ay i ei ey y
يي V y : i ie lli lle yi
كو K qu : co cu ku ko
`

const hebrew = `
א V a : e i o u - | ae ea he
ב P b : v | w p bh
ג K/S g : j | gh gg c h
ד T d | dh t
ה V h : a e - | ah eh
ו V/P o : u v w ou oo | ow au oa eu - ue y
ז S z : s j zh | g x
ח V/K h : ch kh x | k j
ט T t | th tt d
י V i : y e j | ee ei ai ie ay ey ea u - oi
כ K k : ch c kh | q h x ck
ך K k : ch kh c
ל L l | ll
מ M m
ם M m
נ N n | gn
ן N n
ס S s : c | z ss sc
ע V a : e i o u -
פ P p : f ph | pp ff v
ף P f : ph p
צ S ts : tz z c ch zz | s cz
ץ S ts : tz z ch c
ק K k : c q ck | g
ר R r
ש S s : sh sch ch | sz c j st
ת T/S t : th | s tt d
וו P/V v : w | u
ײ V i : y ei
װ P v : w
יי V y : i ei ay ai ey ie lli j | ll lle
או V o : u ou au ow aw
אי V i : ai ei ay y e
אה V a : ah

קס KS x : ks cks cs
טש S ch : tch c tsh
דז S j : dz z
דג S j : dj dg
קו K qu : co cu ko ku
וא V/P oi : wa ua oua ois
יה V ia : ya ie ier iya ye
^הו V ho : hu who
^ו P/V v : w | u
^יו V yu : yo jo ju eu io u
`

const hangul = `
ᄀ K g : k c | q ch gu gh
ᄁ K kk : gg k g c
ᄂ N n | l nn
ᄃ T d : t | th
ᄄ T tt : dd t d
ᄅ L r : l | n rr ll rh
ᄆ M m
ᄇ P b : p v w | f
ᄈ P pp : bb p b
ᄉ S s : sh c th | x z sch
ᄊ S ss : s ts | ch
ᄋ - -
^ᄋ V/L - | l r y ll h j w
^ᄂ N/L n | l r
ᄌ S j : ch z g zh | dj s tz ts d ge
ᄍ S jj : tz j z ts ch
ᄎ S/T ch : c ts z | tch tz cz t tsch q
ᄏ K k : c q ck ch | kh x cc
ᄐ T t : th tt
ᄑ P p : f ph | v pp
ᄒ V/K h : ch kh wh | j x f gh g
ᅡ V a : ah e | u o i ar ur er
ᅢ V ae : ai e a
ᅣ V ya : ia ja
ᅤ V yae
ᅥ V eo : u o e er | uh a ur or ou i ir ear
ᅦ V e : ei ae ay a ai | ea er ie
ᅧ V yeo : you yu yo iu | ye io ju ue
ᅨ V ye : ie e je
ᅩ V o : oh au ow oa or | aw ou eau u a
ᅪ V wa : oa ua oi hua | va wo ois
ᅫ V wae
ᅬ V oe : oi eu o we
ᅭ V yo : io jo eo
ᅮ V u : oo ou w o wu | oe eu ew
ᅯ V wo : weo wa ue | war wor
ᅰ V we : ue wei
ᅱ V wi : ui wee ue u hui | y whi
ᅲ V yu : iu ju u ew yoo ue | eu you
ᅳ V eu : u - e | i o a
ᅴ V ui : ee eui i y | ie
ᅵ V i : ee y e ie ea | ey ei yi ir
ᆨ K k : g c ck | q ch gh
ᆩ K k : g
ᆫ N n | ne nn en m
ᆮ T t : d
ᆯ L/- l : r | ll rl le rr
ᆷ M/N m | n me mb
ᆸ P/- p : b f | v
ᆺ T/S t : s d th | tt ts te
ᆻ S/T ss : t s
ᆼ NK/N ng : n | nc nk gn
ᆽ T/S t : j
ᆾ T/S t : ch
ᆿ K k
ᇀ T t : th
ᇁ P p : f
ᇂ - - : h t
르 L/- r : l | re le ru er
를 L l : r rl
ᆯᄅ L l : ll r | rl
스 S s : ce th sth ss se | z x
즈 S z : s se ge zh
츠 S ts : tz z t zz
치 S/T chi : ti ci ch c ic tch tsch ty
지 S/T ji : zi di gi zhi ge g
드 T d : de t
트 T t : te tt th
크 K k : c ck ke ch x que
프 P p : f pe ff ph v
브 P b : v be ve w
그 K g : gh gue
리 L ri : li ry ly ree ley lee
쓰 S tsu : ssu su
쯔 S tsu : tz
시 S si : shi ci xi sy thi see
슈 S sh : shu schu su
셰 S she : cher
쿼 K qua : quo
퀴 K qui : cui kui
`

// kana has the parts of syllables, by the names that kanaSyllables gives them.
const kana = `
k K k : c q ck | ch kh cc x
g K g : gh | gu
s S s : c th | z ss x
sh S sh : s c ch | sch sj x th sci
z S z : s | ts dh th x
j S j : g z zh | d dg dj ge
t T t : th | tt
ch S/T ch : c t | tch cz tsch q tj ty
ts S ts : z tz t | c zz
d T d : dh
n N n | gn nn
h V/K h : ch j kh | x wh g
f P/V/K f : h ph | v wh ff hw
b P b : v | w bh
p P p | pp
m M m | mm
y V y : j i | e
r L r : l | ll rr rh
R L/- r : l | ll rr le rl re
w V/P w : v u | wh hu
v P v : w | b
n' N n : m | nn ng mb gn
a V a : ah | u e er ar ur i o
i V i : ee y e - | ea ie ey ei
u V u : - ou oo w | o eu e ue ew y
e V e : a ae ai | ea ei ay he er i
o V o : oh - au ow | a oa aw or u ou eau
yu V yu : u iu ju | ew y ue eu
yo V yo : o io jo
ya V ya : a ia ja
x - - | k p t s
l - - : r h | u o e a er ar
`

// han has the initials and finals of Hanyu Pinyin, ü being v.
const han = `
b P b : p | v
p P p | b ph
m M m
f P f : ph v | h
d T d : t | th
t T t : th | d
n N n | l r
l L l : r | ll rr
g K g : k | gh
k K k : c q | ch g kh ck
h V/K h : ch kh | j f x g wh
j S/K j : ch g ts | k gi z c d
q S/K q : ch c ts | k j ki
x S/V x : sh s hs | c h z
zh S zh : j ch z | g
ch S ch : c | tch cz q zh
sh S sh : s | sch th
r L/S r : j | l rh zh
z S z : ts s | c tz th
c S c : ts tz | s z
s S s : th | z c ss x
y V y : i j | e - u
w V/P w : v u | hu o -
a V a : ah | e o u er ar
o V o | a u or au
e V e : o - er eh | a u i he
i V i : y e ee - ih | ea ie
u V u : oo o - w wu | ou
v V u : yu v ue | y iu
ai V ai : ay i ei | e y a
ei V ei : ay e ai a | ey i ea
ao V ao : au aw ow o | or
ou V ou : ow o u
an VN an : en on un am | ain
en VN/V en : un an in on em | ern ain
ang VNK/VN ang : an on | ung am
eng VNK/VN eng : en ung un an
ong VNK/VN ong : ung on un
er L/- er : l r el le | re ll rl - ar or al
ia V ia : ya ja ea a
ie V ie : ye ieh e je ay
iao V iao : yao eau io eo iew
iu V iu : iew ew yu u eo ieu
ian VN ian : ien yan en an ean
in VN in : ean yn ine im een
iang VNK/VN iang : yang ian
ing VNK/VN ing : in yng een
iong VNK/VN iong : yong jung
ua V ua : wa hua oi
uo V uo : o wo or ou
uai V uai : wai why
ui V ui : wei uei we ue
uan VN uan : wan uen oan on
un VN un : wen uen on oon
uang VNK/VN uang : wang uan wan
ve V ue : yue ueh ye
van VN uan : yuan uen yen
vn VN un : yun
`
