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
	mail chan *websocket.PreparedMessage
}

// offer leaves a message for the client in place of the one that it has not got
// yet. Only one goroutine at a time may call it.
func (c *client) offer(m *websocket.PreparedMessage) {
	select {
	case <-c.mail:
	default:
	}
	c.mail <- m
}

// write sends what is offered, until it is told to stop or the client does not read.
func (c *client) write() {
	defer c.conn.Close() // which ends the reading, too
	for m := range c.mail {
		_ = c.conn.SetWriteDeadline(time.Now().Add(writeDeadline)) // fails only with the connection
		if c.conn.WritePreparedMessage(m) != nil {
			return
		}
	}
}

// accept serves a connection: its goroutine reads, another one writes.
func (h *hub) accept(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the client has been told
	}
	defer conn.Close()
	c := &client{conn: conn, mail: make(chan *websocket.PreparedMessage, 1)}
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
			session = said.Payload.Variables.Name
			go c.write()
			h.join(c, session, said.ID)
		}
	}
	if session != "" {
		h.leave(c, session)
		close(c.mail) // nobody offers any more
	}
}
