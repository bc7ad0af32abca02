package transport_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
)

// TestASocketTakesWholeFramesAndRefusesBrokenOnes sends frames of all kinds, whole and broken.
func TestASocketTakesWholeFramesAndRefusesBrokenOnes(t *testing.T) {
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
			sendFrame(0x01, ping[:5]), sendFrame(apptest.PingFrame, "now"), getFrame(apptest.PongFrame, "now"), sendFrame(0x80, ping[5:]), get(pong),
		}},
		{"byte by byte", false, []act{func(w *apptest.Wire) {
			for _, b := range []byte(apptest.Masked(apptest.TextFrame, ping)) {
				w.Write(string([]byte{b}))
			}
		}, get(pong)}},
		{"several at once", false, []act{sendBytes(apptest.Masked(apptest.TextFrame, ping), apptest.Masked(apptest.PingFrame, ""), apptest.Masked(apptest.TextFrame, ping)),
			get(pong), getFrame(apptest.PongFrame, ""), get(pong)}},

		{"a ping", false, []act{sendFrame(apptest.PingFrame, "payload \x00\xff"), getFrame(apptest.PongFrame, "payload \x00\xff")}},
		{"a ping of 125 bytes", false, []act{sendFrame(apptest.PingFrame, strings.Repeat("p", 125)), getFrame(apptest.PongFrame, strings.Repeat("p", 125))}},
		{"a pong that nobody asked for", false, []act{sendFrame(apptest.PongFrame, "pong")}},
		{"a close with a code", false, []act{sendFrame(apptest.CloseFrame, "\x03\xe8bye"), closed(1000, "")}},
		{"a close with a code of its own", false, []act{sendFrame(apptest.CloseFrame, "\x0f\xa1"), closed(4001, "")}},
		{"a close without a code", false, []act{sendFrame(apptest.CloseFrame, ""), getFrame(apptest.CloseFrame, "")}},
		{"a close with a code that is none", false, []act{sendFrame(apptest.CloseFrame, "\x03\xed"), closed(1002, "")}},
		{"a close with half a code", false, []act{sendFrame(apptest.CloseFrame, "\x03"), closed(1002, "")}},
		{"a close with half a code, byte by byte", false, []act{func(w *apptest.Wire) {
			for _, b := range []byte(apptest.Masked(apptest.TextFrame, ping) + apptest.Masked(apptest.CloseFrame, "\x03")) {
				w.Write(string([]byte{b}))
			}
		}, get(pong), closed(1002, "")}},
		{"a length of 2^63", false, []act{sendBytes("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00mask"), closed(1009, "")}},
		{"nothing is read behind a close", false, []act{
			sendBytes(apptest.Masked(apptest.CloseFrame, "\x03\xe8"), apptest.Masked(apptest.TextFrame, ping)), closed(1000, ""),
		}},

		{"as large as may be", false, []act{send(sized(most)), get(pong)}},
		{"larger", false, []act{send(sized(most + 1)), closed(1009, "")}},
		{"larger in fragments", false, []act{sendFrame(0x01, sized(most)), sendFrame(0x80, " "), closed(1009, "")}},
		{"far larger, and still being sent", false, []act{send(sized(4 << 20)), closed(1009, "")}},
		{"not masked", false, []act{sendBytes("\x81\x0f" + ping), closed(1002, "")}},
		{"first reserved bit", false, []act{sendFrame(apptest.TextFrame|0x40, ping), closed(1002, "")}},
		{"second reserved bit", false, []act{sendFrame(apptest.TextFrame|0x20, ping), closed(1002, "")}},
		{"third reserved bit", false, []act{sendFrame(apptest.TextFrame|0x10, ping), closed(1002, "")}},
		{"an unknown kind", false, []act{sendFrame(0x83, ping), closed(1002, "")}},
		{"an unknown kind of control", false, []act{sendFrame(0x8b, ping), closed(1002, "")}},
		{"a fragment of nothing", false, []act{sendFrame(0x80, ping), closed(1002, "")}},
		{"a message within another", false, []act{sendFrame(0x01, ping[:5]), sendFrame(apptest.TextFrame, ping), closed(1002, "")}},
		{"a ping in fragments", false, []act{sendFrame(0x09, "p"), closed(1002, "")}},
		{"a ping of 126 bytes", false, []act{sendFrame(apptest.PingFrame, strings.Repeat("p", 126)), closed(1002, "")}},
	})
}

