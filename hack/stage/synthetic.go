// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"time"
)

// Parts that no real name is made of; the people of the synthetic list exist
// nowhere.
var (
	syntheticGiven  = []string{"Ablor", "Besmir", "Corvan", "Dalmis", "Ervok", "Fjorel", "Gantim", "Hervix", "Ilmora", "Jovrit", "Kestrin", "Lurmak"}
	syntheticMiddle = []string{"Quelt", "Rasvan", "Sopril", "Tamvok", "Ulbrim", "Vastor", "Wenkel", "Xarbin", "Yolmer", "Zintak"}
	syntheticFamily = []string{"Abrekshan", "Bolvarin", "Cestremi", "Dulquor", "Elvormat", "Frintosk", "Grelbani", "Hostrumi", "Ivqadar", "Jelmorin", "Kroblesti", "Lomvask", "Mirquani", "Norblest"}
	syntheticLands  = []string{"Utopia", "Ruritania"}
)

// SyntheticList returns a list in format un-xml of the synthetic people first
// to last (numbers, both included), each the same in every list that has it.
func SyntheticList(first, last int, date time.Time) ([]byte, error) {
	type alias struct {
		Quality string `xml:"QUALITY"`
		Name    string `xml:"ALIAS_NAME"`
	}
	type birth struct {
		Kind string `xml:"TYPE_OF_DATE"`
		Date string `xml:"DATE"`
	}
	type document struct {
		Kind   string `xml:"TYPE_OF_DOCUMENT"`
		Number string `xml:"NUMBER"`
	}
	type individual struct {
		ID        int      `xml:"DATAID"`
		First     string   `xml:"FIRST_NAME"`
		Second    string   `xml:"SECOND_NAME"`
		Third     string   `xml:"THIRD_NAME"`
		Programme string   `xml:"UN_LIST_TYPE"`
		Reference string   `xml:"REFERENCE_NUMBER"`
		Listed    string   `xml:"LISTED_ON"`
		Gender    string   `xml:"GENDER"`
		Nation    string   `xml:"NATIONALITY>VALUE"`
		Alias     alias    `xml:"INDIVIDUAL_ALIAS"`
		Birth     birth    `xml:"INDIVIDUAL_DATE_OF_BIRTH"`
		Document  document `xml:"INDIVIDUAL_DOCUMENT"`
	}
	type list struct {
		XMLName     xml.Name     `xml:"CONSOLIDATED_LIST"`
		Date        string       `xml:"dateGenerated,attr"`
		Individuals []individual `xml:"INDIVIDUALS>INDIVIDUAL"`
	}
	out := list{Date: date.UTC().Format(time.RFC3339)}
	for n := first; n <= last; n++ {
		rng := rand.New(rand.NewPCG(uint64(n), 1)) //nolint:gosec // synthetic people are meant to be predictable
		pick := func(from []string) string { return from[rng.IntN(len(from))] }
		out.Individuals = append(out.Individuals, individual{
			ID: n, First: pick(syntheticGiven), Second: pick(syntheticMiddle), Third: pick(syntheticFamily),
			Programme: "SYNTHETIC", Reference: fmt.Sprintf("SYi.%03d", n), Listed: "2020-01-15",
			Gender: []string{"Male", "Female"}[rng.IntN(2)], Nation: pick(syntheticLands),
			Alias:    alias{Quality: "Good", Name: pick(syntheticGiven) + " " + pick(syntheticFamily)},
			Birth:    birth{Kind: "EXACT", Date: fmt.Sprintf("%d-%02d-%02d", 1950+rng.IntN(50), 1+rng.IntN(12), 1+rng.IntN(28))},
			Document: document{Kind: "Passport", Number: fmt.Sprintf("UT%06d", 100000+n)},
		})
	}
	data, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		return nil, fmt.Errorf("synthetic list: %w", err)
	}
	return append([]byte(xml.Header), data...), nil
}
