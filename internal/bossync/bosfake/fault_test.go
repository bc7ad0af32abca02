package bosfake_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// TestEachFaultReachesTheClient orders each fault once, and meets it over a real connection.
func TestEachFaultReachesTheClient(t *testing.T) {
	const whole = "x1 x2 x3 x4 x5"
	for _, test := range []struct {
		name   string
		fault  bosfake.Fault
		path   string // the list of components if empty
		status int    // 0 for no answer at all
		kind   string
		want   string // the ids in the list; or what the body begins with
		cut    bool   // there is no end to the body
	}{
		{name: "none", status: 200, want: whole},
		{name: "problem", fault: bosfake.Fault{Status: 503}, status: 503, kind: "application/problem+json", want: `{"detail":`},
		{name: "page of a gateway", fault: bosfake.Fault{Status: 502, HTML: true}, status: 502, kind: "text/html", want: "<html>"},
		{name: "dropped", fault: bosfake.Fault{Drop: true}},
		{name: "cut connection", fault: bosfake.Fault{CutConnection: true}, status: 200, want: `[{"enabled":true,"id":"x1"`, cut: true},
		{name: "cut body", fault: bosfake.Fault{CutBody: true}, status: 200, want: `[{"enabled":true,"id":"x1"`},
		{name: "repeated page", fault: bosfake.Fault{IgnoreAfter: true}, path: "/v2/components?page_size=2&start_after_id=x2", status: 200, want: "x1 x2"},
		{name: "short page", fault: bosfake.Fault{PageAtMost: 3}, path: "/v2/components?page_size=4", status: 200, want: "x1 x2 x3"},
		{name: "short page of all", fault: bosfake.Fault{PageAtMost: 3}, status: 200, want: "x1 x2 x3"},
		{name: "page below the limit", fault: bosfake.Fault{PageAtMost: 3}, path: "/v2/components?page_size=2", status: 200, want: "x1 x2"},
		{name: "empty", fault: bosfake.Fault{Empty: true}, status: 200, want: ""},
		{name: "holes", fault: bosfake.Fault{Without: []string{"x2", "x4"}}, status: 200, want: "x1 x3 x5"},
		{name: "wrong type", fault: bosfake.Fault{ContentType: "text/html"}, status: 200, kind: "text/html", want: whole},
		{name: "oversized", fault: bosfake.Fault{Pad: 200_000}, status: 200, want: whole},
		{name: "oversized and cut", fault: bosfake.Fault{Pad: 200_000, CutBody: true}, status: 200, want: "    "},
		{name: "short and cut", fault: bosfake.Fault{PageAtMost: 1, CutConnection: true}, status: 200, want: `[{"enabled":true,"id":"x1"`, cut: true},
		{name: "of another path", fault: bosfake.Fault{Path: "/v2/sessions", Status: 500}, status: 200, want: whole},
		{name: "of paths below", fault: bosfake.Fault{Path: "/v2/*", Status: 500}, status: 500, kind: "application/problem+json", want: `{"detail":`},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := furnished()
			server := serve(t, b)
			if test.fault.Times = 1; test.path == "" {
				test.path = "/v2/components"
			}
			if test.kind == "" {
				test.kind = "application/json"
			}
			b.Inject(test.fault)
			response, body, err := fetch(t, server, test.path)
			switch {
			case test.status == 0:
				if err == nil {
					t.Errorf("answered %d: %s", response.StatusCode, body)
				}
			case response == nil:
				t.Errorf("no answer: %v", err)
			default:
				if test.cut != errors.Is(err, io.ErrUnexpectedEOF) || !test.cut && err != nil {
					t.Errorf("the body ends with %v", err)
				}
				if kind := response.Header.Get("Content-Type"); response.StatusCode != test.status || kind != test.kind {
					t.Errorf("status %d, type %s", response.StatusCode, kind)
				}
				if have := idsIn(body); have != test.want && (have != "no list" || !strings.HasPrefix(string(body), test.want)) {
					t.Errorf("%d bytes: %.100s\nwant %q", len(body), body, test.want)
				}
				if len(body) < test.fault.Pad/2 {
					t.Errorf("only %d bytes", len(body))
				}
			}
			if _, body, err = fetch(t, server, "/v2/components"); err != nil || idsIn(body) != whole {
				t.Errorf("afterwards: %v, %s", err, body)
			}
		})
	}
}

