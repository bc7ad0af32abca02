package main

import (
	"encoding/binary"
	"sync"
)

// lane is one of the two goroutines of a lean server that write to all clients, one after the
// other. It is the floor of what a delivery can cost, one write(2) and little else, and no server
// to be used: a client that does not read holds up all others of its lane.
type lane struct {
	mu   sync.Mutex
	due  []*client // with a message to be written
	wake chan struct{}
}

func newLane() *lane {
	l := &lane{wake: make(chan struct{}, 1)}
	go l.write()
	return l
}

// offer has a message written to the client, in place of the one that is waiting.
func (l *lane) offer(c *client, m *message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.late == nil {
		l.due = append(l.due, c)
	}
	c.late = m
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// write writes what is due, client after client, without a deadline: see lane.
func (l *lane) write() {
	var due []*client
	var messages []*message
	for range l.wake {
		l.mu.Lock()
		// Two slices by turns, so that a round allocates nothing.
		due, l.due = l.due, due[:0]
		messages = messages[:0]
		for _, c := range due {
			messages = append(messages, c.late)
			c.late = nil
		}
		l.mu.Unlock()
		for i, c := range due {
			_, _ = c.conn.NetConn().Write(messages[i].frame) // fails only with the connection, whose reader notices
		}
	}
}

// frame is a text as WebSocket has it on the connection, of up to 64 KB.
func frame(text []byte) []byte {
	const final, textFrame, twoBytes = 0x80, 1, 126
	head := []byte{final | textFrame, byte(len(text))}
	if len(text) >= twoBytes {
		head = binary.BigEndian.AppendUint16([]byte{final | textFrame, twoBytes}, uint16(len(text)))
	}
	return append(head, text...)
}
