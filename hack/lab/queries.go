// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist/country"
)

func queriesCommand() *cobra.Command {
	var path string
	var only bool
	cmd := &cobra.Command{
		Use:   "queries --csv FILE",
		Short: "Turn a table of travellers into requests, one a line",
		Long: `Turn a CSV with the columns full_name, date_of_birth, gender and nationality (by name
in its first row; others are passed over) into requests for lab screen.`,
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
			if err := writeQueries(f, out, only); err != nil {
				return err
			}
			return out.Flush()
		},
	}
	cmd.Flags().StringVar(&path, "csv", "", "the table")
	cmd.Flags().BoolVar(&only, "names-only", false, "leave out everything but the name")
	return cmd
}

func writeQueries(r io.Reader, w io.Writer, namesOnly bool) error {
	table := csv.NewReader(r)
	head, err := table.Read()
	if err != nil {
		return errors.New("the table has no first row")
	}
	column := func(name string) int { return slices.Index(head, name) }
	fullName, birth, gender, nationality := column("full_name"), column("date_of_birth"), column("gender"), column("nationality")
	if fullName < 0 {
		return errors.New("the table has no column full_name")
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if parse, ok := errors.AsType[*csv.ParseError](err); ok {
				return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
			}
			return err
		}
		s := screen.Subject{Names: []screen.Name{{Full: row[fullName]}}}
		if !namesOnly {
			if birth >= 0 && row[birth] != "" {
				s.BirthDates = []string{row[birth]}
			}
			if gender >= 0 {
				s.Gender = map[string]string{"male": "M", "female": "F"}[row[gender]]
			}
			if nationality >= 0 {
				if code, ok := country.Resolve(row[nationality]); ok {
					s.Nationalities = []string{code}
				}
			}
		}
		if err := enc.Encode(screen.Request{Purpose: screen.PurposeBorderControl, Subject: s}); err != nil {
			return err
		}
	}
}
