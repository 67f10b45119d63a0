// SPDX-License-Identifier: Apache-2.0

package matcher

import (
	"time"

	"github.com/frontline-screening/frontline/internal/screen"
)

// Serving says what a search at the given time would look at. A feed that is
// limited to purposes counts as searched: the request decides.
func (e *Engine) Serving(now time.Time) screen.Serving {
	set := e.acquire()
	defer set.release()
	serving := screen.Serving{
		Searched: []screen.Searched{}, Unavailable: []screen.Unavailable{},
		Engines: []screen.Engine{{Version: Version, Profile: e.options.Profile, Modalities: e.modalities()}},
		Mode:    screen.ModeOnline,
	}
	clocks := e.clocks.Load()
	now = clocks.trusted(now)
	if clocks != nil && clocks.Offline {
		serving.Mode = screen.ModeOffline
	}
	for _, f := range set.feeds {
		feed := f.Feed.at(clocks)
		request := screen.Request{}
		if len(feed.Purposes) > 0 {
			request.Purpose = feed.Purposes[0]
		}
		if reason := feed.refuses(&request, now); reason != "" {
			serving.Unavailable = append(serving.Unavailable, screen.Unavailable{Feed: feed.ID, Reason: reason})
			continue
		}
		if serving.Mode == screen.ModeOnline && feed.marked(now) {
			serving.Mode = screen.ModeMarked
		}
		serving.Searched = append(serving.Searched, screen.Searched{
			Feed: feed.ID, Version: feed.Version, Digest: feed.Digest,
			ListDate: feed.ListDate, SourceChecked: feed.SourceChecked, OrderIssued: feed.OrderIssued,
		})
	}
	if e.options.Bench {
		serving.Mode = screen.ModeBench
	}
	return serving
}

// marked reports whether the order behind the feed is past the mark limit.
func (f *Feed) marked(now time.Time) bool {
	return f.Mark > 0 && now.Sub(f.OrderIssued) > f.Mark
}
