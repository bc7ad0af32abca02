package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/compare"
	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

// wholeBOS is the stand-in with the answers that BOS gives where the stand-in has none:
// they are those by which the REST API is tested.
type wholeBOS struct {
	*bosfake.BOS
	answers map[string]compatAnswer // by askedFor
	differs map[string]string       // likewise, compat.Request.Differs

	change  atomic.Pointer[func(*http.Request, []byte) []byte] // of bodies; nil for none
	asked   atomic.Int64
	inside  atomic.Int64
	atOnce  atomic.Bool
	methods atomic.Bool // something else than reading came
}

// askedFor is a key for each request of the list.
func askedFor(method, path string, headers http.Header) string {
	return fmt.Sprint(method, " ", path, " ", headers["Cray-Tenant-Name"], headers["Accept"])
}

// comparedWorld is the world of the list of requests as a BOS.
func comparedWorld(t *testing.T) *wholeBOS {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	var world compatWorld
	if err := json.Unmarshal(compatFile(t, "world.json", now), &world); err != nil {
		t.Fatal(err)
	}
	requests, err := compat.Requests()
	if err != nil {
		t.Fatal(err)
	}
	b := &wholeBOS{BOS: world.build(t), answers: map[string]compatAnswer{}, differs: map[string]string{}}
	answers := compatAnswers(t, now)
	for _, r := range requests {
		if !r.Reads() {
			continue
		}
		r = r.Fill(world.Names)
		headers := http.Header{}
		for key, value := range r.Headers {
			headers.Set(key, value)
		}
		key := askedFor(r.Method, r.Path, headers)
		b.answers[key], b.differs[key] = answers[r.ID], r.Differs
	}
	// So that the names found are those that the answers are about.
	b.answers[askedFor(http.MethodGet, "/v2/components?page_size=100", http.Header{})] = compatAnswer{
		Status: http.StatusOK, Type: "application/json",
		Body: []apptest.Vars{{"id": world.Names["component"]}, {"id": world.Names["other"]}},
	}
	return b
}

func (b *wholeBOS) key(r *http.Request) string {
	return askedFor(r.Method, strings.TrimPrefix(r.RequestURI, "/apis/bos"), r.Header)
}

// ServeHTTP implements [http.Handler].
func (b *wholeBOS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("User-Agent") != "bosgraph compare" {
		b.BOS.ServeHTTP(w, r) // the sync
		return
	}
	b.asked.Add(1)
	if b.inside.Add(1) > 1 {
		b.atOnce.Store(true)
	}
	defer b.inside.Add(-1)
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
		b.methods.Store(true)
	}
	a, known := b.answers[b.key(r)]
	recorder := httptest.NewRecorder()
	if !known {
		b.BOS.ServeHTTP(recorder, r)
	} else {
		if a.Type != "" {
			recorder.Header().Set("Content-Type", a.Type)
		}
		recorder.WriteHeader(a.Status)
		body, err := json.Marshal(a.Body)
		if err != nil {
			panic(err)
		}
		if a.Title != "" {
			body, _ = json.Marshal(map[string]any{"title": a.Title})
		}
		if a.Body != nil || a.Title != "" {
			recorder.Body.WriteString(strings.ReplaceAll(string(body), "{root}", "https://api-gw.example/apis/bos"))
		}
	}
	body := recorder.Body.Bytes()
	if change := b.change.Load(); change != nil {
		body = (*change)(r, body)
	}
	for key, values := range recorder.Header() {
		if key != "Content-Length" {
			w.Header()[key] = values
		}
	}
	if len(recorder.Header()["Content-Type"]) == 0 {
		w.Header()["Content-Type"] = nil // as BOS, which does not guess
	}
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(body) // fails for HEAD
}

