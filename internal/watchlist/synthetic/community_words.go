// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"math/rand/v2"
	"strings"
)

// communityOf draws the community of a person.
func communityOf(rng *rand.Rand) *community {
	at := rng.IntN(1000)
	for i := range communities {
		if at -= communities[i].share; at < 0 {
			return &communities[i]
		}
	}
	return &communities[0]
}

// Letters of communities: what stands in the words below, in their own script. The
// scripts' conventions are kept as far as an engine could depend on them: Arabic
// letters leave short vowels out.
var (
	cyrillic = strings.NewReplacer("shch", "щ", "kh", "х", "zh", "ж", "ts", "ц", "ch", "ч", "sh", "ш", "yu", "ю", "ya", "я", "yo", "ё",
		"a", "а", "b", "б", "v", "в", "g", "г", "d", "д", "e", "е", "z", "з", "i", "и", "j", "й", "k", "к", "l", "л", "m", "м", "n", "н",
		"o", "о", "p", "п", "r", "р", "s", "с", "t", "т", "u", "у", "f", "ф", "h", "х", "y", "й", "w", "в", "x", "кс", "c", "к", "q", "к", "'", "ь").Replace
	arabicLong = strings.NewReplacer("kh", "خ", "gh", "غ", "sh", "ش", "th", "ث", "dh", "ذ", "aa", "ا", "ee", "ي", "oo", "و", "ou", "و",
		"b", "ب", "t", "ت", "j", "ج", "h", "ح", "d", "د", "r", "ر", "z", "ز", "s", "س", "q", "ق", "f", "ف", "k", "ك", "l", "ل", "m", "م",
		"n", "ن", "w", "و", "y", "ي", "p", "ب", "v", "ف", "g", "ج", "c", "ك", "x", "كس", "a", "", "e", "", "i", "", "o", "", "u", "").Replace
)

// single writes a doubled consonant once, as Arabic letters do.
var single = strings.NewReplacer("bb", "b", "dd", "d", "mm", "m", "ss", "s", "ll", "l", "nn", "n", "rr", "r", "tt", "t", "ff", "f").Replace

// known are words whose Arabic letters no rule gives.
var known = map[string]string{
	"al": "ال", "ali": "علي", "abd": "عبد", "abdul": "عبد", "abu": "أبو", "ibn": "ابن", "omar": "عمر", "abdullah": "عبدالله", "hussein": "حسين",
	"ibrahim": "إبراهيم", "youssef": "يوسف", "said": "سعيد", "mustafa": "مصطفى", "fatima": "فاطمة", "tariq": "طارق", "khan": "خان", "reza": "رضا", "hassan": "حسن",
}

func arabic(latin string) string {
	if w, ok := known[latin]; ok {
		return w
	}
	out, last := arabicLong(single(latin)), latin[len(latin)-1]
	if strings.ContainsRune("aeiou", rune(latin[0])) {
		out = "ا" + out
	}
	switch last {
	case 'a':
		out += "ه"
	case 'i':
		out += "ي"
	case 'o', 'u':
		out += "و"
	}
	return out
}

// syllablesOf reads beginnings, middles and ends.
func syllablesOf(begin, middle, end string) syllables {
	return syllables{words(begin), words(middle), words(end)}
}

// pairsOf reads "latin native" pairs: 王wang is "wang王".
func pairsOf(s string) []part {
	var out []part
	for _, w := range words(s) {
		latin := strings.TrimRightFunc(w, func(r rune) bool { return r > 0x2000 })
		out = append(out, part{latin: latin, native: w[len(latin):]})
	}
	return out
}

