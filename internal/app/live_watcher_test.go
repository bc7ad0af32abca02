package app

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

// follow is what most watchers ask for.
const follow = `subscription($name: String!, $revision: Revision, $epoch: String) {
	sessionStatusUpdated(name: $name, sinceRevision: $revision, sinceEpoch: $epoch) {
		revision epoch stale status counts { active } errorSummary { message count } } }`

// watcher follows one subscription over a WebSocket of its own.
type watcher struct {
	query string
	vars  vars
	conn  *websocket.Conn
	gone  chan struct{} // closed when nothing comes any more

	mu       sync.Mutex
	last     map[string]any // the value of the newest message's field
	seen     []any          // those of all messages, if they are to be kept
	keep     bool
	freshAt  time.Time // when it was last told that it is not stale any more
	messages int
	raised   int    // how often it became stale
	lowered  int    // how often it ceased to be
	back     string // a revision that went backwards
	end      string // how the subscription ended, or the connection
}

// watch follows a subscription until the test ends.
func watch(t testing.TB, s *site, query string, variables vars) *watcher {
	t.Helper()
	w := &watcher{query: query, vars: variables, keep: true}
	if err := w.connect(s.base); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { leave(s, []*watcher{w}) })
	return w
}

// crowd lets several watch, each its own; those that connect at the same time are few.
func crowd(t testing.TB, s *site, n int, of func(i int) (query string, variables vars)) []*watcher {
	t.Helper()
	all := make([]*watcher, n)
	for i := range all {
		query, variables := of(i)
		all[i] = &watcher{query: query, vars: variables}
	}
	inParallel(t, all, func(w *watcher) error { return w.connect(s.base) })
	t.Cleanup(func() { leave(s, all) })
	return all
}

// leave ends the connections, and whatever was executed for them.
func leave(s *site, all []*watcher) {
	for _, w := range all {
		w.stop()
	}
	if s.app != nil {
		eventually(s.t, "nothing is executed for nobody", func() bool { return s.app.fanout.Executions() == 0 })
	}
}

func inParallel(t testing.TB, all []*watcher, do func(*watcher) error) {
	t.Helper()
	var running sync.WaitGroup
	defer running.Wait()
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

// connect subscribes at a server.
func (w *watcher) connect(base string) error {
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
	subscribe := map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": w.query, "variables": w.vars}}
	if err := conn.WriteJSON(subscribe); err != nil {
		return err
	}
	w.conn, w.gone = conn, make(chan struct{})
	go w.read(conn, w.gone)
	return nil
}

// stop ends the connection, and returns when the server has ended it, too.
func (w *watcher) stop() {
	if w.conn != nil {
		_ = w.conn.NetConn().(*net.TCPConn).CloseWrite() // it may have gone
		<-w.gone
		_ = w.conn.Close()
	}
}

// resume goes on at another server, from where it has come to.
func (w *watcher) resume(base string) error {
	<-w.gone
	w.mu.Lock()
	w.end = ""
	next := vars{"name": w.vars["name"], "revision": w.last["revision"], "epoch": w.last["epoch"]}
	w.vars = next
	w.mu.Unlock()
	return w.connect(base)
}

func (w *watcher) read(conn *websocket.Conn, gone chan<- struct{}) {
	defer close(gone)
	for {
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		err := conn.ReadJSON(&m)
		w.mu.Lock()
		switch {
		case err != nil && w.end == "":
			w.end = "lost"
		case err != nil:
		case m.Type == "next":
			w.next(m.Payload)
		case m.Type == "ping" || m.Type == "pong":
		default:
			w.end = strings.TrimSpace(m.Type + " " + string(m.Payload))
		}
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// next takes a message.
func (w *watcher) next(payload json.RawMessage) {
	var r reply
	if err := json.Unmarshal(payload, &r); err != nil || len(r.Errors) > 0 {
		w.end = "failed " + string(payload)
		return
	}
	before := w.last
	for _, field := range r.Data.(map[string]any) {
		w.last, _ = field.(map[string]any)
	}
	w.messages++
	if w.keep {
		w.seen = append(w.seen, w.last)
	}
	was, is := before["stale"] == true, w.last["stale"] == true
	if is && !was {
		w.raised++
	} else if was && !is {
		w.lowered++
		w.freshAt = time.Now()
	}
	old, _ := before["revision"].(float64)
	if now, ok := w.last["revision"].(float64); ok && now < old && before["epoch"] == w.last["epoch"] {
		w.back = fmt.Sprintf("from %v to %v", old, now)
	}
}

// now is the newest value of a field of the last message.
func (w *watcher) now(path string) any {
	w.mu.Lock()
	defer w.mu.Unlock()
	return at(w.last, path)
}

// has says whether a message, of those that are kept, has these values by path.
func (w *watcher) has(values vars) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.seen, func(m any) bool {
		for path, want := range values {
			if at(m, path) != want {
				return false
			}
		}
		return true
	})
}

func (w *watcher) ended() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.end
}

func (w *watcher) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.messages
}

// every waits until something is true of all watchers.
func every(t *testing.T, what string, all []*watcher, is func(*watcher) bool) {
	t.Helper()
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
				w.mu.Lock()
				defer w.mu.Unlock()
				t.Fatalf("%s: not so for %d of %d, one of them at %v, end %q", what, missing, len(all), w.last, w.end)
			}
		}
	}
}

func reached(revision any) func(*watcher) bool {
	return func(w *watcher) bool { return w.now("revision") == revision }
}

// neverBack checks that no revision went backwards, for anybody.
func neverBack(t *testing.T, all []*watcher) {
	t.Helper()
	for i, w := range all {
		w.mu.Lock()
		if w.back != "" {
			t.Errorf("watcher %d: the revision went %s", i, w.back)
		}
		w.mu.Unlock()
	}
}

// status asks a server for what watchers follow.
func (s *site) status(name string) map[string]any {
	s.t.Helper()
	r := s.must(`query($n: String!) { session(name: $n) { status { revision epoch stale status counts { active } errorSummary { message count } } } }`, vars{"n": name})
	status, _ := r.at("session.status").(map[string]any)
	return status
}
