package app_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// watchOften is how often tests look at Redis.
const watchOften = 50 * time.Millisecond

// serveWatching is serveLogging with a server that looks at Redis often.
func serveWatching(t *testing.T, log *slog.Logger, redisURL string, options ...string) *apptest.Site {
	t.Helper()
	return apptest.Start(t, apptest.Parse(t, "serve", redisURL, options...), log, func(a *app.App) { a.WatchRedisEvery(watchOften) })
}

// evict has a Redis evict keys of the namespace: random ones, until enough are removed.
func evict(t *testing.T, address string) {
	t.Helper()
	redistest.Do(t, address, "CONFIG", "SET", "maxmemory-policy", "allkeys-random")
	used := 0
	for line := range strings.Lines(redistest.Do(t, address, "INFO", "memory")) {
		_, _ = fmt.Sscanf(line, "used_memory:%d", &used)
	}
	redistest.Do(t, address, "CONFIG", "SET", "maxmemory", fmt.Sprint(used-100_000))
	apptest.Eventually(t, "keys are evicted", func() bool {
		_, _ = redistest.Try(address, "SET", "filler", "x")
		n := 0
		for line := range strings.Lines(redistest.Do(t, address, "INFO", "stats")) {
			_, _ = fmt.Sscanf(line, "evicted_keys:%d", &n)
		}
		return n >= 100
	})
}

// room gives the Redis memory again, and the policy that bosgraph needs.
func room(t *testing.T, address string) {
	t.Helper()
	redistest.Do(t, address, "CONFIG", "SET", "maxmemory", "0")
	redistest.Do(t, address, "CONFIG", "SET", "maxmemory-policy", "noeviction")
}

