// Package bosfake is a stand-in for the Boot Orchestration Service (BOS v2.50) and
// for TAPMS, which knows the tenants: what tests of the sync read instead of a real
// system. It answers the read side of BOS's REST API as BOS does, from records that
// the test owns, and goes wrong in every way that the test orders.
//
// A [BOS] is an [http.Handler]. Like the services themselves and the gateway before
// them, it answers under two addresses each:
//
//	/v2/…        /apis/bos/v2/…         components, sessions, session templates, options, version, healthz
//	/v1alpha3/…  /apis/tapms/v1alpha3/… tenants
//
// All that names a path here ([Fault], [Traffic]) means the short one.
//
// It is as strict as BOS: what BOS's OpenAPI does not allow is a 400, and what uWSGI's
// buffer does not hold fails as it does there (strict.go). In one thing it is lenient:
// BOS answers 500 to a whole list when one record in it has null or a number where it
// wants an object; here the record is answered as it is, to test its reader.
//
// Its methods are safe for use at the same time. They panic when a test
// changes what is not there: then it is the test that is wrong.
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
	// times ([MeasuredScan]): BOS goes through all there are for every page, however
	// small, and twice for a status. 0 for tests that are not about time.
	Scan time.Duration
}

// BOS is the stand-in.
type BOS struct {
	Options
	routes []route

	mu         sync.Mutex // of all below
	components map[string]*component
	order      []*component // ascending by id, unless stale
	stale      bool
	sessions   map[bos.SessionKey]*session
	tenants    map[string][]byte
	templates  map[bos.TemplateKey][]byte
	options    []byte
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
		Options:    o,
		components: map[string]*component{}, sessions: map[bos.SessionKey]*session{}, tenants: map[string][]byte{},
		templates: map[bos.TemplateKey][]byte{}, options: []byte(defaultOptions),
		traffic: Traffic{ByPath: map[string]int{}},
	}
	b.routes = []route{
		{"/", getVersions},
		{"/v2", getVersion},
		{"/v2/version", getVersion},
		{"/v2/healthz", getHealthz},
		{"/v2/components", b.getComponents},
		{"/v2/components/{id}", b.getComponent},
		{"/v2/applystaged", nil},
		{"/v2/sessions", b.getSessions},
		{"/v2/sessions/{id}", b.getSession},
		{"/v2/sessions/{id}/status", b.getStatus},
		{"/v2/sessiontemplates", b.getTemplates},
		{"/v2/sessiontemplates/{id}", b.getTemplate},
		{"/v2/sessiontemplatesvalid/{id}", b.getTemplateValidity},
		{"/v2/sessiontemplatetemplate", getTemplateExample},
		{"/v2/options", b.getOptions},
		{"/v1alpha3/tenants", b.getTenants},
		{"/v1alpha3/tenants/{id}", b.getTenant},
	}
	return b
}

// getter makes the answer to a request, spoiled by a fault. The lock is held.
type getter func(*http.Request, *Fault) answer

// ServeHTTP answers a request under either of its addresses. What goes wrong with it is met
// before anything looks at it.
func (b *BOS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = squeeze(r)
	path := r.URL.Path
	for prefix, below := range map[string]string{"/apis/bos": "/", "/apis/tapms": "/v1alpha3"} {
		if strings.HasPrefix(path, prefix+below) {
			path = strings.TrimPrefix(path, prefix)
			break
		}
	}
	fault, left := b.arrive(path)
	defer left()
	if fault.wait(r.Context()) != nil {
		return
	}
	if fault.Drop {
		panic(http.ErrAbortHandler)
	}
	a := b.answer(r, fault, path)
	if pause(r.Context(), time.Duration(a.scanned)*b.Scan) == nil {
		a.send(w, fault)
	}
}

func (b *BOS) answer(r *http.Request, fault *Fault, path string) answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	to, id := b.find(path)
	switch {
	case b.token != "" && r.Header.Get("Authorization") != "Bearer "+b.token:
		return text(http.StatusUnauthorized, "text/plain", "Jwt is missing")
	case fault.Status != 0:
		return fault.failure()
	case to == nil:
		return b.elsewhere(r, path)
	case r.Method == http.MethodOptions: // BOS: Flask answers, and looks at no parameter
		return text(http.StatusOK, "text/html; charset=utf-8", "")
	case to.get == nil || r.Method != http.MethodGet && r.Method != http.MethodHead: // the stand-in is only read
		return problem(http.StatusMethodNotAllowed, "Method Not Allowed", "The method is not allowed for the requested URL.")
	}
	r.SetPathValue("id", id)
	if refused := refuse(r, to.pattern); refused != nil {
		return *refused
	}
	return to.get(r, fault)
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

// ResetTraffic begins to count again.
func (b *BOS) ResetTraffic() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.traffic = Traffic{ByPath: map[string]int{}, AtOnce: b.inside}
}

// arrive notes a request and returns what is to go wrong with it, and what to call
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
