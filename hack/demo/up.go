// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/frontline-screening/frontline/hack/stage"
	"github.com/frontline-screening/frontline/internal/screen"
	"github.com/frontline-screening/frontline/internal/watchlist"
)

// errWrongAnswer says that a post answered, and not what it should.
var errWrongAnswer = errors.New("an answer is wrong")

type options struct {
	feed, next, format string
	hub                string
	regions            []string
	image, archive     string
	publisher          string
}

func up(ctx context.Context, out io.Writer, o options) error {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Minute)
	defer cancel()
	format, err := watchlist.ParseFormat(o.format)
	if err != nil {
		return err
	}
	first, second, err := lists(o)
	if err != nil {
		return err
	}
	before, err := stage.ParseList(ctx, format, first)
	if err != nil {
		return err
	}
	after, err := stage.ParseList(ctx, format, second)
	if err != nil {
		return err
	}
	progress := stage.NewProgress(out)
	s, publisherURL, err := sites(ctx, o, progress)
	if err != nil {
		return err
	}
	publisher, err := startPublisher(s, o)
	if err != nil {
		return err
	}
	if err := publisher.PublishList(format, first); err != nil {
		return err
	}
	folder, err := stage.StateFolder()
	if err != nil {
		return err
	}
	overlay := filepath.Join(folder, "overlay")
	if err := s.Overlay(overlay, stage.Feed{URL: stage.ListURL(publisherURL, format), Format: o.format, Interval: "10s"}); err != nil {
		return err
	}
	if err := s.Install(ctx, overlay); err != nil {
		return err
	}
	if err := s.Converge(ctx, overlay); err != nil {
		return err
	}
	return play(ctx, out, s, publisher, script{
		format: format, second: second, records: [2]int{len(before), len(after)},
		cast: stage.Cast(before, after, screen.PurposeBorderControl),
		rig:  o.hub == "",
	})
}

// script is what the demo plays.
type script struct {
	format  watchlist.Format
	second  []byte
	records [2]int
	cast    []stage.Traveller
	// rig says that the clusters are those of this machine.
	rig bool
}

func play(ctx context.Context, out io.Writer, s *stage.Stage, publisher *stage.Publisher, sc script) error {
	posts := map[string]*stage.Post{}
	releases := map[string]int64{}
	for _, region := range s.Regions {
		post, err := s.Post(ctx, region, stage.SamplePosts[region.Name])
		if err != nil {
			return err
		}
		posts[region.Name] = post
	}
	var failures []error
	ask := func(title string, due func(stage.Traveller) (string, string)) error {
		fmt.Fprintf(out, "\n%s\n", title)
		table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(table, "REGION\tTRAVELLER\tOUTCOME\tRECORD\tSCORE\tSEARCHED\tMODE\tAS DUE\tTIME")
		for _, name := range slices.Sorted(maps.Keys(posts)) {
			for _, t := range sc.cast {
				begin := time.Now()
				answer, err := posts[name].Screen(ctx, t.Request)
				if err != nil {
					return err
				}
				took := time.Since(begin)
				want, not := due(t)
				verdict := "yes"
				if err := stage.Check(answer, want, not); err != nil {
					verdict = "NO: " + err.Error()
					failures = append(failures, fmt.Errorf("%w: %s: %s: %w", errWrongAnswer, name, t.Role, err))
				}
				record, score := "-", "-"
				if len(answer.Candidates) > 0 {
					record, score = answer.Candidates[0].Record, fmt.Sprintf("%.2f", answer.Candidates[0].Score)
				}
				var searched []string
				for _, f := range answer.Searched {
					searched = append(searched, fmt.Sprintf("%s v%d", f.Feed, f.Version))
					releases[name] = max(releases[name], f.Version)
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.1f ms\n", name, t.Role, answer.Outcome, record, score,
					strings.Join(searched, ", "), answer.Mode, verdict, float64(took.Microseconds())/1000)
			}
		}
		return table.Flush()
	}
	if err := ask(fmt.Sprintf("Answers from the first list (%d records)", sc.records[0]),
		func(t stage.Traveller) (string, string) { return t.Before, t.After }); err != nil {
		return err
	}
	fmt.Fprintln(out)
	s.Progress.Step("publishing the second list")
	begin := time.Now()
	if err := publisher.PublishList(sc.format, sc.second); err != nil {
		return err
	}
	for _, region := range s.Regions {
		if err := s.WaitRelease(ctx, posts[region.Name], sc.cast[0], releases[region.Name]+1); err != nil {
			return fmt.Errorf("%s: %w", region.Name, err)
		}
		s.Progress.Step("%s answers from the new release, %.1f s after it was published", region.Name, time.Since(begin).Seconds())
	}
	if err := ask(fmt.Sprintf("Answers from the second list (%d records)", sc.records[1]),
		func(t stage.Traveller) (string, string) { return t.After, t.Before }); err != nil {
		return err
	}
	fmt.Fprint(out, legend)
	if err := waitKnown(ctx, s, releases); err != nil {
		failures = append(failures, err)
	} else {
		s.Progress.Step("the hub knows it, %.1f s after it was published", time.Since(begin).Seconds())
	}
	if err := show(ctx, out, s); err != nil {
		return errors.Join(append(failures, err)...)
	}
	if len(failures) > 0 {
		return errors.Join(failures...)
	}
	if sc.rig {
		if err := goOn(ctx, out, s); err != nil {
			return err
		}
	}
	s.Progress.Step("every answer as due; the clusters stay up until make demo-down")
	return nil
}