func driftOf(t *testing.T, s *apptest.Site, address string) string {
	t.Helper()
	c, err := config.Parse([]string{"recount", "--redis-url", "redis://" + address, "--namespace", s.Namespace}, io.Discard, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := app.Recount(t.Context(), c, &out, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const staleness = `{ session(name: "s") { status { stale asOf } } serverInfo { epoch problems { reason } } }`

// TestEvictedKeysMakeEverythingStaleUntilARecount has a real Redis evict keys: all that is shown is stale until a recount has
// repaired what is left, and nothing of it is silent.
func TestEvictedKeysMakeEverythingStaleUntilARecount(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	log := &apptest.Journal{}
	s := serveWatching(t, apptest.TextLog(log), "redis://"+p.Addr())
	s.Session("s")
	var all []apptest.Vars
	for i := range 2000 {
		all = append(all, apptest.Powering(apptest.Xname(i), "s"))
	}
	s.Put(all...)
	before := s.Must(staleness)
	if before.At("session.status.stale") != false {
		t.Fatalf("at first: %s", before.Body)
	}
	began := time.Now()
	evict(t, p.Addr())
	// The session itself, or the epoch, may be among what is lost.
	apptest.Eventually(t, "all that is shown is stale", func() bool {
		r := s.Ask(staleness)
		return strings.Contains(string(r.Body), "REDIS_EVICTING") && (r.At("session") == nil || r.At("session.status.stale") == true)
	})
	noticed := time.Since(began)
	shown := s.Ask(staleness)
	if strings.Contains(string(shown.Body), "REDIS_MAY_EVICT") == false {
		t.Errorf("nothing is said of the policy: %s", shown.Body)
	}
	if _, body := s.Get("/readyz"); !strings.Contains(body, "REDIS_EVICTING: ") {
		t.Errorf("/readyz answers %s", body)
	}
	// Redis continues to evict while it has no room: the session may be lost between the two.
	again := s.Ask(staleness)
	if a, b := shown.At("session.status.asOf"), again.At("session.status.asOf"); b != nil && a != b {
		t.Errorf("asOf advances from %v to %v while it is stale", a, b)
	}
	for _, line := range []string{"Redis may evict keys", "Redis evicted keys: everything is stale until a recount has repaired it"} {
		if n := apptest.CountLines(log, `msg="`+line+`"`); n != 1 {
			t.Errorf("the log has %q %d times:\n%s", line, n, log)
		}
	}

	room(t, p.Addr())
	apptest.Eventually(t, "it is repaired", func() bool {
		return apptest.CountLines(log, `msg="recount after eviction found nothing wrong: no longer stale"`) == 1
	})
	after := s.Must(staleness)
	if after.At("session") != nil && after.At("session.status.stale") != false || strings.Contains(string(after.Body), "REDIS_") {
		t.Errorf("afterwards: %s", after.Body)
	}
	if after.At("serverInfo.epoch") == before.At("serverInfo.epoch") {
		t.Error("records were lost within one epoch")
	}
	if drift := driftOf(t, s, p.Addr()); drift != "drift 0\n" {
		t.Errorf("the recount says\n%s", drift)
	}
	redistest.Figure(t, "noticed at most %v after the eviction began, drift 0 after the recount", noticed.Round(time.Millisecond))
	if n := apptest.CountLines(log, "level=ERROR", `msg="recount after eviction repaired counters; evicted records are lost"`, "findings="); n == 0 {
		t.Errorf("the log does not say what was lost:\n%s", log)
	}
}

// TestEvictionIsReadAgainFromBOS has keys evicted that came from BOS: they are there again
// when nothing is stale any more.
func TestEvictionIsReadAgainFromBOS(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	fake, _ := sessionAtBOS(1000)
	log := &apptest.Journal{}
	s := serveWatching(t, apptest.TextLog(log), "redis://"+p.Addr(), "--bos-url", listenBOS(t, fake), "--bos-interval", "200ms")
	const managed = `{ session(name: "s") { status { stale counts { managed } } } components(first: 1) { totalCount } }`
	whole := func() bool {
		r := s.Ask(managed)
		return r.At("session.status.stale") == false && r.At("session.status.counts.managed") == 1000.0 && r.At("components.totalCount") == 1000.0
	}
	apptest.Eventually(t, "BOS is followed", whole)
	evict(t, p.Addr())
	apptest.Eventually(t, "the eviction is noticed", func() bool { return apptest.CountLines(log, `msg="Redis evicted keys`) == 1 })
	room(t, p.Addr())
	apptest.Eventually(t, "it is repaired", func() bool {
		return apptest.CountLines(log, `msg="recount after eviction found nothing wrong: no longer stale"`) == 1
	})
	if r := s.Ask(managed); !whole() {
		t.Errorf("when it is no longer stale, it is %s", r.Body)
	}
	if drift := driftOf(t, s, p.Addr()); drift != "drift 0\n" {
		t.Errorf("the recount says\n%s", drift)
	}
}

// TestMemoryAndDiskAreWatched finds out what no request has met yet.
func TestMemoryAndDiskAreWatched(t *testing.T) {
	t.Parallel()
	p := redistest.New(t, "--enable-protected-configs", "yes")
	log := &apptest.Journal{}
	s := serveWatching(t, apptest.TextLog(log), "redis://"+p.Addr())
	known := func(reason string) bool {
		_, body := s.Get("/readyz")
		return strings.Contains(body, "\n"+reason+": ")
	}
	used := 0
	for line := range strings.Lines(redistest.Do(t, p.Addr(), "INFO", "memory")) {
		_, _ = fmt.Sscanf(line, "used_memory:%d", &used)
	}
	redistest.Do(t, p.Addr(), "CONFIG", "SET", "maxmemory", fmt.Sprint(used+used/50))
	apptest.Eventually(t, "memory is nearly full", func() bool { return known("REDIS_MEMORY_NEARLY_FULL") })
	redistest.Do(t, p.Addr(), "CONFIG", "SET", "maxmemory", "0")
	apptest.Eventually(t, "there is room again", func() bool { return !known("REDIS_MEMORY_NEARLY_FULL") })

	troubles["disk"].begin(t, p)
	apptest.Eventually(t, "saving fails", func() bool { return known("REDIS_DISK_ERROR") })
	troubles["disk"].end(t, p)
	apptest.Eventually(t, "saving works", func() bool { return !known("REDIS_DISK_ERROR") })
	for _, line := range []string{"Redis memory is nearly full", "Redis failed to save its data"} {
		if n := apptest.CountLines(log, "level=WARN", `msg="`+line+`"`); n != 1 {
			t.Errorf("the log has %q %d times:\n%s", line, n, log)
		}
	}
	if n := apptest.CountLines(log, `msg="Redis problem resolved"`); n != 2 {
		t.Errorf("the log has the ends of 2 problems %d times:\n%s", n, log)
	}
}

// TestRedisThatMayNotBeWatched has a user who loses the right to run INFO: Redis can't be
// watched, and what changes something is refused, for without INFO nothing proves that
// Redis has all that was written.
func TestRedisThatMayNotBeWatched(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	redistest.Do(t, p.Addr(), "ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all")
	log := &apptest.Journal{}
	s := serveWatching(t, apptest.TextLog(log), "redis://app:secret@"+p.Addr())
	s.Session("s" + rand.Text())
	redistest.Do(t, p.Addr(), "ACL", "SETUSER", "app", "-info")
	apptest.Eventually(t, "the log says so", func() bool {
		return apptest.CountLines(log, `msg="cannot watch Redis: its user may not run INFO"`) == 1
	})
	before := apptest.Dump(t, p.Addr(), s.Namespace)
	if got := s.Ask(apptest.CreateSession, apptest.Vars{"in": apptest.Vars{"operation": "BOOT", "templateName": "t"}}); got.Reason() != "REDIS_NO_PERMISSION" {
		t.Errorf("a mutation is answered %s", got.Body)
	}
	if after := apptest.Dump(t, p.Addr(), s.Namespace); after != before {
		t.Errorf("what was refused has changed something:\n%s\n%s", before, after)
	}
}
