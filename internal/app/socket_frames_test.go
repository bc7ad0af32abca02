package app

import (
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestSocketFrames sends frames of all kinds, whole and broken.
func TestSocketFrames(t *testing.T) {
	s := sessions(t)
	const (
		ping = `{"type":"ping"}`
		pong = `{"type":"pong"}`
		most = 64 << 10 // bytes of a message
	)
	sized := func(n int) string { return ping + strings.Repeat(" ", n-len(ping)) }
	converse(t, s, []conversation{
		{"in two fragments", false, []act{sendFrame(0x01, ping[:5]), sendFrame(0x80, ping[5:]), get(pong)}},
		{"in many, some of them empty", false, []act{
			sendFrame(0x01, ""), sendFrame(0x00, ping[:1]), sendFrame(0x00, ""), sendFrame(0x00, ping[1:]), sendFrame(0x80, ""), get(pong),
		}},
		{"a ping between fragments", false, []act{
			sendFrame(0x01, ping[:5]), sendFrame(pingFrame, "now"), getFrame(pongFrame, "now"), sendFrame(0x80, ping[5:]), get(pong),
		}},
		{"byte by byte", false, []act{func(w *wire) {
			for _, b := range []byte(masked(textFrame, ping)) {
				w.write(string([]byte{b}))
			}
		}, get(pong)}},
		{"several at once", false, []act{sendBytes(masked(textFrame, ping), masked(pingFrame, ""), masked(textFrame, ping)),
			get(pong), getFrame(pongFrame, ""), get(pong)}},

		{"a ping", false, []act{sendFrame(pingFrame, "payload \x00\xff"), getFrame(pongFrame, "payload \x00\xff")}},
		{"a ping of 125 bytes", false, []act{sendFrame(pingFrame, strings.Repeat("p", 125)), getFrame(pongFrame, strings.Repeat("p", 125))}},
		{"a pong that nobody asked for", false, []act{sendFrame(pongFrame, "pong")}},
		{"a close with a code", false, []act{sendFrame(closeFrame, "\x03\xe8bye"), closed(1000, "")}},
		{"a close with a code of its own", false, []act{sendFrame(closeFrame, "\x0f\xa1"), closed(4001, "")}},
		{"a close without a code", false, []act{sendFrame(closeFrame, ""), getFrame(closeFrame, "")}},
		{"a close with a code that is none", false, []act{sendFrame(closeFrame, "\x03\xed"), closed(1002, "")}},
		{"nothing is heard behind a close", false, []act{
			sendBytes(masked(closeFrame, "\x03\xe8"), masked(textFrame, ping)), closed(1000, ""),
		}},

		{"as large as may be", false, []act{send(sized(most)), get(pong)}},
		{"larger", false, []act{send(sized(most + 1)), closed(1009, "")}},
		{"larger in fragments", false, []act{sendFrame(0x01, sized(most)), sendFrame(0x80, " "), closed(1009, "")}},
		{"far larger, and still being sent", false, []act{send(sized(4 << 20)), closed(1009, "")}},
		{"not masked", false, []act{sendBytes("\x81\x0f" + ping), closed(1002, "")}},
		{"first reserved bit", false, []act{sendFrame(textFrame|0x40, ping), closed(1002, "")}},
		{"second reserved bit", false, []act{sendFrame(textFrame|0x20, ping), closed(1002, "")}},
		{"third reserved bit", false, []act{sendFrame(textFrame|0x10, ping), closed(1002, "")}},
		{"an unknown kind", false, []act{sendFrame(0x83, ping), closed(1002, "")}},
		{"an unknown kind of control", false, []act{sendFrame(0x8b, ping), closed(1002, "")}},
		{"a fragment of nothing", false, []act{sendFrame(0x80, ping), closed(1002, "")}},
		{"a message within another", false, []act{sendFrame(0x01, ping[:5]), sendFrame(textFrame, ping), closed(1002, "")}},
		{"a ping in fragments", false, []act{sendFrame(0x09, "p"), closed(1002, "")}},
		{"a ping of 126 bytes", false, []act{sendFrame(pingFrame, strings.Repeat("p", 126)), closed(1002, "")}},
	})
}

// TestSocketAfterClose shows that a close frame is the last of what the server sends,
// whatever goes on around it, and that the connection ends once both sides have sent
// one: the client waits for that.
func TestSocketAfterClose(t *testing.T) {
	s := serveLive(t, func(c *config.Config) { c.PingInterval = 50 * time.Millisecond })
	s.running("running", "x1")
	const prompt = time.Second // half of what a client is given to close
	ended := func(w *wire) {
		w.t.Helper()
		start := time.Now()
		w.silent(prompt)
		if time.Since(start) >= prompt {
			w.t.Errorf("%s: the server does not end the connection", w.where)
		}
	}
	still := func(w *wire) { // several ping intervals, and an update meanwhile
		w.t.Helper()
		w.s.put(powering("x"+w.LocalAddr().String()[len("127.0.0.1:"):], "running"))
		w.silent(300 * time.Millisecond)
	}
	for name, acts := range map[string][]act{
		"the server closes":                         {send(initialize), closed(4429, ""), still},
		"the server closes, and the client answers": {send(initialize), closed(4429, ""), sendFrame(closeFrame, "\x11\x4d"), ended},
		"the server closes, and the client asks":    {send(initialize), closed(4429, ""), sendFrame(pingFrame, ""), send(`{"type":"ping"}`), still},
		"a frame is broken":                         {sendFrame(0x83, ""), closed(1002, ""), still},
		"a frame is broken, and the client closes":  {sendFrame(0x83, ""), closed(1002, ""), sendFrame(closeFrame, "\x03\xea"), still},
		"a message is too large":                    {send(strings.Repeat(" ", 1<<17)), closed(1009, ""), still},
		"the client closes":                         {sendFrame(closeFrame, "\x03\xe8"), closed(1000, ""), ended},
		"the client closes, and there is an update": {sendFrame(closeFrame, "\x03\xe8"), closed(1000, ""), still},
		"the client closes, and goes on":            {sendBytes(masked(closeFrame, "\x03\xe8"), masked(pingFrame, "")), closed(1000, ""), still},
	} {
		t.Run(name, func(t *testing.T) {
			// One after the other: an update of one is told to all who watch.
			w := s.begin(t)
			w.asked = true
			w.s = s.with(t)
			for _, do := range append(watching(), acts...) {
				do(w)
			}
		})
	}
}

// TestSocketPingedByClient shows that a client that sends pings of its own, as many
// do by themselves, is served like any other for as long as it stays.
func TestSocketPingedByClient(t *testing.T) {
	s := sessions(t)
	w := s.begin(t)
	for _, do := range []act{
		send(subscribe("1", followActive, vars{"name": "running"})), next("1", "sessionStatusUpdated.counts.active", 1.0),
		sendFrame(pingFrame, "p"), getFrame(pongFrame, "p"),
		// Whatever time the answer was given must not limit what comes long after it.
		func(w *wire) { w.idle(1200 * time.Millisecond) },
		update(powering("x2", "running")), next("1", "sessionStatusUpdated.counts.active", 2.0),
		sendFrame(pingFrame, "q"), getFrame(pongFrame, "q"),
	} {
		do(w)
	}
	w.finish()
}