// idsIn are the ids in a list, "no list" if it is none.
func idsIn(body []byte) string {
	var items []struct{ ID string }
	if json.Unmarshal(body, &items) != nil {
		return "no list"
	}
	var ids []string
	for _, item := range items {
		ids = append(ids, item.ID)
	}
	return strings.Join(ids, " ")
}

// TestFaultsLeaveOutSessionsAndTenants leaves out sessions and tenants.
func TestFaultsLeaveOutSessionsAndTenants(t *testing.T) {
	b := furnished()
	b.Inject(bosfake.Fault{Times: 2, Without: []string{"night", "blue"}})
	if have := names(t, b, "/v2/sessions", "", "name"); have != "new old" {
		t.Errorf("sessions without one: %q", have)
	}
	if have := object(t, b, "/v1alpha3/tenants", "")["items"].([]any); len(have) != 1 {
		t.Errorf("tenants without one: %v", have)
	}
	b.Inject(bosfake.Fault{Times: 1, Empty: true})
	if have := names(t, b, "/v2/sessions", "", "name"); have != "" {
		t.Errorf("no sessions: %q", have)
	}
	if have := names(t, b, "/v2/sessions", "", "name"); have != "new night night old" {
		t.Errorf("afterwards: %q", have)
	}
}

// TestFaultsMeetTheRequestsTheyAreFor counts: which requests a fault meets, until when, and together
// with which other one.
func TestFaultsMeetTheRequestsTheyAreFor(t *testing.T) {
	b := furnished()
	second := b.Inject(bosfake.Fault{Path: "/v2/components", Skip: 1, Times: 2, Status: 500})
	always := b.Inject(bosfake.Fault{Path: "/v2/*", ContentType: "odd"})
	var have []string
	for range 4 {
		w := ask(b, "/v2/components", "")
		have = append(have, w.Result().Status[:3]+" "+w.Header().Get("Content-Type"))
		ask(b, "/v2/sessions/night", "")
	}
	always.Lift()
	have = append(have, ask(b, "/v2/components", "").Header().Get("Content-Type"))
	if got, want := strings.Join(have, ", "), "200 odd, 500 odd, 500 odd, 200 odd, application/json"; got != want {
		t.Errorf("answered %s\nwant %s", got, want)
	}
	if second.Count() != 2 || always.Count() != 4 {
		t.Errorf("met %d and %d times", second.Count(), always.Count())
	}
	traffic := b.Traffic()
	if traffic.Requests != 9 || traffic.ByPath["/v2/components"] != 5 || traffic.ByPath["/v2/sessions/night"] != 4 || traffic.AtOnce != 1 {
		t.Errorf("%+v", traffic)
	}
	b.ResetTraffic()
	if traffic := b.Traffic(); traffic.Requests != 0 || len(traffic.ByPath) != 0 {
		t.Errorf("reset: %+v", traffic)
	}
}

// TestAnswersAreHeldUntilReleased holds answers back until the test opens the gate, or the client disconnects.
func TestAnswersAreHeldUntilReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := furnished()
		gate := make(chan struct{})
		held := b.Inject(bosfake.Fault{Path: "/v2/components", Until: gate})
		b.Inject(bosfake.Fault{Path: "/v2/components", PageAtMost: 1})
		select {
		case <-held.Met():
			t.Error("met before there was a request")
		default:
		}
		ctx, leave := context.WithCancel(t.Context())
		answers := make(chan string, 3)
		for i := range 3 {
			r := httptest.NewRequest(http.MethodGet, "/v2/components", nil)
			if i == 0 {
				r = r.WithContext(ctx)
			}
			go func() {
				w := httptest.NewRecorder()
				b.ServeHTTP(w, r)
				answers <- idsIn(w.Body.Bytes())
			}()
		}
		<-held.Met()
		synctest.Wait()
		if have := b.Traffic().AtOnce; have != 3 || len(answers) != 0 {
			t.Errorf("%d at once, and %d answered", have, len(answers))
		}
		leave()
		synctest.Wait()
		if len(answers) != 1 || <-answers != "no list" {
			t.Error("the client that had disconnected was answered, or another was")
		}
		if have := names(t, b, "/v2/sessions", "", "name"); have == "" {
			t.Error("a request for another path was held, too")
		}
		close(gate)
		if one, two := <-answers, <-answers; one != "x1" || two != "x1" {
			t.Errorf("answered %q and %q", one, two)
		}
	})
}