// lists reads or makes the two lists that the demo publishes.
func lists(o options) (first, second []byte, err error) {
	date := time.Date(2026, time.January, 12, 6, 0, 0, 0, time.UTC)
	switch {
	case o.feed == "" && o.next != "":
		return nil, nil, errors.New("--next needs --feed: the list to publish first")
	case o.feed == "" && o.format != string(watchlist.UNXML):
		return nil, nil, errors.New("--format needs --feed: the synthetic list is in format un-xml")
	case o.feed == "":
		if first, err = stage.SyntheticList(1, 200, date); err != nil {
			return nil, nil, err
		}
		second, err = stage.SyntheticList(3, 203, date.AddDate(0, 0, 1))
		return first, second, err
	}
	for _, path := range []string{o.feed, o.next} {
		if err := checkPath(watchlist.Format(o.format), path); err != nil {
			return nil, nil, err
		}
	}
	if first, err = stage.ReadList(o.feed); err != nil {
		return nil, nil, err
	}
	if o.next != "" {
		second, err = stage.ReadList(o.next)
		return first, second, err
	}
	second, err = stage.Extend(watchlist.Format(o.format), first)
	return first, second, err
}

// checkPath says so when a format of one file is given a folder, or the reverse.
func checkPath(format watchlist.Format, path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("list: %w", err)
	case format == watchlist.OFACCSV && !info.IsDir():
		return fmt.Errorf("%s needs a folder with sdn.csv, alt.csv and add.csv; %s is a file", format, path)
	case format != watchlist.OFACCSV && info.IsDir():
		return fmt.Errorf("%s needs a file; %s is a folder", format, path)
	}
	return nil
}

// publishedFolder holds the files that the demo's publisher serves.
func publishedFolder() (string, error) {
	folder, err := stage.StateFolder()
	return filepath.Join(folder, "published"), err
}

func startPublisher(s *stage.Stage, o options) (*stage.Publisher, error) {
	listen, err := listenAddress(s, o)
	if err != nil {
		return nil, err
	}
	published, err := publishedFolder()
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(published); err != nil {
		return nil, err
	}
	publisher, err := stage.NewPublisher(published)
	if err != nil {
		return nil, err
	}
	return publisher, spawnPublisher(filepath.Dir(published), published, listen)
}
