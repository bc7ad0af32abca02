package transport

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/bos"
)

// message is a message of the subprotocol.
type message struct {
	Type    string         `json:"type"`
	ID      *string        `json:"id"`
	Payload jsontext.Value `json:"payload"`
}

// object says whether the payload is an object, or nothing.
func (m *message) object() bool {
	return m.Payload == nil || m.Payload.Kind() == '{' || m.Payload.Kind() == 'n'
}

// receive does what a message says. It is called from the goroutine that reads, one message
// at a time, so that init and complete are seen in the order in which they were sent. A message
// that the subprotocol does not have closes the socket, with the code that it has for that.
func (c *socket) receive(text []byte) {
	// What a client sends after that may rely on answers that it does not get any more.
	if c.is(closing) {
		return
	}
	var m message
	if _, err := decode("the message", text, &m); err != nil {
		c.close(closeInvalid, err.Message)
		return
	}
	switch {
	case !m.object():
		c.close(closeInvalid, "The payload has to be an object")
	case m.Type == "connection_init":
		c.begin(m.Payload)
	case m.Type == "ping":
		c.pong(m.Payload)
	// It has been counted as a sign of life by reading it.
	case m.Type == "pong":
	case m.Type == "subscribe":
		c.subscribe(&m)
	case m.Type == "complete":
		c.complete(&m)
	default:
		c.close(closeInvalid, "There is no message type "+quote(m.Type)+" for a client")
	}
}

// begin lets the client ask for something, if it may.
func (c *socket) begin(payload []byte) {
	if !c.became(fresh, begun) {
		c.close(closeTooManyInits, "Too many initialisation requests")
		return
	}
	grant, err := c.streams.o.Authorize(c.streams.base, c.grant(), payload)
	if err != nil {
		code := int(closeForbidden)
		if bos.CodeOf(err) == bos.Unavailable { // clients take the other for the last word
			code = websocket.CloseTryAgainLater
		}
		c.close(code, err.Error())
		return
	}
	// Only now: a client that sends connection_init and is not let in is still one that did not begin.
	c.init.Stop()
	c.init = nil
	// Before the acknowledgement: the first operation may follow it at once, and needs its
	// rights.
	c.streams.share(grant, &c.connection)
	// It may have been closed while its token was verified, which can take a request to a
	// provider.
	if c.became(begun, open) {
		c.say(`{"type":"connection_ack"}`)
	}
}

// pong answers a ping with its own payload, as the subprotocol wants it.
func (c *socket) pong(payload []byte) {
	if payload == nil {
		c.say(`{"type":"pong"}`)
		return
	}
	c.say(`{"type":"pong","payload":`, string(payload), "}")
}

// complete ends an operation at the client's request. That comes too late at times, which is
// no mistake of the client's.
func (c *socket) complete(m *message) {
	if m.ID == nil || *m.ID == "" {
		c.close(closeInvalid, "A complete message has an id")
		return
	}
	c.mu.Lock()
	o := c.operations[*m.ID]
	delete(c.operations, *m.ID)
	c.mu.Unlock()
	if o != nil { // otherwise it has ended by itself meanwhile
		o.stop()
		c.Drop(o) // so that nothing of it comes under an id that may be used again
	}
}

// subscribe starts an operation. Its id is taken before it starts, under the lock that
// complete and close take it back under, so that none can be started and never stopped.
func (c *socket) subscribe(m *message) {
	if !c.is(open) {
		c.close(closeUnauthorized, "Unauthorized: send connection_init and wait for its acknowledgement first")
		return
	}
	if m.ID == nil || *m.ID == "" {
		c.close(closeInvalid, "A subscribe message has an id")
		return
	}
	// Decoded before the id is taken: a message that is refused leaves nothing behind.
	var w wire
	if _, err := decode("the payload", m.Payload, &w); err != nil || m.Payload == nil || w.Query == "" {
		c.close(closeInvalid, "A subscribe message's payload has a query, and may have operationName, variables and extensions")
		return
	}
	o := newOperation(c, *m.ID)
	c.mu.Lock()
	_, duplicate := c.operations[*m.ID]
	many, late := len(c.operations) >= c.streams.o.Subscriptions, c.state != open
	if !duplicate && !many && !late {
		c.operations[*m.ID] = o
	}
	c.mu.Unlock()
	switch {
	case late: // it is being closed
	case duplicate:
		c.close(closeDuplicate, "Subscriber for "+*m.ID+" already exists")
	case many:
		o.refuse("this connection has as many operations as it may have: complete some, or use another connection")
	default:
		o.start(&w, len(m.Payload), c.grant().Access)
	}
}

// quote is a text of the client's in a close reason.
func quote(s string) string { return jsonText(bos.Clip(s, 40)) }

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts of our own making, or decoded from JSON
	}
	return string(text)
}