// TestDelaysAndSlownessTakeTheirTime measures delays and BOS's own slowness, in time that does not pass.
func TestDelaysAndSlownessTakeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bosfake.New(bosfake.Options{Scan: time.Millisecond})
		b.AddComponents(1000)
		b.PutSessionText(keyOf("s"), `{"name":"s","status":{"status":"complete","start_time":"2026-11-22T09:00:00","end_time":"2026-11-22T09:00:00"}}`)
		b.Inject(bosfake.Fault{Path: "/v2/healthz", Delay: time.Minute})
		spent := time.Duration(0)
		for _, test := range []struct {
			path string
			want time.Duration
		}{
			{"/v2/components?page_size=1", time.Second},
			{"/v2/components", time.Second},
			{"/v2/components/x1000c0s0b0n0", 0},
			{"/v2/sessions", 0},
			{"/v2/sessions/s/status", 2 * time.Second},
			{"/v2/healthz", time.Minute},
		} {
			since := time.Now()
			if w := ask(b, test.path, ""); w.Code != http.StatusOK || time.Since(since) != test.want {
				t.Errorf("%s: %d after %v, want %v", test.path, w.Code, time.Since(since), test.want)
			}
			spent += test.want
		}
		b.SaveStatus(keyOf("s"))
		if have := object(t, b, "/v2/sessions/s/status", ""); have["status"] != "complete" {
			t.Errorf("the saved status is %v", have)
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/healthz", nil).WithContext(ctx))
		if w.Body.Len() > 0 {
			t.Error("a client that had disconnected was answered")
		}
		if have := b.Traffic().Spent; have != spent+time.Second {
			t.Errorf("%v were spent, want %v", have, spent+time.Second)
		}
	})
}

func TestOnlyTheRightTokenIsAccepted(t *testing.T) {
	b := furnished()
	b.RequireToken("new")
	for header, want := range map[string]int{"": 401, "Bearer old": 401, "new": 401, "Bearer new": 200} {
		r := httptest.NewRequest(http.MethodGet, "/apis/bos/v2/components", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", header, w.Code, want)
		}
	}
	b.RequireToken("")
	if w := ask(b, "/v2/components", ""); w.Code != http.StatusOK {
		t.Errorf("without a requirement: %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodDelete, "/v2/components/x1", nil)
	w := httptest.NewRecorder()
	if b.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d", w.Code)
	}
}

// TestReadsAndChangesMayRunAtTheSameTime changes everything while it is read; for the race detector.
func TestReadsAndChangesMayRunAtTheSameTime(t *testing.T) {
	b := newBOS()
	ids := b.AddComponents(50)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			key := keyOf(string(rune('a' + i)))
			mine := ids[i*10 : i*10+10]
			for range 20 {
				b.CreateSession(key)
				b.Start(key, mine...)
				fault := b.Inject(bosfake.Fault{PageAtMost: 10, Times: 1})
				ask(b, "/v2/components?page_size=20", "")
				ask(b, "/v2/sessions/"+key.Name+"/status", "")
				b.Finish(mine...)
				b.Complete(key)
				b.SaveStatus(key)
				b.PutTenant("blue", mine...)
				names(t, b, "/v2/sessions", "", "name")
				fault.Lift()
				b.DeleteSession(key)
				b.Traffic()
			}
		})
	}
	all.Wait()
	if have := b.Traffic().Requests; have != 4*20*3 {
		t.Errorf("%d requests", have)
	}
}
