// SPDX-License-Identifier: Apache-2.0

package synthetic

// communities are in the shares in which large lists have them. Heads are of 1000 given
// or family names, most common spelling first.
var communities = []community{
	{
		share: 270, lands: words("IQ SY EG SA LY YE LB DZ TN SD MA JO AE"), native: true, letters: arabic,
		given: stockOf(`131 mohammed/muhammad/mohamed/mohamad/muhammed/mohammad, 65 ahmed/ahmad, 60 ali/aly, 38 hassan/hasan, 35 mahmoud/mahmood/mahmud, 32 ibrahim/ebrahim,
			31 khaled/khalid, 30 hussein/hussain/husayn/hossein, 28 omar/umar/omer, 28 abdullah/abdallah/abdulla, 22 youssef/yusuf/yousef/yosef, 20 saleh/salih, 19 said/saeed/sayed,
			18 abdul/abdel, 16 mustafa/mostafa, 15 fatima/fatma/fatimah, 14 hamid/hameed, 12 nasser/nasir/naser, 11 maryam/mariam, 11 walid/waleed, 10 rashid/rasheed, 10 tariq/tarek`, semitic, 45_000),
		family:   stockOf(`15 hassan/hasan, 15 ali, 14 ahmed/ahmad, 12 mohammed/mohamed, 11 ibrahim, 10 hussein/hussain, 9 masri/masry, 8 shammari/shamari, 8 jabouri/jubouri/juburi, 6 tikriti, 6 baghdadi, 5 najjar, 5 haddad`, semitic, 80_000),
		patterns: choices("26 G+G+F, 21 G+al-F, 18 G+G+al-F, 5 G+F, 7 G+bin+G+al-F, 10 G+G+G+F, 5 abd+al-G+F, 4 abd+al-G+al-F, 3 abu+G+al-F, 2 G+ibn+G+F"),
	},
	{
		share: 110, lands: words("AF IR PK TJ"), native: true, letters: arabic,
		given: stockOf(`106 mohammad/muhammad/mohammed, 38 abdul/abdol, 35 ali, 25 ghulam/gholam, 22 hussain/hossein, 20 reza/riza, 19 ahmad/ahmed, 18 gul/gol, 15 haji/hajji,
			15 noor/nur, 12 mehdi/mahdi, 11 zahra/zehra, 11 amir/ameer, 10 sayed/sayyid`, iranian, 30_000),
		family:   stockOf("75 khan, 25 ahmadi/ahmady, 20 hosseini/husseini/hussaini, 18 mohammadi, 15 shah, 12 rahimi, 12 karimi, 10 malik, 10 rezaei/rezai", iranian, 60_000),
		patterns: choices("32 G+F, 43 G+G+F, 10 G+G, 8 G+F+F, 7 G"),
	},
	{
		share: 180, lands: words("RU UA BY KZ RS BG MD GE KG UZ"), native: true, letters: cyrillic,
		given: stockOf(`75 aleksandr/alexander/oleksandr/aliaksandr, 60 sergey/sergei/serhiy, 50 vladimir/volodymyr, 42 andrey/andrei/andriy, 38 aleksey/alexei/oleksiy, 35 dmitriy/dmitry/dmytro,
			32 nikolay/nikolai/mykola, 30 yuriy/yuri/yury, 28 igor/ihor, 25 elena/yelena/olena, 24 olga/olha, 22 mikhail/mykhailo, 21 natalya/natalia, 20 oleg/oleh, 19 evgeniy/yevgeny/evgeny, 18 irina/iryna, 16 ivan, 15 viktor/victor, 15 tatyana/tatiana`, slavic, 12_000),
		family:   stockOf("14 ivanov/ivanova, 10 petrov/petrova, 9 popov/popova, 8 smirnov, 8 kuznetsov/kuznetsova, 6 volkov, 6 shevchenko, 5 kovalenko, 5 bondarenko, 5 novikov, 5 morozov", slavic, 95_000),
		patterns: choices("60 G+P+F, 25 G+F, 15 F+G+P"),
	},
	{
		share: 90, lands: words("CN TW HK SG"), native: true, joint: true,
		given: stock{pairs: hanGiven, words: 2}, family: stock{pairs: hanFamily, words: 1},
		patterns: choices("1 F+G"),
	},
	{
		share: 40, lands: words("KR KP"), native: true, joint: true,
		given: stock{pairs: hangulGiven, words: 2}, family: stock{pairs: hangulFamily, words: 1},
		patterns: choices("1 F+G"),
	},
	{
		share: 120, lands: words("MX CO VE ES BR AR PE CU GT HN EC"),
		given: stockOf(`78 maria, 65 jose, 50 juan, 42 luis/luiz, 38 carlos, 32 jorge, 30 francisco, 28 antonio, 25 manuel, 22 pedro, 20 miguel, 19 ana, 18 jesus, 15 rafael, 15 fernando,
			14 daniel, 12 alejandro, 12 eduardo, 11 ricardo, 11 rosa`, iberian, 8_000),
		family: stockOf(`42 garcia, 38 rodriguez/rodrigues, 35 hernandez/fernandez, 34 gonzalez/gonzales, 32 martinez, 31 lopez, 28 perez, 25 sanchez, 24 ramirez, 20 torres, 18 flores,
			16 gomez/gomes, 15 diaz/dias, 14 cruz, 14 silva, 12 santos, 11 reyes, 11 morales`, iberian, 40_000),
		patterns: choices("37 G+F+F, 36 G+G+F+F, 12 G+F, 8 G+G+F, 4 G+de+la+F, 3 G+F+de+F"),
	},
	{
		share: 80, lands: words("US GB DE FR CA NL AU IT SE"),
		given: stockOf(`35 john/jon, 32 david, 31 michael, 30 james, 28 robert, 25 thomas, 24 peter, 22 william, 21 mark/marc, 19 daniel, 18 christian, 16 anna/anne, 15 elizabeth, 14 martin,
			12 andrew, 12 stephen/steven, 11 sarah/sara, 11 richard`, western, 15_000),
		family:   stockOf("11 smith/schmidt, 9 johnson/johansson, 9 muller/mueller, 8 williams, 8 brown, 6 jones, 6 davis, 5 martin, 5 meyer/meier, 5 wilson, 5 anderson/andersen", western, 75_000),
		patterns: choices("48 G+F, 47 G+G+F, 3 G+van+F, 2 G+von+F"),
	},
	{
		share: 60, lands: words("NG KE SO CD ET GH ML SS CM"),
		given:    stockOf("50 mohamed/mohammed, 28 abdi, 22 ibrahim, 20 john, 19 joseph, 18 ali, 16 ahmed, 15 musa/moussa, 14 emmanuel, 12 amina/aminata, 12 peter, 11 hassan", african, 30_000),
		family:   stockOf("18 mohamed, 15 ali, 14 hassan, 12 diallo/jallow, 11 traore, 10 okafor, 10 mensah, 9 kamau, 9 abdullahi", african, 60_000),
		patterns: choices("32 G+F, 55 G+G+F, 13 G+F+F"),
	},
	{
		share: 50, lands: words("IN BD LK NP VN ID PH TH MM"),
		given:    stockOf("32 kumar, 30 mohammad/md/mohammed, 25 muhammad, 20 van, 18 thi, 16 raj, 15 abdul, 14 ram, 12 sri, 11 lakshmi/laxmi, 11 min", southern, 25_000),
		family:   stockOf("62 singh, 48 nguyen, 32 kumar, 25 tran, 22 das, 20 khan, 19 sharma, 18 islam, 15 hossain/hussain, 14 rahman, 12 le, 12 devi", southern, 60_000),
		patterns: choices("45 G+F, 40 G+G+F, 10 F+G+G, 5 G"),
	},
}