// comparing runs the command's comparison of a BOS at that address with a server.
func comparing(t *testing.T, bosURL string, f followedSite, o compare.Options) (status int, out, complaint string) {
	t.Helper()
	o.BOS.URL, o.Settle = bosURL+"/apis/bos", 300*time.Millisecond
	if o.Server.URL == "" {
		o.Server.URL = f.Base
	}
	var stdout, stderr bytes.Buffer
	status = compare.Run(t.Context(), o, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// TestCompareFindsWhatDiffersFromTheFollowedBOS compares a server with the BOS that it follows.
func TestCompareFindsWhatDiffersFromTheFollowedBOS(t *testing.T) {
	t.Parallel()
	b := comparedWorld(t)
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	f := followBOS(t, "", b.BOS, "--tapms-url", listenBOS(t, b.BOS)+"/apis/tapms", "--base-path", "/boot")
	f.sweeps(2)
	change := func(to func(*http.Request, []byte) []byte) {
		b.asked.Store(0)
		b.change.Store(&to)
	}
	is := func(t *testing.T, o compare.Options, wantStatus int, want string) {
		t.Helper()
		status, out, complaint := comparing(t, server.URL, f, o)
		if status != wantStatus || out != want || complaint != "" {
			t.Errorf("exit status %d, %q\n%s\nwant %d\n%s", status, complaint, out, wantStatus, want)
		}
	}
	blue := compare.Options{Tenant: "blue"}

	is(t, blue, 0, "517 requests: 517 the same, 0 different on purpose, 0 different\n")
	if n := b.asked.Load(); n != 517+2 || b.atOnce.Load() || b.methods.Load() {
		t.Errorf("BOS was sent %d requests, several at once %v, others than reads %v", n, b.atOnce.Load(), b.methods.Load())
	}
	is(t, compare.Options{}, 0, "478 requests: 478 the same, 0 different on purpose, 0 different; 39 skipped, for lack of: tenant\n")

	// BOS's problems continue with the schema.
	change(func(r *http.Request, body []byte) []byte {
		if b.differs[b.key(r)] != "schema-text" {
			return body
		}
		return bytes.Replace(body, []byte(`","status":400`), []byte(`\n\nFailed validating","status":400`), 1)
	})
	is(t, blue, 0, "517 requests: 445 the same, 72 different on purpose, 0 different\n")

	done := func(r *http.Request) bool {
		return r.RequestURI == "/apis/bos/v2/sessions/done" && r.Header["Cray-Tenant-Name"] == nil
	}
	other := func(body []byte) []byte { return bytes.Replace(body, []byte(`"complete"`), []byte(`"over"`), 1) }
	change(func(r *http.Request, body []byte) []byte {
		if done(r) {
			return other(body)
		}
		return body
	})
	is(t, blue, 1, `GET /v2/sessions/done: $.status.status: BOS "over", bosgraph "complete"
517 requests: 516 the same, 0 different on purpose, 1 different
`)
	if n := b.asked.Load(); n != 517+3 {
		t.Errorf("BOS was sent %d requests", n)
	}
	blue.JSON = true
	status, out, _ := comparing(t, server.URL, f, blue)
	var report compare.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || status != 1 || report.Different != 1 || report.Same != 516 ||
		len(report.Differences) != 1 || report.Differences[0].At != "$.status.status" || report.SentToBOS != 520 {
		t.Errorf("exit status %d, %v: %s", status, err, out)
	}
	blue.JSON = false

	// What has arrived here by the second time is no difference.
	var once atomic.Bool
	change(func(r *http.Request, body []byte) []byte {
		if done(r) && once.CompareAndSwap(false, true) {
			return other(body)
		}
		return body
	})
	is(t, blue, 0, "517 requests: 517 the same, 0 different on purpose, 0 different\n")
}

// TestCompareFailsWhenASideCannotBeReached compares where one side does not answer, or stops to.
func TestCompareFailsWhenASideCannotBeReached(t *testing.T) {
	t.Parallel()
	b := comparedWorld(t)
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	f := followBOS(t, "", b.BOS)
	gone := httptest.NewServer(b)
	gone.Close()
	lost := func(bosURL string, o compare.Options, want string) {
		t.Helper()
		status, out, complaint := comparing(t, bosURL, f, o)
		if status != 2 || out != "" || !strings.Contains(complaint, want) {
			t.Errorf("exit status %d, %q, %s; want 2 and %s", status, complaint, out, want)
		}
	}
	lost(gone.URL, compare.Options{}, "BOS at "+gone.URL+"/apis/bos can't be reached: ")
	lost(server.URL, compare.Options{Server: compare.Side{URL: gone.URL}}, "bosgraph at "+gone.URL+"/apis/bos can't be reached: ")
	lost(server.URL+"/none", compare.Options{}, "is this the right URL?")
	lost(server.URL, compare.Options{BOS: compare.Side{TokenFile: "/nonexistent"}}, "/nonexistent")
	fails := func(_ *http.Request, body []byte) []byte {
		if b.asked.Load() > 100 {
			panic(http.ErrAbortHandler)
		}
		return body
	}
	b.asked.Store(0)
	b.change.Store(&fails)
	lost(server.URL, compare.Options{}, "can't be reached any more: ")
	b.change.Store(nil)
	b.RequireToken("right")
	lost(listenBOS(t, b.BOS), compare.Options{}, "refuses access to /v2/components?page_size=100 with status 401")
}
