package apptest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Follow is what most watchers ask for.
const Follow = `subscription($name: String!, $revision: Revision, $epoch: String) {
	sessionStatusUpdated(name: $name, sinceRevision: $revision, sinceEpoch: $epoch) {
		revision epoch stale status counts { active } errorSummary { message count } } }`

// Watcher follows one subscription over a WebSocket of its own.
type Watcher struct {
	Query string
	Vars  Vars
	conn  *websocket.Conn
	gone  chan struct{} // closed when nothing comes any more

	Mu       sync.Mutex
	Last     map[string]any // the value of the newest message's field
	Seen     []any          // those of all messages, if they are to be kept
	Keep     bool
	FreshAt  time.Time // when it last became fresh again
	messages int
	Raised   int    // how often it became stale
	Lowered  int    // how often it ceased to be
	Back     string // a revision that went backwards
	End      string // how the subscription ended, or the connection
	lostAt   time.Time
	Gap      time.Duration // the longest time from losing a server to the next message
}

// Watch follows a subscription until the test ends.
func Watch(t *testing.T, s *Site, query string, variables Vars) *Watcher {
	t.Helper()
	w := &Watcher{Query: query, Vars: variables, Keep: true}
	if err := w.Connect(s.Base); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Leave(s, []*Watcher{w}) })
	return w
}

// Crowd lets several watch, each its own; those that connect at the same time are few.
func Crowd(t *testing.T, s *Site, n int, of func(i int) (query string, variables Vars)) []*Watcher {
	t.Helper()
	all := make([]*Watcher, n)
	for i := range all {
		query, variables := of(i)
		all[i] = &Watcher{Query: query, Vars: variables}
	}
	InParallel(t, all, func(w *Watcher) error { return w.Connect(s.Base) })
	t.Cleanup(func() { Leave(s, all) })
	return all
}

// Leave ends the connections, and whatever was executed for them.
func Leave(s *Site, all []*Watcher) {
	for _, w := range all {
		w.stop()
	}
	if s.App != nil {
		// Each test that watches ends with this, so that none can leak an execution unnoticed.
		Eventually(s.T, "nothing is executed for nobody", func() bool { return s.App.Executions() == 0 })
	}
}

// InParallel does something for all watchers, for some at a time.
func InParallel(t *testing.T, all []*Watcher, do func(*Watcher) error) {
	t.Helper()
	var running sync.WaitGroup
	defer running.Wait()
	// All at once, connecting thousands would test the kernel's queue of connections.
	places := make(chan struct{}, 32)
	for _, w := range all {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			if err := do(w); err != nil {
				t.Error(err)
			}
		})
	}
}

