// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/snapshot"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// likenessTo is what a search would meet of the record at the place (met), and what its
// names are like with those included that a search never compares, for sharing too few
// words with the subject's (all).
func likenessTo(x *index, q *query, can []screen.Modality, at place) (met, all hit) {
	p := x.parts[at.part]
	if slices.Contains(can, screen.ModalityDocument) {
		hits := map[uint32]hit{}
		p.findNumbers(q, hits)
		met.number = hits[at.id].number
	}
	all.number = met.number
	if !slices.Contains(can, screen.ModalityBiographic) {
		return met, all
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	for _, words := range q.names {
		pl := x.newPlan(s, words)
		matches := pl.matches[at.part]
		s.table.fill(matches)
		for name := p.docNames[at.id]; name < p.docNames[at.id+1]; name++ {
			l := x.compare(s, p, pl, matches, name)
			all.add(&l, p.low.has(name))
			if l.any() && l.points >= leastPoints && p.gathers(s, pl, matches, name) {
				met.add(&l, p.low.has(name))
			}
		}
	}
	return met, all
}

// alone is an index of one record, whose place is the first.
func alone(r *watchlist.Record) (*index, error) {
	s, err := segmentOf([][]byte{snapshot.EncodeRow(r)}, hurry)
	if err != nil {
		return nil, err
	}
	x := newIndex([]*part{newPart(s)})
	x.plain = true
	return x, nil
}

// entryAt is what a search knows of the record at the place.
func entryAt(x *index, at place) entry { return unpackEntry(x.parts[at.part].packed(at.id)) }

// judged weighs all evidence about one record. What a search gives has the search's
// score, so that the officer sees one number twice; what it dismisses has that of the
// best name, whichever it is.
func (s *search) judged(e *entry, met, all *hit) screen.Candidate {
	c, found := s.judge(e, met)
	best := s.weigh(e, &all.good)
	if all.low.better(&all.good) {
		if low := s.weigh(e, &all.low); low.points > best.points {
			best = low
			best.evidence[0].Text += "; the publisher calls this alias weak"
		}
	}
	switch {
	case found == dismissed:
		if len(s.query.names) == 0 {
			best.points += pointsNobody // what supports a name makes no score without one
		}
		c.Score, c.Evidence = round(probability(best.points)), best.evidence
	case len(s.query.names) > 0 && !met.best().any():
		// Met by its number alone: the names still say how alike they are, and count as in
		// the search.
		c.Evidence[0].Score, c.Evidence[0].Text = best.evidence[0].Score, best.evidence[0].Text
	}
	return c
}

// verification is one comparison on its way.
type verification struct {
	search
	can, cannot []screen.Modality
	answer      screen.VerifyAnswer
}

// Verify compares one subject with one record of a feed, or with a given reference, at
// the given time, or at that of the clocks if it is later. Whether a record may be used
// is decided as for a search. Errors are those of Screen.
func (e *Engine) Verify(ctx context.Context, req screen.VerifyRequest, now time.Time) (screen.VerifyAnswer, error) {
	searching.Add(1)
	defer searching.Add(-1)
	if err := ctx.Err(); err != nil {
		return screen.VerifyAnswer{}, err
	}
	if err := req.Validate(); err != nil {
		return screen.VerifyAnswer{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	asked := screen.Request{Purpose: req.Purpose, Direction: req.Direction, Subject: req.Subject}
	q, err := newQuery(&asked, now)
	if err != nil {
		return screen.VerifyAnswer{}, err
	}
	set := e.acquire()
	defer set.release()
	clocks := e.clocks.Load()
	v := verification{search: search{
		engine: e, set: set, query: q, request: &asked, clocks: clocks,
		now: clocks.trusted(now), limits: thresholdsOf(e.options.Profile),
	}}
	v.begin()
	if req.Record != nil {
		err = v.withRecord(req.Record, req.Feeds)
	} else {
		err = v.withReference(req.Reference, now)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return screen.VerifyAnswer{}, err
	}
	screen.SettleVerify(&v.answer)
	return v.answer, nil
}

func (v *verification) begin() {
	offered := v.engine.modalities()
	for _, m := range v.query.wanted {
		if slices.Contains(offered, m) {
			v.can = append(v.can, m)
		} else {
			v.cannot = append(v.cannot, m)
		}
	}
	v.answer.ID = newID()
	v.answer.Engines = []screen.Engine{{Version: Version, Profile: v.engine.options.Profile, Modalities: offered}}
	switch {
	case v.engine.options.Bench:
		v.answer.Mode = screen.ModeBench
	case v.clocks != nil && v.clocks.Offline:
		v.answer.Mode = screen.ModeOffline
	default:
		v.answer.Mode = screen.ModeOnline
	}
}

// missed names what was not compared.
func (v *verification) missed(feed string, reason screen.Reason) {
	v.answer.Unavailable = append(v.answer.Unavailable, screen.Unavailable{Feed: feed, Reason: reason})
}

// offers names the modalities that are wanted and not offered, and reports whether any is left.
func (v *verification) offers(feed string) bool {
	for _, m := range v.cannot {
		v.answer.Unavailable = append(v.answer.Unavailable, screen.Unavailable{Feed: feed, Reason: screen.ReasonModality, Modality: m})
	}
	return len(v.can) > 0
}

// withRecord compares with a record of a feed. Those that are absent, blocked or past
// their end are looked up in the same way and answered in the same words: that a record
// was taken off is nobody's to learn here.
func (v *verification) withRecord(listed *screen.ListedRecord, bound []string) error {
	i := slices.IndexFunc(v.set.feeds, func(f *indexed) bool { return f.ID == listed.Feed })
	own := slices.Contains(bound, listed.Feed)
	switch {
	case i < 0 && own: // the pool has not been told of it yet
		v.missed(listed.Feed, screen.ReasonLoading)
		return nil
	case i < 0, len(bound) > 0 && !own:
		v.missed(listed.Feed, screen.ReasonNotProvisioned)
		return nil
	}
	feed, content := v.set.feeds[i].at(v.clocks), v.set.feeds[i].content
	if reason := feed.refuses(v.request, v.now); reason != "" {
		v.missed(feed.ID, reason)
		return nil
	}
	if !v.offers(feed.ID) {
		return nil
	}
	if v.answer.Mode == screen.ModeOnline && feed.marked(v.now) {
		v.answer.Mode = screen.ModeMarked
	}
	v.answer.Searched = []screen.Searched{{
		Feed: feed.ID, Version: feed.Version, Digest: feed.Digest,
		ListDate: feed.ListDate, SourceChecked: feed.SourceChecked, OrderIssued: feed.OrderIssued,
	}}
	blocked := feed.Blocks.Blocks(listed.Record)
	row, at, err := content.lookUp(listed.Record)
	if err != nil {
		return err
	}
	if row == nil || blocked || v.expired(entryAt(content.index, at)) {
		v.missed(feed.ID, screen.ReasonNoRecord)
		return nil
	}
	record, err := snapshot.DecodeRow(row)
	if err != nil {
		return unreadable(err)
	}
	c := v.compare(content.index, &record, at)
	v.answer.Handling, v.answer.Nature, v.answer.Grade = c.Handling, c.Nature, feed.Grade
	if v.answer.Nature == "" {
		v.answer.Nature = feed.Nature
	}
	if v.answer.Nature == "" {
		v.answer.Nature = screen.NatureWanted
	}
	if v.answer.Grade == "" {
		v.answer.Grade = screen.GradeAuthoritative
	}
	return nil
}

func (v *verification) expired(e entry) bool { return e.expires != 0 && v.now.Unix() >= e.expires }

// compare puts score and evidence into the answer: of the fields that both sides have.
func (v *verification) compare(x *index, record *watchlist.Record, at place) screen.Candidate {
	e := entryAt(x, at)
	met, all := likenessTo(x, v.query, v.can, at)
	judged := v.judged(&e, &met, &all)
	names := slices.Contains(v.can, screen.ModalityBiographic) && slices.ContainsFunc(record.Names, hasWords)
	papers := slices.Contains(v.can, screen.ModalityDocument) && slices.ContainsFunc(record.Documents, hasNumber)
	if papers && met.number == 0 {
		judged.Evidence = append(judged.Evidence, screen.Evidence{
			Field: "document", Score: evidenceOtherNumber, Text: "no document's number is the same; people have several documents",
		})
	}
	if !names {
		judged.Evidence = withoutNames(judged.Evidence, len(v.query.names) == 0 && met.number == 0)
	}
	if names || papers {
		v.answer.Score = &judged.Score
	}
	v.answer.Evidence = judged.Evidence
	if len(judged.Evidence) == 0 {
		feed := ""
		if len(v.answer.Searched) > 0 {
			feed = v.answer.Searched[0].Feed
		}
		v.missed(feed, screen.ReasonNothingInCommon)
	}
	return judged
}

// withoutNames takes the name out of the evidence where one side has none; what that
// weighs is then the document's, or what a name would have if nothing was compared.
func withoutNames(evidence []screen.Evidence, nothing bool) []screen.Evidence {
	weight := 0.0
	if nothing {
		weight = weightOf(pointsNobody)
	}
	evidence = slices.DeleteFunc(evidence, func(e screen.Evidence) bool {
		if e.Field == "name" {
			weight = e.Weight
		}
		return e.Field == "name"
	})
	for i := range evidence {
		if e := &evidence[i]; e.Field == "document" {
			e.Weight = math.Round((e.Weight+weight)*100) / 100
		}
	}
	return evidence
}

// evidenceOtherNumber is what another document's number says: little, as another nationality does.
const evidenceOtherNumber = 0.3

func hasWords(n watchlist.Name) bool { return len(tokens(n.Text())) > 0 }

func hasNumber(d watchlist.Document) bool { return len(numbers(d.Number)) > 0 }
