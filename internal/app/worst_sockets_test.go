package app_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// doublingDocument has n fragments, each of which spreads the next one twice.
func doublingDocument(n int) string {
	var b strings.Builder
	b.WriteString("{ ...F0 }")
	for i := range n {
		fmt.Fprintf(&b, " fragment F%d on Query { ...F%d ...F%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Query { __typename }", n)
	return b.String()
}

// silentSockets opens WebSockets that say nothing, and waits until all of them are closed.
func silentSockets(t *testing.T, s *apptest.Site, n int) worstCost {
	cost := worstCost{Status: "101", each: n}
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, ReadBufferSize: 256, WriteBufferSize: 256}
	var all []*websocket.Conn
	for range n {
		ws, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.Base, "http")+"/graphql", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		all = append(all, ws)
	}
	for _, ws := range all {
		_, _, err := ws.ReadMessage()
		if cost.Head = fmt.Sprint(err); !strings.Contains(cost.Head, "4408") {
			return cost
		}
	}
	return cost
}

// manySubscriptions subscribes more often over one WebSocket than it may, each time to something else.
func manySubscriptions(t *testing.T, s *apptest.Site, n int) worstCost {
	cost := worstCost{Status: "101", each: n}
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	ws, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.Base, "http")+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	refused := make(chan int)
	go func() {
		defer close(refused)
		for {
			_, text, err := ws.ReadMessage()
			if err != nil {
				return
			}
			if strings.Contains(string(text), `"error"`) {
				cost.Head = string(text)
				refused <- 1
			}
		}
	}()
	go func() {
		messages := []string{apptest.Initialize}
		for i := range n {
			messages = append(messages, apptest.Subscribe(fmt.Sprint(i), fmt.Sprintf(`subscription { sessionStatusUpdated(name: "wide") { a%d: revision } }`, i)))
		}
		for _, text := range messages {
			if ws.WriteMessage(websocket.TextMessage, []byte(text)) != nil {
				return
			}
		}
	}()
	const allowed = 100 // --max-subscriptions
	for range n - allowed {
		if _, ok := <-refused; !ok {
			t.Error("the socket was closed")
			return cost
		}
	}
	return cost
}

// socketStorm sends operations over one WebSocket that are each answered with as much as
// there may be.
func socketStorm(t *testing.T, s *apptest.Site, _ int) worstCost {
	const n = 20
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	ws, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.Base, "http")+"/graphql", nil)
	if err != nil {
		t.Error(err)
		return worstCost{}
	}
	defer ws.Close()
	cost := worstCost{Status: "101"}
	say := func(text string) {
		cost.Sent += int64(len(text))
		if err := ws.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Error(err)
		}
	}
	say(apptest.Initialize)
	for done := -1; done < n; {
		_, r, err := ws.NextReader()
		if err != nil {
			cost.Status = "cut off"
			return cost
		}
		head := make([]byte, 60)
		got, _ := io.ReadFull(r, head)
		more, _ := io.Copy(io.Discard, r)
		cost.Answered += int64(got) + more
		switch kind := string(head[:got]); {
		case done < 0:
			for i := range n {
				say(apptest.Subscribe(fmt.Sprint(i), `query($n: Int) { session(name: "wide") { components(first: $n) { edges { node { id error } } } } }`, apptest.Vars{"n": 500 + i}))
			}
			done = 0
		case strings.Contains(kind, `"complete"`), strings.Contains(kind, `"error"`):
			done++
		}
	}
	return cost
}
