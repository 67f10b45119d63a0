// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"context"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
)

// searchable are the modalities this engine can search by.
var searchable = []screen.Modality{screen.ModalityBiographic, screen.ModalityDocument}

// search is one request on its way through one set.
type search struct {
	engine  *Engine
	set     *Set
	query   *query
	request *screen.Request
	clocks  *Clocks
	// now is the trusted time.
	now    time.Time
	limits thresholds
}

func (s *search) run(ctx context.Context) (screen.Answer, error) {
	offered := s.engine.modalities()
	answer := screen.Answer{
		ID:      newID(),
		Engines: []screen.Engine{{Version: Version, Profile: s.engine.options.Profile, Modalities: offered}},
		Mode:    screen.ModeOnline,
	}
	var can, cannot []screen.Modality
	for _, m := range s.query.wanted {
		if slices.Contains(offered, m) {
			can = append(can, m)
		} else {
			cannot = append(cannot, m)
		}
	}
	clocks := s.clocks
	if clocks != nil && clocks.Offline {
		answer.Mode = screen.ModeOffline
	}
	for _, f := range s.set.feeds {
		if err := ctx.Err(); err != nil {
			return screen.Answer{}, err
		}
		if len(s.request.Feeds) > 0 && !slices.Contains(s.request.Feeds, f.ID) {
			continue
		}
		feed := f.Feed.at(clocks)
		if reason := feed.refuses(s.request, s.now); reason != "" {
			answer.Unavailable = append(answer.Unavailable, screen.Unavailable{Feed: feed.ID, Reason: reason})
			continue
		}
		for _, m := range cannot {
			answer.Unavailable = append(answer.Unavailable, screen.Unavailable{Feed: feed.ID, Reason: screen.ReasonModality, Modality: m})
		}
		if len(can) == 0 {
			continue
		}
		if answer.Mode == screen.ModeOnline && feed.marked(s.now) {
			answer.Mode = screen.ModeMarked
		}
		answer.Searched = append(answer.Searched, screen.Searched{
			Feed: feed.ID, Version: feed.Version, Digest: feed.Digest,
			ListDate: feed.ListDate, SourceChecked: feed.SourceChecked, OrderIssued: feed.OrderIssued,
		})
		if err := s.feed(ctx, &feed, f.content.index, can, &answer); err != nil {
			return screen.Answer{}, err
		}
	}
	if s.engine.options.Bench {
		answer.Mode = screen.ModeBench
	}
	screen.Settle(&answer)
	screen.Truncate(&answer, s.request.Limit)
	return answer, nil
}

// feed searches one feed and appends what reaches the thresholds. Records that are
// blocked, or past their own end, are no candidates.
func (s *search) feed(ctx context.Context, feed *Feed, x *index, can []screen.Modality, answer *screen.Answer) error {
	return x.find(ctx, s.query, can, pointsOf(s.threshold()), func(p *part, doc uint32, h *hit) {
		if s.hopeless(h) {
			return
		}
		packed := p.packed(doc)
		if expires := expiresOf(packed); expires != 0 && s.now.Unix() >= expires {
			return
		}
		e := unpackEntry(packed)
		c, v := s.judge(&e, h)
		if v == dismissed || feed.Blocks.Blocks(e.id) {
			return
		}
		c.Feed = feed.ID
		if c.Nature == "" {
			c.Nature = feed.Nature
		}
		if c.Nature == "" {
			c.Nature = screen.NatureWanted
		}
		if v == lead || (feed.Grade != "" && feed.Grade != screen.GradeAuthoritative) {
			answer.Leads = append(answer.Leads, c)
		} else {
			answer.Candidates = append(answer.Candidates, c)
		}
	})
}

// at returns the feed with the clocks applied.
func (f Feed) at(c *Clocks) Feed {
	if c == nil {
		return f
	}
	if !c.OrderIssued.IsZero() {
		f.OrderIssued = c.OrderIssued
	}
	if t := c.SourceChecked[f.ID]; !t.IsZero() {
		f.SourceChecked = t
	}
	return f
}

// refuses says why the feed may not be searched for this request now; empty if it may.
func (f *Feed) refuses(req *screen.Request, now time.Time) screen.Reason {
	switch {
	case f.Unavailable != "":
		return f.Unavailable
	case !f.ValidUntil.IsZero() && !now.Before(f.ValidUntil):
		return screen.ReasonLegalBasis
	case len(f.Purposes) > 0 && !slices.Contains(f.Purposes, req.Purpose):
		return screen.ReasonPurpose
	case f.Stop > 0 && now.Sub(f.OrderIssued) > f.Stop:
		return screen.ReasonStale
	}
	return ""
}

// modalities are those the pool offers and the engine can search by.
func (e *Engine) modalities() []screen.Modality {
	out := []screen.Modality{}
	for _, m := range searchable {
		if len(e.options.Modalities) == 0 || slices.Contains(e.options.Modalities, m) {
			out = append(out, m)
		}
	}
	return out
}
