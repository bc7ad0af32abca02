// Package bosfake is a stand-in for the Boot Orchestration Service (BOS v2.50) and
// for TAPMS, which knows the tenants: what tests of the sync read instead of a real
// system. It answers the read side of BOS's REST API as BOS does, from records that
// the test owns, and goes wrong in every way that the test orders.
//
// A [BOS] is an [http.Handler]. Like the services themselves and the gateway before
// them, it answers under two addresses each:
//
//	/v2/…        /apis/bos/v2/…         components, sessions, version, healthz
//	/v1alpha3/…  /apis/tapms/v1alpha3/… tenants
//
// All that names a path here ([Fault], [Traffic]) means the short one.
//
// It is lenient where BOS is not: BOS answers 500 to a whole list when one record in
// it has null or a number where it wants an object; here the record is answered as it
// is, for it is the reader who shall be tested.
//
// Its methods are safe for use at the same time. They panic when they are told to
// change what is not there: then it is the test that is wrong.
package bosfake

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Record is a JSON object as BOS has it. The objects in it are Records, too.
type Record = map[string]any

// Options say what kind of BOS it is.
type Options struct {
	Now func() time.Time // its clock; time.Now if nil

	// Scan is what one component costs a request, so that a benchmark meets BOS's own
	// times: BOS goes through all there are for every page, however small, and twice
	// for a status. It took 40 µs where it was measured.
	Scan time.Duration
}

// BOS is the stand-in.
type BOS struct {
	Options
	mux *http.ServeMux

	mu         sync.Mutex // of all below
	components map[string]*component
	order      []*component // ascending by id, unless stale
	stale      bool
	sessions   map[bos.SessionKey]*session
	tenants    map[string][]byte
	token      string
	faults     []*Injected
	traffic    Traffic
	inside     int // requests being answered
}

// New makes a BOS without components, sessions and tenants.
func New(o Options) *BOS {
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &BOS{
		Options: o, mux: http.NewServeMux(),
		components: map[string]*component{}, sessions: map[bos.SessionKey]*session{}, tenants: map[string][]byte{},
		traffic: Traffic{ByPath: map[string]int{}},
	}
	for path, get := range map[string]getter{
		"/": func(*http.Request, *Fault) answer {
			return problem(http.StatusNotFound, "Not Found", "There is nothing at this address")
		},
		"/v2":                      getVersion,
		"/v2/version":              getVersion,
		"/v2/healthz":              getHealthz,
		"/v2/components":           b.getComponents,
		"/v2/components/{id}":      b.getComponent,
		"/v2/sessions":             b.getSessions,
		"/v2/sessions/{id}":        b.getSession,
		"/v2/sessions/{id}/status": b.getStatus,
		"/v1alpha3/tenants":        b.getTenants,
		"/v1alpha3/tenants/{id}":   b.getTenant,
	} {
		b.mux.HandleFunc(path, b.handle(get))
	}
	return b
}

// getter makes the answer to a request, spoiled by a fault. The lock is held.
type getter func(*http.Request, *Fault) answer

// ServeHTTP answers a request under either of its addresses.
func (b *BOS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := http.Handler(b.mux)
	switch {
	case strings.HasPrefix(r.URL.Path, "/apis/bos/v2"):
		h = http.StripPrefix("/apis/bos", h)
	case strings.HasPrefix(r.URL.Path, "/apis/tapms/v1alpha3"):
		h = http.StripPrefix("/apis/tapms", h)
	}
	h.ServeHTTP(w, r)
}

// handle lets a request meet the faults that are ordered for it, and a getter.
func (b *BOS) handle(get getter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fault, left := b.arrive(r.URL.Path)
		defer left()
		if fault.wait(r.Context()) != nil {
			return
		}
		if fault.Drop {
			panic(http.ErrAbortHandler)
		}
		a := b.answer(r, fault, get)
		if pause(r.Context(), time.Duration(a.scanned)*b.Scan) == nil {
			a.send(w, fault)
		}
	}
}

func (b *BOS) answer(r *http.Request, fault *Fault, get getter) answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.token != "" && r.Header.Get("Authorization") != "Bearer "+b.token:
		return text(http.StatusUnauthorized, "text/plain", "Jwt is missing")
	case fault.Status != 0:
		return fault.failure()
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return problem(http.StatusMethodNotAllowed, "Method Not Allowed", "The stand-in is only read")
	}
	return get(r, fault)
}

// RequireToken makes BOS answer 401 to requests without this bearer token; "" lifts
// that.
func (b *BOS) RequireToken(token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token = token
}

// Traffic is what has been asked of BOS.
type Traffic struct {
	Requests int
	ByPath   map[string]int // requests of each path, without the query
	AtOnce   int            // the most at the same time
	Spent    time.Duration  // on all of them that are over, one by one
}

// Traffic returns what has been asked since the beginning, or the last
// [BOS.ResetTraffic].
func (b *BOS) Traffic() Traffic {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.traffic
	t.ByPath = maps.Clone(t.ByPath)
	return t
}

// ResetTraffic begins to count anew.
func (b *BOS) ResetTraffic() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.traffic = Traffic{ByPath: map[string]int{}, AtOnce: b.inside}
}

// arrive notes a request and returns what shall go wrong with it, and what to call
// when it is over.
func (b *BOS) arrive(path string) (fault *Fault, left func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inside++
	b.traffic.Requests++
	b.traffic.ByPath[path]++
	b.traffic.AtOnce = max(b.traffic.AtOnce, b.inside)
	since := time.Now()
	return b.meet(path), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.inside--
		b.traffic.Spent += time.Since(since)
	}
}

// pause waits, but not longer than somebody waits for the answer.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
