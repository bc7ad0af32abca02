// Package compare sends the same read-only requests to a BOS and to a bosgraph that follows
// it, and reports where the answers differ: for a site's first afternoon with both.
//
// It is easy on BOS: one request at a time, only GET, HEAD and OPTIONS, no request more
// than twice, and a pause after each for as long as BOS took to answer.
package compare

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/internal/client"
	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

// Options say what to compare, and how.
type Options struct {
	BOS    Side   // without /v2
	Server Side   // the bosgraph, with its base path if it has one
	Tenant string // on whose behalf to ask, too; empty for none
	JSON   bool   // print one JSON object instead of lines

	// Settle is how long to wait before what differed is asked for a second time: long
	// enough for bosgraph to have read what has changed at BOS meanwhile. 0 for
	// [defaultSettle].
	Settle time.Duration
}

// defaultSettle is three sweeps at bosgraph's default interval, and a little more.
const defaultSettle = 10 * time.Second

// maxSilent is after how many requests in a row without an answer a side counts as lost.
const maxSilent = 3

// Report is what a comparison has found.
type Report struct {
	Requests    int          `json:"requests"` // that could be sent
	Same        int          `json:"same"`
	Argued      int          `json:"argued"`
	Different   int          `json:"different"`
	Skipped     int          `json:"skipped"` // about what this system does not have
	Missing     []string     `json:"missing"` // what that is: component, session, tenant …
	SentToBOS   int          `json:"sentToBOS"`
	Differences []Difference `json:"differences"` // those on purpose included, in the order of the list
}

// Run compares, prints the differences, and returns the status to exit with: 0 if all
// answers are the same or differ on purpose, 1 if some differ, 2 if one side can't be
// reached, 130 if ctx ended before that, as shells have it.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) int {
	report, err := run(ctx, o)
	if err == nil {
		err = report.write(stdout, o.JSON)
	}
	switch {
	case err != nil && ctx.Err() != nil: // no side is out of reach: nobody waits for it any more
		return 130
	case err != nil:
		fmt.Fprintln(stderr, "bosgraph compare:", err)
		return 2
	case report.Different > 0:
		return 1
	}
	return 0
}

// comparison is one in progress.
type comparison struct {
	bos, ours *side
	silent    map[*side]int // requests in a row without an answer
}

// run compares. Its error says which side can't be reached.
func run(ctx context.Context, o Options) (*Report, error) {
	bos, err := newSide("BOS", o.BOS)
	if err != nil {
		return nil, err
	}
	defer bos.http.CloseIdleConnections()
	o.Server.URL = strings.TrimRight(o.Server.URL, "/") + "/apis/bos"
	ours, err := newSide("bosgraph", o.Server)
	if err != nil {
		return nil, err
	}
	defer ours.http.CloseIdleConnections()
	if _, err := ours.need(ctx, "/v2/version"); err != nil {
		return nil, err
	}
	known, err := names(ctx, bos, o.Tenant)
	if err != nil {
		return nil, err
	}
	requests, report, err := choose(known)
	if err != nil {
		return nil, err
	}
	c := &comparison{bos: bos, ours: ours, silent: map[*side]int{}}
	found, err := c.pass(ctx, requests)
	if err != nil {
		return nil, err
	}
	// Values change by themselves and arrive here later than at BOS: only what is still
	// different after a while counts. One pause for all keeps this short.
	var again []compat.Request
	for _, r := range requests {
		if d, differs := found[r.ID]; differs && d.Argued == "" {
			again = append(again, r)
		}
	}
	if len(again) > 0 {
		if o.Settle == 0 {
			o.Settle = defaultSettle
		}
		if err := pause(ctx, o.Settle); err != nil {
			return nil, err
		}
		second, err := c.pass(ctx, again)
		if err != nil {
			return nil, err
		}
		for _, r := range again {
			delete(found, r.ID)
			if d, differs := second[r.ID]; differs {
				found[r.ID] = d
			}
		}
	}
	report.add(requests, found)
	if report.unanswered() { // by a service that refuses them, or by one that is away
		if _, err := bos.need(ctx, "/v2/version"); err != nil {
			return nil, err
		}
		if _, err := ours.need(ctx, "/v2/version"); err != nil {
			return nil, err
		}
	}
	report.SentToBOS = bos.sent
	return report, nil
}

// choose fills in the list of requests, without those that write and those about what the
// system does not have.
func choose(known compat.Names) ([]compat.Request, *Report, error) {
	all, err := compat.Requests()
	if err != nil {
		return nil, nil, err
	}
	report := &Report{Missing: []string{}, Differences: []Difference{}}
	var chosen []compat.Request
	for _, r := range all {
		if !r.Reads() {
			continue
		}
		r = r.Fill(known)
		missing := false
		for _, name := range []string{"component", "other", "session", "complete", "tenant"} {
			if needs(r, name) {
				missing = true
				if !slices.Contains(report.Missing, name) {
					report.Missing = append(report.Missing, name)
				}
			}
		}
		if missing {
			report.Skipped++
			continue
		}
		chosen = append(chosen, r)
	}
	return chosen, report, nil
}

// pass sends requests to both sides, BOS first, and returns the differences by the ids of
// the requests.
func (c *comparison) pass(ctx context.Context, requests []compat.Request) (map[string]Difference, error) {
	found := map[string]Difference{}
	for _, r := range requests {
		began := time.Now()
		theirs, err := c.ask(ctx, c.bos, r)
		if err != nil {
			return nil, err
		}
		took := time.Since(began)
		began = time.Now()
		own, err := c.ask(ctx, c.ours, r)
		if err != nil {
			return nil, err
		}
		if d, differs := compareAnswers(r, theirs, own, c.bos.URL, c.ours.URL); differs {
			d.Argued = argued(r, d, theirs, own)
			found[r.ID] = d
		}
		if err := pause(ctx, took-time.Since(began)); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// ask sends a request to a side. No answer is an answer, too, since BOS closes the
// connection on some requests; several in a row are not.
func (c *comparison) ask(ctx context.Context, s *side, r compat.Request) (answer, error) {
	a := s.ask(ctx, r)
	if a.err == nil {
		c.silent[s] = 0
		return a, nil
	}
	if err := ctx.Err(); err != nil {
		return a, err
	}
	if c.silent[s]++; c.silent[s] >= maxSilent {
		return a, fmt.Errorf("%s at %s can't be reached any more: %w", s.name, s.URL, a.err)
	}
	return a, nil
}

// pause waits, if there is something to wait for.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// needs says whether a name of the list's has not been filled in.
func needs(r compat.Request, name string) bool {
	return strings.Contains(r.Path+r.Headers[client.TenantHeader], "{"+name+"}")
}