// TestACloseFrameIsTheLastThatASocketSends shows that a close frame is the last of what the server sends,
// whatever happens around it, and that the connection ends once both sides have sent
// one: the client waits for that.
func TestACloseFrameIsTheLastThatASocketSends(t *testing.T) {
	s := apptest.ServeLive(t, func(c *config.Config) { c.PingInterval = 50 * time.Millisecond })
	s.Running("running", "x1")
	const prompt = time.Second // half of what a client is given to close
	ended := func(w *apptest.Wire) {
		w.T.Helper()
		start := time.Now()
		w.Silent(prompt)
		if time.Since(start) >= prompt {
			w.T.Errorf("%s: the server does not end the connection", w.Where)
		}
	}
	still := func(w *apptest.Wire) { // several ping intervals, and an update meanwhile
		w.T.Helper()
		w.S.Put(apptest.Powering("x"+w.LocalAddr().String()[len("127.0.0.1:"):], "running"))
		w.Silent(300 * time.Millisecond)
	}
	for name, acts := range map[string][]act{
		"the server closes":                         {send(apptest.Initialize), closed(4429, ""), still},
		"the server closes, and the client answers": {send(apptest.Initialize), closed(4429, ""), sendFrame(apptest.CloseFrame, "\x11\x4d"), ended},
		"the server closes, and the client asks":    {send(apptest.Initialize), closed(4429, ""), sendFrame(apptest.PingFrame, ""), send(`{"type":"ping"}`), still},
		"a frame is broken":                         {sendFrame(0x83, ""), closed(1002, ""), still},
		"a frame is broken, and the client closes":  {sendFrame(0x83, ""), closed(1002, ""), sendFrame(apptest.CloseFrame, "\x03\xea"), still},
		"a message is too large":                    {send(strings.Repeat(" ", 1<<17)), closed(1009, ""), still},
		"the client closes":                         {sendFrame(apptest.CloseFrame, "\x03\xe8"), closed(1000, ""), ended},
		"the client closes, and there is an update": {sendFrame(apptest.CloseFrame, "\x03\xe8"), closed(1000, ""), still},
		"the client closes, and sends more":         {sendBytes(apptest.Masked(apptest.CloseFrame, "\x03\xe8"), apptest.Masked(apptest.PingFrame, "")), closed(1000, ""), still},
	} {
		t.Run(name, func(t *testing.T) {
			// One after the other: an update of one is sent to all watchers.
			w := s.Begin(t)
			w.Asked = true
			w.S = s.With(t)
			for _, do := range append(watching(), acts...) {
				do(w)
			}
		})
	}
}

// TestASocketAnswersPingFramesOfItsClient shows that a client that sends pings of its own, as many
// do by themselves, is served like any other for as long as it stays.
func TestASocketAnswersPingFramesOfItsClient(t *testing.T) {
	s := sessions(t)
	w := s.Begin(t)
	for _, do := range []act{
		send(apptest.Subscribe("1", apptest.FollowActive, apptest.Vars{"name": "running"})), next("1", "sessionStatusUpdated.counts.active", 1.0),
		sendFrame(apptest.PingFrame, "p"), getFrame(apptest.PongFrame, "p"),
		// Whatever time the answer was given must not limit what comes long after it.
		func(w *apptest.Wire) { w.Idle(1200 * time.Millisecond) },
		update(apptest.Powering("x2", "running")), next("1", "sessionStatusUpdated.counts.active", 2.0),
		sendFrame(apptest.PingFrame, "q"), getFrame(apptest.PongFrame, "q"),
	} {
		do(w)
	}
	w.Finish()
}