// Connect subscribes at a server.
func (w *Watcher) Connect(base string) error {
	dialer := websocket.Dialer{
		Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 30 * time.Second,
		ReadBufferSize: 1024, WriteBufferSize: 256,
	}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(base, "http")+"/graphql", http.Header{})
	if err != nil {
		return err
	}
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"connection_init"}`)); err != nil {
		return err
	}
	if _, ack, err := conn.ReadMessage(); err != nil || !strings.Contains(string(ack), "connection_ack") {
		return fmt.Errorf("connection_init is answered %q, %w", ack, err)
	}
	subscribe := map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": w.Query, "variables": w.Vars}}
	if err := conn.WriteJSON(subscribe); err != nil {
		return err
	}
	w.conn, w.gone = conn, make(chan struct{})
	go w.read(conn, w.gone)
	return nil
}

// stop ends the connection, and returns when the server has ended it, too.
func (w *Watcher) stop() {
	if w.conn != nil {
		_ = w.conn.NetConn().(*net.TCPConn).CloseWrite() // it may be closed already
		<-w.gone
		_ = w.conn.Close()
	}
}

// Resume continues at another server, from where it has come to.
func (w *Watcher) Resume(base string) error {
	<-w.gone
	w.Mu.Lock()
	w.End = ""
	next := Vars{"name": w.Vars["name"], "revision": w.Last["revision"], "epoch": w.Last["epoch"]}
	w.Vars = next
	w.Mu.Unlock()
	return w.Connect(base)
}

func (w *Watcher) read(conn *websocket.Conn, gone chan<- struct{}) {
	defer close(gone)
	for {
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		err := conn.ReadJSON(&m)
		w.Mu.Lock()
		switch {
		case err != nil && w.End == "":
			w.End, w.lostAt = "lost", time.Now()
		case err != nil:
		case m.Type == "next":
			w.next(m.Payload)
		case m.Type == "ping" || m.Type == "pong":
		default:
			w.End = strings.TrimSpace(m.Type + " " + string(m.Payload))
		}
		w.Mu.Unlock()
		if err != nil {
			return
		}
	}
}

// next takes a message.
func (w *Watcher) next(payload json.RawMessage) {
	var r Reply
	if err := json.Unmarshal(payload, &r); err != nil || len(r.Errors) > 0 {
		w.End = "failed " + string(payload)
		return
	}
	before := w.Last
	for _, field := range r.Data.(map[string]any) {
		w.Last, _ = field.(map[string]any)
	}
	w.messages++
	if !w.lostAt.IsZero() {
		w.Gap, w.lostAt = max(w.Gap, time.Since(w.lostAt)), time.Time{}
	}
	// Only for few: thousands of watchers that keep all would need more memory than the server.
	if w.Keep {
		w.Seen = append(w.Seen, w.Last)
	}
	was, is := before["stale"] == true, w.Last["stale"] == true
	if is && !was {
		w.Raised++
	} else if was && !is {
		w.Lowered++
		w.FreshAt = time.Now()
	}
	old, _ := before["revision"].(float64)
	// Noted here, for every message: looked at afterwards, only the newest would be known.
	if now, ok := w.Last["revision"].(float64); ok && now < old && before["epoch"] == w.Last["epoch"] {
		w.Back = fmt.Sprintf("from %v to %v", old, now)
	}
}

// Now is the newest value of a field of the last message.
func (w *Watcher) Now(path string) any {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return At(w.Last, path)
}

// Has says whether a message, of those that are kept, has these values by path.
func (w *Watcher) Has(values Vars) bool {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return slices.ContainsFunc(w.Seen, func(m any) bool {
		for path, want := range values {
			if At(m, path) != want {
				return false
			}
		}
		return true
	})
}

// Ended is how the subscription has ended; empty while it has not.
func (w *Watcher) Ended() string {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.End
}

// Count is how many messages have come.
func (w *Watcher) Count() int {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	return w.messages
}

// Every waits until something is true of all watchers.
func Every(t *testing.T, what string, all []*Watcher, is func(*Watcher) bool) {
	t.Helper()
	// One for all of them: what is waited for happens to all at the same time.
	deadline := time.Now().Add(time.Minute)
	pulse := time.NewTicker(5 * time.Millisecond)
	defer pulse.Stop()
	for i, w := range all {
		for !is(w) {
			if <-pulse.C; time.Now().After(deadline) {
				missing := 0
				for _, other := range all[i:] {
					if !is(other) {
						missing++
					}
				}
				w.Mu.Lock()
				defer w.Mu.Unlock()
				t.Fatalf("%s: not so for %d of %d, one of them at %v, end %q", what, missing, len(all), w.Last, w.End)
			}
		}
	}
}

// Reached is whether a watcher has the state of that revision.
func Reached(revision any) func(*Watcher) bool {
	return func(w *Watcher) bool { return w.Now("revision") == revision }
}

// NeverBack checks that no revision went backwards, for anybody.
func NeverBack(t *testing.T, all []*Watcher) {
	t.Helper()
	for i, w := range all {
		w.Mu.Lock()
		if w.Back != "" {
			t.Errorf("watcher %d: the revision went %s", i, w.Back)
		}
		w.Mu.Unlock()
	}
}

// Status asks a server for what watchers follow.
func (s *Site) Status(name string) map[string]any {
	s.T.Helper()
	r := s.Must(`query($n: String!) { session(name: $n) { status { revision epoch stale status counts { active } errorSummary { message count } } } }`, Vars{"n": name})
	status, _ := r.At("session.status").(map[string]any)
	return status
}
