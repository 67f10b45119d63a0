// SPDX-License-Identifier: Apache-2.0

package region

import (
	"github.com/frontline-screening/frontline/internal/report"
)

// numbersAhead is how many numbers of reports are taken from the vault at once: a
// heartbeat is no write, and what is left of them when the process ends is
// passed over.
const numbersAhead = 10_000

// reportCounter is what the region remembers of its reports: numbers up to Number
// may have been used.
type reportCounter struct {
	Incarnation int64           `json:"incarnation"`
	Number      int64           `json:"number"`
	Resumed     *report.Resumed `json:"resumed,omitempty"`
}

// reserve are the numbers of an incarnation above next, up to end.
type reserve struct{ incarnation, next, end int64 }

func (d Documents) counter(incarnation int64) (reportCounter, error) {
	var c reportCounter
	if _, err := d.read(documentReports, &c); err != nil {
		return c, err
	}
	if c.Incarnation != incarnation {
		c = reportCounter{Incarnation: incarnation}
	}
	return c, nil
}

// NextReport returns the number of the next report of the incarnation. It is
// kept before it is used, so that no number is used twice.
func (s *Store) NextReport(incarnation int64) (int64, error) {
	s.reportMu.Lock()
	defer s.reportMu.Unlock()
	if s.reserved.incarnation != incarnation || s.reserved.next >= s.reserved.end {
		var first int64
		if err := s.change(func(d Documents) error {
			c, err := d.counter(incarnation)
			if err != nil {
				return err
			}
			first = c.Number
			c.Number += numbersAhead
			return d.write(documentReports, c)
		}); err != nil {
			return 0, err
		}
		s.reserved = reserve{incarnation: incarnation, next: first, end: first + numbersAhead}
	}
	s.reserved.next++
	return s.reserved.next, nil
}

// resumed is what the reports of the incarnation say of a setback.
func (s *Store) resumed(incarnation int64) (*report.Resumed, error) {
	kept, err := s.vault.Read()
	if err != nil {
		return nil, err
	}
	c, err := kept.counter(incarnation)
	return c.Resumed, err
}

// resume lets the numbers of the incarnation go on above the one that a hub took,
// and keeps what is said of it. Nothing is when sure is false and the region may
// have used that number itself, or when it was said before.
func (s *Store) resume(incarnation, taken int64, why report.Resumed, sure bool) (*report.Resumed, error) {
	s.reportMu.Lock()
	defer s.reportMu.Unlock()
	s.reserved = reserve{}
	var said *report.Resumed
	err := s.change(func(d Documents) error {
		said = nil
		c, err := d.counter(incarnation)
		if err != nil {
			return err
		}
		again := c.Resumed != nil && why.Order > 0 && c.Resumed.Order == why.Order && c.Resumed.Cause == why.Cause
		if again || (!sure && taken <= c.Number) {
			return nil
		}
		why.From = c.Number
		c.Number = max(c.Number, taken)
		why.To = c.Number + 1
		c.Resumed, said = &why, &why
		return d.write(documentReports, c)
	})
	return said, err
}
