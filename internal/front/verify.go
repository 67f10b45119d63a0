// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/frontline-screening/frontline/internal/order"
	"github.com/frontline-screening/frontline/internal/screen"
)

func (f *Front) handleVerify(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	req, err := screen.DecodeVerify(http.MaxBytesReader(w, r.Body, screen.MaxRequestBytes))
	if err != nil {
		f.refuse(w, badRequest(err))
		return
	}
	answer, p := f.verify(r.Context(), req)
	if p != nil {
		f.refuse(w, p)
		return
	}
	f.metrics.verified(answer, time.Since(started))
	writeJSON(w, answer)
}

// verify asks the pools that can compare, one after the other, until one has: nobody
// learns of the traveller who need not.
func (f *Front) verify(ctx context.Context, req screen.VerifyRequest) (screen.VerifyAnswer, *problem) {
	asked := screen.Request{Purpose: req.Purpose}
	if p := f.permit(&asked); p != nil {
		return screen.VerifyAnswer{}, p
	}
	req.Purpose = asked.Purpose
	// What is for the receipt alone stays here.
	req.Requester, req.Reason, req.Case = "", "", ""
	body, err := json.Marshal(req)
	if err != nil {
		return screen.VerifyAnswer{}, newProblem(http.StatusBadRequest, "The request cannot be passed on.")
	}
	pools, answer := f.pools, notCompared("", screen.ReasonUnreachable)
	if req.Record != nil {
		pools = slices.DeleteFunc(slices.Clone(f.pools), func(p *pool) bool { return !slices.Contains(p.Feeds, req.Record.Feed) })
		answer = notCompared(req.Record.Feed, screen.ReasonUnreachable)
		if len(pools) == 0 {
			answer = notCompared(req.Record.Feed, screen.ReasonNotProvisioned)
		}
	}
	lacking, answered := false, false
	for _, p := range pools {
		got, err := f.verifyAt(ctx, p, &req, body)
		if s, ok := errors.AsType[*statusError](err); ok && s.status == http.StatusBadRequest {
			return screen.VerifyAnswer{}, newProblem(http.StatusBadRequest, s.detail)
		} else if ok && s.status == http.StatusNotFound {
			lacking = true
			continue
		}
		if err != nil {
			f.poolFailed(ctx, p, err)
			continue
		}
		if !answered || got.Outcome == screen.Compared {
			answer, answered = got, true
		}
		if got.Outcome == screen.Compared {
			break
		}
	}
	if lacking && !answered {
		return screen.VerifyAnswer{}, newProblem(http.StatusNotImplemented, "The matchers of this post are of a version that cannot compare with one record yet; "+
			"search instead, or ask again when their pool has the new engine. This is no answer about the subject.")
	}
	answer.ID = newID()
	screen.SettleVerify(&answer)
	return answer, nil
}

// verifyAt asks one pool and holds its answer against the contract and the post's own limits.
func (f *Front) verifyAt(ctx context.Context, p *pool, req *screen.VerifyRequest, body []byte) (screen.VerifyAnswer, error) {
	var a screen.VerifyAnswer
	err := p.call(ctx, http.MethodPost, "/v1/verify?"+url.Values{"feed": p.Feeds}.Encode(), body, &a)
	if err != nil {
		return a, err
	}
	if !credible(&a, req) {
		return a, errors.New("the pool's answer is not of the contract")
	}
	return fresh(a, f.config.Freshness, f.now()), nil
}

// credible reports whether it is an answer to the request: one that says whether
// something was compared, and with which content of the feed.
func credible(a *screen.VerifyAnswer, req *screen.VerifyRequest) bool {
	compared := a.Outcome == screen.Compared
	switch {
	case !compared && a.Outcome != screen.NotCompared, compared != (len(a.Evidence) > 0), !compared && len(a.Unavailable) == 0:
		return false
	case req.Record == nil:
		return len(a.Searched) == 0
	case compared && len(a.Searched) == 0:
		return false
	}
	return len(a.Searched) <= 1 && !slices.ContainsFunc(a.Searched, func(s screen.Searched) bool { return s.Feed != req.Record.Feed })
}

// fresh applies the post's own limits, as compose does to a search.
func fresh(a screen.VerifyAnswer, f order.Freshness, now time.Time) screen.VerifyAnswer {
	if a.Mode == "" {
		a.Mode = screen.ModeOffline // the pool did not say under what it answers
	}
	for _, s := range a.Searched {
		if older(s, f.StopSeconds, now) {
			stale := notCompared(s.Feed, screen.ReasonStale)
			stale.Engines, stale.Mode = a.Engines, a.Mode
			return stale
		}
		if a.Mode == screen.ModeOnline && older(s, f.MarkSeconds, now) {
			a.Mode = screen.ModeMarked
		}
	}
	return a
}

// notCompared is the answer where no pool gave one: it says no more than why.
func notCompared(feed string, reason screen.Reason) screen.VerifyAnswer {
	return screen.VerifyAnswer{
		Outcome: screen.NotCompared, Mode: screen.ModeOffline,
		Unavailable: []screen.Unavailable{{Feed: feed, Reason: reason}},
	}
}