var (
	semitic = syllablesOf("ab kar has mun fa ra sal ja tar na qa za hu kha ba da ma sha ya ta ga wa mur su far zu bas dar hal khat man nas raf sab tam yas zak ghar mal shar",
		"ha di ri ma sa li na wa ra mi ka ta bi za da ya fi qa si ki", "d m n l r s b f h ni wi ri oun aan eed een oor an adi awi ani ati iyah ami alah oub aq ash")
	iranian = syllablesOf("za far bah dar gul ja ka mir na pa ros sha tor wa yar zar ba kho da sar moh ram jam shir nur khal aw mal bar ham",
		"ra ma di sha na wa li ro za ga ba ki do mi sa", "din ullah zai khel yar mand pour zadeh far jan dad bakhsh wal nia i an abad shahr war khan dost")
	slavic = syllablesOf("bor vol gor dol zhu kra lu mi no pe ro se ta fe cha shu kov mar kol vas pan sav gri stre tim ber gal dan zav kuz pol sud tik khol bel gol dem lap niko",
		"na ri lo ve ko mi ta sha ra di bo ga che vi zha lu se du ro pa", "ov ev in enko skiy uk ich ova eva ina kov nik kin chuk lov rov tsev yan adze yev off")
	iberian = syllablesOf("al bar car del es fer gar her is jua lo mar na or pe qui ra san te va ze cas men go du bel cor mon pas rom sal tor vil",
		"ra me ri do ña li to ga va ce mi no si ta be que", "ez es as os a o al in ina illo eda ero ado ales ano osa ete eira inho ais")
	western = syllablesOf("ash bar cald dun ed fen gil hart ing jar kel lang mor nor os pem quin ros stan thorn under van wal york zell bro cra fro gran hol krau lin mul neu rein schu",
		"er ing en le or ber ston wick man del ham ric wald ter lin", "ton ley ford field man berg son sen er wood ham worth stein mann dorf sson ing well by dal ier eau")
	african = syllablesOf("a ba chi da e fo ga ha i ja ka la ma na o pe sa ta u wa ya zu mba nda nko kwa mwa tsho bo di se",
		"ba ki lo mu na ra so te wa yo ngu mbe ndi ko li", "la mba ko ndo wa ye ngi ro su to zi du ola kwe shi ba ka")
	southern = syllablesOf("a bha cha da ga ha ja ka la ma na pra ra sa su ti va vi kri sha ni mo de an thu ngu pha tra min",
		"ni ra ma sh ru ka ve la ya di na vi ta go", "raj esh an ya kar war wal dev nath deep jit a i am ul ini ika hya inder thi")
	hanFamily = pairsOf(`wang王 li李 zhang张 liu刘 chen陈 yang杨 huang黄 zhao赵 wu吴 zhou周 xu徐 sun孙 ma马 zhu朱 hu胡 guo郭 he何 lin林 gao高 luo罗 zheng郑 liang梁 xie谢
		song宋 tang唐 xu许 han韩 deng邓 feng冯 cao曹 peng彭 zeng曾 xiao肖 tian田 dong董 pan潘 yuan袁 cai蔡 jiang蒋 yu余 yu于 du杜 ye叶 cheng程 wei魏 su苏 lv吕 ding丁 ren任 lu卢
		yao姚 shen沈 zhong钟 jiang姜 cui崔 tan谭 lu陆 fan范 wang汪 liao廖 shi石 jin金 wei韦 jia贾 xia夏 fu付 fang方 zou邹 xiong熊 bai白 meng孟 qin秦 qiu邱 hou侯 jiang江 yin尹`)
	hanGiven = pairsOf(`wei伟 min敏 jing静 li丽 qiang强 lei磊 jun军 yang洋 yong勇 yan艳 jie杰 juan娟 tao涛 chao超 ming明 xia霞 ping平 gang刚 gui桂 jian建 guo国 hua华 wen文 yu玉 hong红
		zhi志 chun春 hai海 xiao晓 xiao小 xin新 lin林 yong永 de德 jin金 fang芳 na娜 xiu秀 ying英 lan兰 xing兴 sheng胜 rong荣 zhong忠 yi义 li力 liang亮 jia家 bao宝 cheng成 da大
		dong东 fei飞 feng峰 fu福 guang光 hao浩 hui辉 ji吉 kai凯 kang康 le乐 long龙 mei梅 ning宁 peng鹏 qi琪 qing青 rui瑞 shan山 shu淑 si思 song松 tian天 ting婷 wu武 xiang祥
		xue雪 ya亚 yuan元 yue月 yun云 ze泽 zhen珍 zheng正 zi子 bo波 bin斌 chang昌 gen根 he和 jing晶 ke克 lian莲 mao茂 qin琴 shi世 shun顺 xian贤 yan燕 ye业 zhu珠 zu祖 zong宗`)
	hangulFamily = pairsOf(`kim김 lee이 park박 choi최 jung정 kang강 cho조 yoon윤 jang장 lim임 han한 oh오 seo서 shin신 kwon권 hwang황 ahn안 song송 jeon전 hong홍 yoo유 ko고 moon문
		yang양 son손 bae배 baek백 heo허 nam남 sim심 noh노 ha하 kwak곽 sung성 cha차 joo주 woo우 koo구 min민 ryu류 na나 jin진 ji지 um엄 chae채 won원 chun천 bang방 kong공`)
	hangulGiven = pairsOf(`young영 soo수 jung정 min민 ji지 sun선 kyung경 hyun현 hee희 sung성 jae재 eun은 mi미 ho호 jin진 sang상 woo우 jun준 sook숙 yeon연 hye혜 ja자 dong동 tae태 hoon훈
		won원 ki기 yong용 seung승 in인 ok옥 cheol철 kwang광 soon순 nam남 kyu규 seok석 ah아 joo주 yoon윤 ha하 bin빈 hyuk혁 hwan환 chan찬 bok복 keun근 gil길 dae대 do도 myung명 bum범
		byung병 chang창 doo두 hak학 han한 il일 je제 kang강 kuk국 man만 moon문 pil필 rim림 sik식 sub섭 sun순 up업 wook욱 ye예 yoo유 rae래 ra라 seo서 si시 yul율 na나`)
)
