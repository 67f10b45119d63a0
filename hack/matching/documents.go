// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/frontline-screening/frontline/internal/matcher"
	"github.com/frontline-screening/frontline/internal/screen"
)

// confused are the digits and letters that are read for each other.
var confused = map[byte]byte{'0': 'O', 'O': '0', '1': 'I', 'I': '1', '5': 'S', 'S': '5', '8': 'B', 'B': '8', '2': 'Z', 'Z': '2'}

// measureDocuments: numbers of listed documents, as they are and with one confusion.
func measureDocuments(ctx context.Context, b *bench) error {
	lists, engine, err := b.public(ctx)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(b.seed, 3)) //nolint:gosec // confusions that can be made again
	var exact, one, nExact, nOne int
	for i, records := range lists {
		for j := 0; j < len(records); j += b.count(1, 20) {
			for _, d := range records[j].Documents {
				number := strings.ToUpper(d.Number)
				if !isNumber(number) {
					continue
				}
				ok, err := hasDocument(ctx, engine, number, d.Country, feedName(i), records[j].ID)
				if err != nil {
					return err
				}
				nExact++
				if ok {
					exact++
				} else {
					b.missed("document", number, d.Country, records[j].ID)
				}
				misread, can := confuse(rng, number)
				if !can {
					continue
				}
				if ok, err = hasDocument(ctx, engine, misread, d.Country, feedName(i), records[j].ID); err != nil {
					return err
				}
				nOne++
				if ok {
					one++
				} else {
					b.missed("document misread", misread, d.Country, records[j].ID)
				}
			}
		}
	}
	b.add(rate("document numbers as they are: found", exact, nExact).atLeast(100))
	b.add(rate("document numbers with one confusion: found", one, nOne).atLeast(99))
	return nil
}

// isNumber leaves aside what is no number of a document by itself: what has words
// around it, and what has no digit, such as a remark or the call sign of an aircraft.
func isNumber(s string) bool {
	return len(s) >= 6 && len(s) <= 20 && !strings.ContainsAny(s, " ,;()") && strings.ContainsAny(s, "0123456789")
}

func hasDocument(ctx context.Context, engine *matcher.Engine, number, country, feed, record string) (bool, error) {
	subject := screen.Subject{Documents: []screen.Document{{Number: number, Country: country}}}
	answer, err := engine.Screen(ctx, request(subject), time.Now())
	return found(answer, feed, record) > 0, err
}

// confuse exchanges one character for that which it is read for. It reports whether
// there was one.
func confuse(rng *rand.Rand, number string) (string, bool) {
	var at []int
	for k := range len(number) {
		if confused[number[k]] != 0 {
			at = append(at, k)
		}
	}
	if len(at) == 0 {
		return "", false
	}
	out, k := []byte(number), at[rng.IntN(len(at))]
	out[k] = confused[out[k]]
	return string(out), true
}
