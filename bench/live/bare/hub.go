package main

import (
	"context"
	"encoding/json"
	"log"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/bench/live/status"
)

// hub knows who watches which session.
type hub struct {
	reader   *status.Reader
	lanes    []*lane // that write to the clients; none if each has a writer of its own
	accepted atomic.Uint64

	mu     sync.Mutex
	groups map[string]*group // by name of the session
}

// group are the clients of one session.
type group struct {
	id      string // that all of them have given their subscription
	clients map[*client]struct{}
	last    *message // the newest; nil if it is not known
}

// message is what is sent to all clients of a group.
type message struct {
	prepared *websocket.PreparedMessage // for writers of gorilla's
	frame    []byte                     // for lanes: the same, as it is written to the connection
}

// next is what a subscriber gets.
type next struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Payload struct {
		Data struct {
			Status *status.SessionStatus `json:"sessionStatusUpdated"`
		} `json:"data"`
	} `json:"payload"`
}

// join has a client watch a session: first as it is, which is read unless the group has it.
func (h *hub) join(ctx context.Context, c *client, session, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.groups[session]
	if g == nil {
		g = &group{id: id, clients: map[*client]struct{}{}}
		h.groups[session] = g
	}
	if g.last == nil {
		var err error
		if g.last, err = h.read(ctx, g, session); err != nil {
			return err
		}
	}
	g.clients[c] = struct{}{}
	c.offer(g.last)
	return nil
}

func (h *hub) leave(c *client, session string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g := h.groups[session]; g != nil {
		if delete(g.clients, c); len(g.clients) == 0 {
			g.last = nil // nobody reads it again when it changes
		}
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

// broadcast reads a session once, and offers the same bytes to all that watch it.
func (h *hub) broadcast(ctx context.Context, session string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.groups[session]
	if g == nil || len(g.clients) == 0 {
		return
	}
	// Under the lock: nobody can join between the read and its broadcast, and keep an older
	// state.
	m, err := h.read(ctx, g, session)
	if err != nil {
		log.Print(err)
		return
	}
	g.last = m
	for c := range g.clients {
		c.offer(m)
	}
}

// read makes a message of a session as it is.
func (h *hub) read(ctx context.Context, g *group, session string) (*message, error) {
	m := next{ID: g.id, Type: "next"}
	var err error
	if m.Payload.Data.Status, err = h.reader.Read(ctx, session); err != nil {
		return nil, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(h.lanes) > 0 {
		return &message{frame: frame(text)}, nil
	}
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	return &message{prepared: prepared}, err
}
