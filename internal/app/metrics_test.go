package app_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// scrape reads the metrics of a server as Prometheus does.
func scrape(t *testing.T, s *apptest.Site, url string) map[string]*dto.MetricFamily {
	t.Helper()
	answer, err := s.Client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		t.Fatalf("%s: %s %s", url, answer.Status, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// valueOf is the value of one series, the labels of which have these values in the order of their names; for a
// histogram the number of its observations.
func valueOf(t *testing.T, families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	for _, m := range families[name].GetMetric() {
		var values []string
		for _, l := range m.GetLabel() {
			values = append(values, l.GetValue())
		}
		if fmt.Sprint(values) == fmt.Sprint(labels) {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	t.Errorf("there is no series %s %q", name, labels)
	return 0
}

// TestEveryDocumentedMetricIsServed uses a server that follows a BOS in every way that is counted.
func TestEveryDocumentedMetricIsServed(t *testing.T) {
	t.Parallel()
	f := followBOS(t, "redis://"+redistest.SharedServer(t), bosfake.New(bosfake.Options{}), "--metrics-listen", "127.0.0.1:0", "--webhooks", webhooksFile(t, ""))
	f.Must(`{ serverInfo { version } }`)
	f.Ask(`{ nothing }`)
	f.Get("/v2/sessions")
	f.Get("/v2/sessions/none")
	var families map[string]*dto.MetricFamily
	apptest.Eventually(t, "the server sends webhooks", func() bool {
		families = scrape(t, f.Site, "http://"+f.App.MetricsAddr()+"/metrics")
		return valueOf(t, families, "bosgraph_webhook_sender") == 1
	})
	documented := regexp.MustCompile("(?m)^\\| `(bosgraph_[a-z_]+)` \\| ([a-z]+) \\|").FindAllStringSubmatch(readFile(t, "../../docs/metrics.md"), -1)
	if len(documented) < 30 {
		t.Fatalf("only %d metrics are documented", len(documented))
	}
	for _, m := range documented {
		switch m[1] {
		case "bosgraph_sessions_ended_total": // comes with the first session: see TestMetricsFollowABoot
			continue
		case "bosgraph_tls_certificate_expiry_timestamp_seconds": // with TLS: see TestTheEndOfACertificateIsReported
			continue
		}
		if have := families[m[1]]; have == nil || strings.ToLower(have.GetType().String()) != m[2] {
			t.Errorf("%s, a %s, is served as %v", m[1], m[2], have)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if n := valueOf(t, families, "bosgraph_sync_sweep_duration_seconds"); n < 1 {
		t.Errorf("%v sweeps", n)
	}
	for _, one := range [][2]string{{"query", "ok"}, {"unknown", "refused"}, {"rest", "ok"}, {"rest", "refused"}} {
		if n := valueOf(t, families, "bosgraph_requests_total", one[0], one[1]); n != 1 {
			t.Errorf("%v: %v requests are counted", one, n)
		}
	}
	if _, body := f.Get("/metrics"); strings.Contains(body, "bosgraph_requests_total") {
		t.Error("with an address of their own, metrics are served at the other one, too")
	}
}

// TestMetricsFollowABoot boots one component, which somebody watches.
func TestMetricsFollowABoot(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("boot")
	s.Put(apptest.Powering("x1", "boot"), apptest.Powering("x2", "boot"))
	s.Update("boot", "status", "RUNNING")
	w := apptest.Watch(t, s, apptest.FollowRevision, apptest.Vars{"name": "boot"})
	apptest.Eventually(t, "there is a first status", func() bool { return w.Count() > 0 })

	families := scrape(t, s, s.Base+"/metrics")
	for name, want := range map[string]float64{
		"bosgraph_sessions running": 1, "bosgraph_sessions complete": 0, "bosgraph_session_components boot in_progress": 2,
		"bosgraph_session_components_in_phase boot powering_on": 2, "bosgraph_sessions_ended_total boot failed compute": 0,
		"bosgraph_connections": 1, "bosgraph_subscriptions": 1, "bosgraph_subscription_groups": 1, "bosgraph_watched_sessions": 1,
		"bosgraph_requests_total mutation ok": 3, "bosgraph_request_duration_seconds mutation": 3, "bosgraph_requests_total subscription ok": 1,
		"bosgraph_redis_up": 1, "bosgraph_stale": 0, "bosgraph_slow_clients_disconnected_total": 0, "bosgraph_problems": 0,
	} {
		words := strings.Fields(name)
		if have := valueOf(t, families, words[0], words[1:]...); have != want {
			t.Errorf("%s is %v, not %v", name, have, want)
		}
	}
	for _, name := range []string{"bosgraph_results_delivered_total", "bosgraph_redis_connections", "bosgraph_redis_exchange_duration_seconds"} {
		if have := valueOf(t, families, name); have < 1 {
			t.Errorf("%s is %v", name, have)
		}
	}
	s.Must(`mutation { patchComponents(input: {components: [{id: "x1", enabled: false}, {id: "x2", enabled: false}]}) { applied } }`)
	apptest.Eventually(t, "the end is counted", func() bool {
		families = scrape(t, s, s.Base+"/metrics")
		return valueOf(t, families, "bosgraph_sessions", "complete") == 1
	})
	var ended float64
	for _, outcome := range []string{"successful", "failed", "incomplete", "empty", "deleted"} {
		ended += valueOf(t, families, "bosgraph_sessions_ended_total", "boot", outcome, "compute")
	}
	if ended != 1 || valueOf(t, families, "bosgraph_session_duration_seconds", "boot") != 1 {
		t.Errorf("%v ends are counted", ended)
	}
}

// TestFaultsOfRedisAreCountedAsFailedRequests takes Redis away, and lets a reply of it be what none should be: each answer has
// data, null, and is counted by whose fault its errors are.
func TestFaultsOfRedisAreCountedAsFailedRequests(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	s := apptest.Serve(t, "redis://"+p.Addr())
	s.Session("s")
	count := func(outcome string) (n float64) {
		families := scrape(t, s, s.Base+"/metrics")
		for _, operation := range []string{"query", "mutation"} {
			n += valueOf(t, families, "bosgraph_requests_total", operation, outcome)
		}
		return n
	}
	answered := func(document, code, outcome string) {
		t.Helper()
		before := count(outcome)
		if r := s.Ask(document); r.Status != 294 || !slices.Contains(r.Codes(), code) {
			t.Errorf("%s is answered %d %s", document, r.Status, r.Body)
		}
		if n := count(outcome) - before; n != 1 {
			t.Errorf("%s, answered %s, is counted as %s %v times", document, code, outcome, n)
		}
	}
	const query = `{ serverInfo { version } session(name: "s") { status { percentFailed } } }`
	answered(`{ serverInfo { version } sessions(after: "nowhere") { edges { cursor } } }`, "BAD_USER_INPUT", "partial")

	redistest.Do(t, p.Addr(), "EVAL", "for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('TYPE', key).ok == 'hash' and string.find(key, ':s') then redis.call('SET', key, 'x') end end", "0")
	answered(query, "INTERNAL", "failed")

	p.Kill()
	answered(query, "UNAVAILABLE", "failed")
	answered(`mutation { putComponents(input: {components: [{id: "x2"}]}) { applied } }`, "UNAVAILABLE", "failed")
	if n := count("partial"); n != 1 {
		t.Errorf("%v requests are counted as partial", n)
	}
}

// TestMetricsNeedARole shows who may read them: what they show is of every tenant.
func TestMetricsNeedARole(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	for who, want := range map[string]int{
		"nobody": http.StatusUnauthorized, "tenant": http.StatusForbidden, "tenant-producer": http.StatusForbidden, "viewer": http.StatusOK, "admin": http.StatusOK,
	} {
		if status, body := g.as(who).Get("/metrics"); status != want || (status == http.StatusOK) != strings.Contains(body, "bosgraph_sessions{") {
			t.Errorf("%s gets %d: %s", who, status, apptest.Clip(body))
		}
	}
	g.as("nobody").Ask("{ serverInfo { version } }")
	g.as("nobody").Get("/v2/sessions")
	families := scrape(t, g.as("viewer"), g.Base+"/metrics")
	for _, operation := range []string{"unknown", "rest"} {
		if n := valueOf(t, families, "bosgraph_requests_total", operation, "refused"); n != 1 {
			t.Errorf("%s: %v requests without a token are counted", operation, n)
		}
	}
}

// TestTheNumberOfSeriesDoesNotGrowWithNames sends operations of many names.
func TestTheNumberOfSeriesDoesNotGrowWithNames(t *testing.T) {
	s := apptest.Serve(t, "")
	count := func() (n int) {
		for name, f := range scrape(t, s, s.Base+"/metrics") {
			if strings.HasPrefix(name, "bosgraph_") {
				n += len(f.GetMetric())
			}
		}
		return n
	}
	before := count()
	for i := range 200 {
		s.Must(fmt.Sprintf("query name%d { serverInfo { version } }", i))
	}
	if after := count(); after != before {
		t.Errorf("there were %d series, and are %d", before, after)
	}
}
