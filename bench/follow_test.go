package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

const (
	followedSessions = 20
	sweptComponents  = 100_000
)

// boot makes a BOS with sessions that share its components, and its URL. scan is what a
// component costs it for one page.
func boot(b *testing.B, components, sessions int, scan time.Duration) (fake *bosfake.BOS, ids []string, url string) {
	b.Helper()
	fake = bosfake.New(bosfake.Options{Scan: scan})
	ids = fake.AddComponents(components)
	each := components / sessions
	for i := range sessions {
		key := bos.SessionKey{Name: sessionName(i)}
		fake.CreateSession(key)
		fake.Start(key, ids[i*each:(i+1)*each]...)
	}
	listener := httptest.NewServer(fake)
	b.Cleanup(listener.Close)
	return fake, ids, listener.URL
}

// BenchmarkFollow measures how long a change at BOS takes to a subscriber, as bosgraph
// is shipped: the server sweeps every 3 s, or as often as BOS is busy for half of the
// time, which takes as long for a page as the real one.
func BenchmarkFollow(b *testing.B) {
	for _, components := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(components), func(b *testing.B) { benchmarkFollow(b, components) })
	}
}

func benchmarkFollow(b *testing.B, components int) {
	fake, ids, url := boot(b, components, followedSessions, bosfake.MeasuredScan)
	s, _ := newServer(b, "--redis-url", "redis://"+redistest.Server(b), "--bos-url", url)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	seen := follow(b, ctx, s.url, sessionName(0), fake)
	var took latencies
	fake.ResetTraffic()
	began := time.Now()
	for i := 0; b.Loop(); i++ {
		// At any moment of a sweep, or between two.
		time.Sleep(rand.N(3 * time.Second))
		message := fmt.Sprint("change ", i)
		start := time.Now()
		fake.Patch(bosfake.Record{"error": message}, ids[i%(components/followedSessions)])
		for shown := range seen {
			if strings.Contains(shown, `"`+message+`"`) {
				break
			}
		}
		took = append(took, time.Since(start))
		fake.Patch(bosfake.Record{"error": ""}, ids[i%(components/followedSessions)])
	}
	b.ReportMetric(100*fake.Traffic().Spent.Seconds()/time.Since(began).Seconds(), "%-of-BOS")
	b.ReportMetric(took.quantile(0.5)/1e6, "p50-s")
	b.ReportMetric(took.quantile(1)/1e6, "max-s")
}

// follow subscribes to the errors of a session, once it is there, and hands on what
// comes.
func follow(b *testing.B, ctx context.Context, url, name string, fake *bosfake.BOS) <-chan string {
	b.Helper()
	for fake.Traffic().ByPath["/v2/sessions"] < 2 { // the first sweep is over
		time.Sleep(10 * time.Millisecond)
	}
	body, err := json.Marshal(map[string]string{
		"query": fmt.Sprintf(`subscription { sessionStatusUpdated(name: %q) { errorSummary { message } } }`, name),
	})
	if err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	seen := make(chan string, 100)
	go func() {
		defer response.Body.Close()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			seen <- lines.Text()
		}
	}()
	return seen
}

// BenchmarkSweep measures what a sweep of 100,000 components costs the server: the
// first, which stores everything, those that find one component in ten changed, and
// those that find nothing new.
func BenchmarkSweep(b *testing.B) {
	fake, ids, url := boot(b, sweptComponents, followedSessions, 0)
	s, _ := newServer(b, "--redis-url", "redis://"+redistest.Server(b), "--bos-url", url, "--bos-interval", "1s")
	sweep := func() time.Duration {
		before, from := s.computing(b), fake.Traffic().ByPath["/v2/sessions"]
		for fake.Traffic().ByPath["/v2/sessions"] == from { // the next begins when this one is over
			time.Sleep(5 * time.Millisecond)
		}
		return s.computing(b) - before
	}
	first := sweep() + sweep() // from the start to the first list of sessions, and from there
	var idle, changed []float64
	for i := 0; b.Loop(); i++ {
		idle = append(idle, sweep().Seconds())
		fake.Patch(bosfake.Record{"event_stats": bosfake.Record{"power_on_attempts": i}}, ids[:sweptComponents/10]...)
		changed = append(changed, sweep().Seconds())
		sweep() // which may have seen the rest of the change
	}
	b.ReportMetric(first.Seconds(), "cpu-s/first")
	b.ReportMetric(most(idle), "cpu-s/idle")
	b.ReportMetric(most(changed), "cpu-s/changed")
	b.ReportMetric(s.mostMemory(b), "MiB-most")
}

func most(all []float64) (m float64) {
	for _, one := range all {
		m = max(m, one)
	}
	return m
}
