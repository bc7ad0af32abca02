package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// BenchmarkSessions lists the newest 100 of many sessions, each with its status.
func BenchmarkSessions(b *testing.B) {
	redis := redistest.Server(b)
	s := newSite(b, redis, "sessions")
	n := atMost(b, ingestComponents)
	l := layout{sessions: min(listedSessions, n/10)}
	l.each = n / l.sessions
	s.create(b, l.names())
	s.load(b, n, func(i int) []byte { return l.small(i, 0) })
	s.start(b, l.names())
	from, stats := newClient(b), dial(b, redis)

	document := query(b, fmt.Sprintf(`{ sessions(first: 100) { totalCount pageInfo { hasNextPage endCursor }
		edges { node { id name operation templateName status { %s } } } } }`, statusFields), nil)
	page := make([]request, rounds)
	for i := range page {
		page[i] = request{URL: s.url, Body: document, Want: fmt.Sprintf(`"totalCount":%d`, l.sessions)}
	}
	send := from.prepare(b, 1, page)
	send()        // connects
	const few = 5 // so that they take much less than a second
	counted := from.prepare(b, 1, page[:few])
	commands := stats.commands(b, few, func() { counted() })
	var took latencies
	for b.Loop() {
		took = append(took, send().Took...)
	}
	took.report(b, "")
	b.ReportMetric(commands, "commands/page")
	b.ReportMetric(0, "ns/op") // of many pages together: says nothing
}

// BenchmarkPaging pages through all components, 1,000 a page, and compares the
// first ten pages with the last ten, read by turns.
func BenchmarkPaging(b *testing.B) {
	const size, compared = 1000, 10
	s := newSite(b, redistest.Server(b), "paging")
	n := atMost(b, ingestComponents)
	l := layout{sessions: ingestSessions, each: n / ingestSessions}
	s.load(b, n, func(i int) []byte { return l.small(i, 0) })

	var pages []request
	for after := any(nil); ; {
		r := request{URL: s.url, Want: `"hasNextPage"`, Body: query(b, fmt.Sprintf(`query($after: String) { components(first: %d, after: $after) {
			edges { node { id enabled error session status { phase status statusOverride } } } pageInfo { hasNextPage endCursor } } }`, size),
			map[string]any{"after": after})}
		pages = append(pages, r)
		body, err := r.send(http.DefaultClient)
		if err != nil {
			b.Fatal(err)
		}
		var page struct {
			Data struct {
				Components struct {
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
		}
		if err := json.Unmarshal(body, &page); err != nil {
			b.Fatal(err)
		}
		if !page.Data.Components.PageInfo.HasNextPage {
			break
		}
		after = page.Data.Components.PageInfo.EndCursor
	}
	if len(pages) != n/size {
		b.Fatalf("%d components are %d pages", n, len(pages))
	}
	count := min(compared, len(pages)/2)
	var turns []request
	for i := range count {
		turns = append(turns, pages[i], pages[len(pages)-count+i])
	}
	send := newClient(b).prepare(b, 1, turns)
	var first, last latencies
	for b.Loop() {
		for i, d := range send().Took {
			if i%2 == 0 {
				first = append(first, d)
			} else {
				last = append(last, d)
			}
		}
	}
	first.report(b, "@first")
	last.report(b, "@last")
	b.ReportMetric(last.quantile(0.5)/first.quantile(0.5), "last/first")
	b.ReportMetric(0, "ns/op") // of many pages together: says nothing
}
