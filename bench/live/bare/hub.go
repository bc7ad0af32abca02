package main

import (
	"context"
	"encoding/json"
	"log"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/bench/live/status"
)

// hub knows who watches which session.
type hub struct {
	reader *status.Reader

	mu     sync.Mutex
	groups map[string]*group // by name of the session
}

// group are the clients of one session.
type group struct {
	id      string // that all of them have given their subscription
	clients map[*client]struct{}
}

// message is what a subscriber gets.
type message struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Payload struct {
		Data struct {
			Status *status.SessionStatus `json:"sessionStatusUpdated"`
		} `json:"data"`
	} `json:"payload"`
}

func (h *hub) join(c *client, session, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.groups[session]
	if g == nil {
		g = &group{id: id, clients: map[*client]struct{}{}}
		h.groups[session] = g
	}
	g.clients[c] = struct{}{}
}

func (h *hub) leave(c *client, session string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g := h.groups[session]; g != nil {
		delete(g.clients, c)
	}
}

// follow broadcasts after each notice.
func (h *hub) follow(ctx context.Context) {
	notices := h.reader.Redis.PSubscribe(ctx, status.AllNotices)
	for {
		notice, err := notices.ReceiveMessage(ctx)
		if err != nil {
			log.Fatal(err) // the benchmark's Redis does not go away
		}
		h.broadcast(ctx, status.Named(notice.Channel))
	}
}

func (h *hub) broadcast(ctx context.Context, session string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.groups[session]
	if g == nil || len(g.clients) == 0 {
		return
	}
	m := message{ID: g.id, Type: "next"}
	var err error
	if m.Payload.Data.Status, err = h.reader.Read(ctx, session); err != nil {
		log.Print(err)
		return
	}
	text, err := json.Marshal(m)
	if err != nil {
		log.Print(err)
		return
	}
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	if err != nil {
		log.Print(err)
		return
	}
	for c := range g.clients {
		c.offer(prepared)
	}
}
