// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
	"github.com/frontline-screening/frontline/internal/watchlist/edtf"
)

func queriesCommand() *cobra.Command {
	var path string
	var only bool
	cmd := &cobra.Command{
		Use:   "queries --csv FILE",
		Short: "Turn a table of travellers into requests, one a line",
		Long: `Turn a CSV into requests for lab screen, one a row. Its first row names the columns:

  full_name      as written in the travel document; the only one that must be there
  date_of_birth  YYYY, YYYY-MM or YYYY-MM-DD
  gender         m, f, x, male or female, in any case
  nationality    an ISO 3166-1 code of two or three letters, or the country's name

Other columns are passed over. A value that is none of these is left out of its
request, and standard error says how many were.`,
		Example: "  lab queries --csv travellers.csv > q.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if path == "" {
				return fmt.Errorf("%w: name the table with --csv FILE", errUsage)
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			out := bufio.NewWriter(cmd.OutOrStdout())
			if err := writeQueries(f, out, cmd.ErrOrStderr(), only); err != nil {
				return err
			}
			return out.Flush()
		},
	}
	cmd.Flags().StringVar(&path, "csv", "", "the table")
	cmd.Flags().BoolVar(&only, "names-only", false, "leave out everything but the name")
	return cmd
}

// genders are the accepted spellings, in lower case.
var genders = map[string]string{"m": "M", "male": "M", "f": "F", "female": "F", "x": "X"}

// travellers are the columns of a table; -1 for one it lacks.
type travellers struct {
	name, birth, gender, nationality int
	// passedOver counts, by column, the values that no request can carry.
	passedOver map[string]int
}

// writeQueries writes one request a row to w, and to notes how many values were
// passed over; notes quote none.
func writeQueries(r io.Reader, w, notes io.Writer, namesOnly bool) error {
	table := csv.NewReader(r)
	head, err := table.Read()
	if err != nil {
		return errors.New("the table has no first row")
	}
	column := func(name string) int { return slices.Index(head, name) }
	t := travellers{name: column("full_name"), birth: -1, gender: -1, nationality: -1, passedOver: map[string]int{}}
	if t.name < 0 {
		return errors.New("the table has no column full_name")
	}
	if !namesOnly {
		t.birth, t.gender, t.nationality = column("date_of_birth"), column("gender"), column("nationality")
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if parse, ok := errors.AsType[*csv.ParseError](err); ok {
				return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
			}
			return err
		}
		if err := enc.Encode(screen.Request{Purpose: screen.PurposeBorderControl, Subject: t.subject(row)}); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.passedOver)) {
		fmt.Fprintf(notes, "%s: %d values passed over; see lab queries --help for those accepted\n", name, t.passedOver[name])
	}
	return nil
}

func (t *travellers) subject(row []string) screen.Subject {
	s := screen.Subject{Names: []screen.Name{{Full: row[t.name]}}}
	t.value(row, t.birth, "date_of_birth", func(v string) bool {
		if _, err := edtf.ParsePoint(v); err != nil {
			return false
		}
		s.BirthDates = []string{v}
		return true
	})
	t.value(row, t.gender, "gender", func(v string) bool {
		s.Gender = genders[strings.ToLower(v)]
		return s.Gender != ""
	})
	t.value(row, t.nationality, "nationality", func(v string) bool {
		code, ok := country.Resolve(v)
		if ok {
			s.Nationalities = []string{code}
		}
		return ok
	})
	return s
}

// value gives what a column holds to take, and counts what take refuses.
func (t *travellers) value(row []string, column int, name string, take func(string) bool) {
	if column < 0 {
		return
	}
	if v := strings.TrimSpace(row[column]); v != "" && !take(v) {
		t.passedOver[name]++
	}
}
