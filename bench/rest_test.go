package bench

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// secondsOfBOS is what BOS v2.50 itself takes for one status at 100,000 components, on
// Redis 7.0 and two cores: measured elsewhere, with its own code.
const secondsOfBOS = 7.9

// BenchmarkREST asks for one session's status under BOS's address as fast as wrk can,
// with 100,000 components stored.
func BenchmarkREST(b *testing.B) {
	if _, err := exec.LookPath("wrk"); err != nil {
		b.Fatal("wrk is not installed: it is in Debian's package of that name")
	}
	redis := redistest.Server(b)
	n := atMost(b, 100_000)
	s := newSite(b, redis, "rest")
	names := []string{sessionName(0), sessionName(1)}
	s.create(b, names)
	l := layout{sessions: 2, each: n - smallSession}
	s.load(b, n, func(i int) []byte { return l.small(i, 0) })
	s.start(b, names)
	for _, test := range []struct{ size, name string }{{"all", names[0]}, {"100", names[1]}} {
		b.Run("session="+test.size, func(b *testing.B) {
			alone, stop := newServer(b, "--redis-url", "redis://"+redis, "--namespace", "rest")
			defer stop()
			url := alone.url + "/v2/sessions/" + test.name + "/status"
			wrk(b, url, time.Second) // so that it is warm
			for b.Loop() {
				perSecond, p99 := wrk(b, url, 5*time.Second)
				b.ReportMetric(perSecond, "requests/s")
				b.ReportMetric(float64(p99.Microseconds())/1000, "p99-ms")
				b.ReportMetric(perSecond*secondsOfBOS, "times-BOS")
			}
		})
	}
}

// wrk asks again and again, over 64 connections.
func wrk(b *testing.B, url string, d time.Duration) (perSecond float64, p99 time.Duration) {
	b.Helper()
	out, err := exec.Command("wrk", "-t", "1", "-c", "64", "-d", fmt.Sprint(int(d.Seconds())), "--latency", url).CombinedOutput()
	if err != nil || strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		b.Fatalf("wrk: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		switch f := strings.Fields(line); {
		case len(f) == 2 && f[0] == "Requests/sec:":
			perSecond, err = strconv.ParseFloat(f[1], 64)
		case len(f) == 2 && f[0] == "99%":
			p99, err = time.ParseDuration(f[1])
		}
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	return perSecond, p99
}
