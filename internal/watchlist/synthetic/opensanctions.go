// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/watchlist"
)

var (
	schemata   = map[watchlist.Type]string{watchlist.Person: "Person", watchlist.Entity: "Company", watchlist.Object: "Vessel"}
	ftmGenders = map[string]string{"M": "male", "F": "female"}
)

// plainDates are the dates FollowTheMoney can write: no spans, nothing about.
func plainDates(dates []string) []string {
	var out []string
	for _, d := range dates {
		d, _ = about(d)
		d, _, _ = strings.Cut(d, "/")
		out = append(out, d)
	}
	return out
}

func lower(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = strings.ToLower(s)
	}
	return out
}

type ftmEntity struct {
	ID         string              `json:"id"`
	Caption    string              `json:"caption,omitempty"`
	Schema     string              `json:"schema"`
	Properties map[string][]string `json:"properties"`
	Datasets   []string            `json:"datasets"`
	LastSeen   string              `json:"last_seen"`
	Target     bool                `json:"target"`
}

// writeFTM writes the flat form: every second passport before its holder.
func (s *Set) writeFTM(w io.Writer, date time.Time) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	seen := date.UTC().Format("2006-01-02T15:04:05")
	entity := func(id, schema string, target bool, properties map[string][]string) *ftmEntity {
		for k, v := range properties {
			if len(v) == 0 {
				delete(properties, k)
			}
		}
		return &ftmEntity{ID: id, Schema: schema, Properties: properties, Datasets: []string{"synthetic"}, LastSeen: seen, Target: target}
	}
	for i := range s.n {
		r := s.At(i)
		main := entity(r.ID, schemata[r.Type], true, map[string][]string{
			"birthDate": plainDates(r.BirthDates), "nationality": lower(r.Nationalities), "topics": {"sanction"},
		})
		main.Caption = r.Names[0].Full
		if g := ftmGenders[r.Gender]; g != "" {
			main.Properties["gender"] = []string{g}
		}
		for _, n := range r.Names {
			property := "alias"
			switch {
			case n.Quality == watchlist.Low:
				property = "weakAlias"
			case n.Kind == "", n.Kind == watchlist.Original:
				property = "name"
			}
			main.Properties[property] = append(main.Properties[property], n.Full)
		}
		all := []*ftmEntity{main}
		for _, d := range r.Documents {
			if d.Type == "imo" {
				main.Properties["imoNumber"] = []string{d.Number}
				continue
			}
			p := entity("p-"+r.ID, "Passport", false, map[string][]string{"holder": {r.ID}, "number": {d.Number}, "country": {strings.ToLower(d.Country)}})
			if i%2 == 0 {
				all = []*ftmEntity{p, main}
			} else {
				all = append(all, p)
			}
		}
		all = append(all, entity("s-"+r.ID, "Sanction", false, map[string][]string{"entity": {r.ID}, "program": r.Programmes, "listingDate": {"2020-01-15"}, "authority": {"Synthetic authority"}}))
		for _, e := range all {
			if err := enc.Encode(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Set) writeSimple(w io.Writer, date time.Time) error {
	out := csv.NewWriter(w)
	seen := date.UTC().Format("2006-01-02T15:04:05")
	_ = out.Write(strings.Split("id,schema,name,aliases,birth_date,countries,addresses,identifiers,sanctions,phones,emails,dataset,first_seen,last_seen,last_change", ","))
	for r := range s.All() {
		var aliases, numbers []string
		for _, n := range r.Names[1:] {
			aliases = append(aliases, n.Full)
		}
		for _, d := range r.Documents {
			numbers = append(numbers, d.Number)
		}
		join := func(all []string) string { return strings.Join(all, ";") }
		_ = out.Write([]string{
			r.ID, schemata[r.Type], r.Names[0].Full, join(aliases), join(plainDates(r.BirthDates)), join(lower(r.Nationalities)),
			"", join(numbers), join(r.Programmes), "", "", "Synthetic", seen, seen, seen,
		})
	}
	out.Flush()
	return out.Error()
}
