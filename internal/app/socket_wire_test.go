package app

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// wire is the client's end of a connection, with nothing in between that would mend
// or hide what is sent and what comes.
type wire struct {
	*net.TCPConn
	t     *testing.T
	s     *site
	in    *bufio.Reader
	where string // in the test
	over  bool   // a close frame has come
	asked bool   // the server pings: its pings are taken, until it has closed
}

// connect opens a connection and says nothing yet.
func (s *site) connect(t *testing.T) *wire {
	t.Helper()
	c, err := net.Dial("tcp", s.app.Addr())
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{TCPConn: c.(*net.TCPConn), t: t, s: s, in: bufio.NewReader(c)}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// header is one field of a request; several of a name are sent as they are, and an
// empty value leaves the default out.
type header struct{ name, value string }

// upgrade asks for a WebSocket. The headers replace those of an ordinary client.
func (w *wire) upgrade(request string, headers ...header) *http.Response {
	w.t.Helper()
	all := []header{
		{"Host", w.s.app.Addr()}, {"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"},
		{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, {"Sec-WebSocket-Protocol", "graphql-transport-ws"},
	}
	var text strings.Builder
	text.WriteString(request + " HTTP/1.1\r\n")
	for _, h := range all {
		given := false
		for _, other := range headers {
			given = given || other.name == h.name
		}
		if !given {
			headers = append(headers, h)
		}
	}
	for _, h := range headers {
		if h.value != "" {
			text.WriteString(h.name + ": " + h.value + "\r\n")
		}
	}
	w.write(text.String() + "\r\n")
	return w.response()
}

// response reads the head of an answer.
func (w *wire) response() *http.Response {
	w.t.Helper()
	w.until(patience)
	r, err := http.ReadResponse(w.in, nil)
	if err != nil {
		w.t.Fatalf("%s: no answer: %v", w.where, err)
	}
	return r
}

// open opens a WebSocket.
func (s *site) open(t *testing.T) *wire {
	t.Helper()
	w := s.connect(t)
	r := w.upgrade("GET /graphql")
	if r.StatusCode != http.StatusSwitchingProtocols || r.Header.Get("Sec-WebSocket-Protocol") != "graphql-transport-ws" {
		t.Fatalf("answered %s with the subprotocol %q", r.Status, r.Header.Get("Sec-WebSocket-Protocol"))
	}
	return w
}

// begin opens a WebSocket on which operations may be started.
func (s *site) begin(t *testing.T) *wire {
	t.Helper()
	w := s.open(t)
	w.send(initialize)
	w.expect(acknowledged)
	return w
}

func (w *wire) until(d time.Duration) {
	w.t.Helper()
	if err := w.SetReadDeadline(time.Now().Add(d)); err != nil {
		w.t.Fatalf("%s: %v", w.where, err)
	}
}

func (w *wire) write(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.TCPConn, text); err != nil {
		w.t.Fatalf("%s: can't send: %v", w.where, err)
	}
}

// The first bytes of frames.
const (
	textFrame   = 0x81
	binaryFrame = 0x82
	closeFrame  = 0x88
	pingFrame   = 0x89
	pongFrame   = 0x8a
)

// masked is a frame as a client has to send it.
func masked(first byte, payload string) string {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	frame := []byte{first}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, 0x80|byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	frame = append(frame, key[:]...)
	for i := range len(payload) {
		frame = append(frame, payload[i]^key[i%4])
	}
	return string(frame)
}

func (w *wire) send(message string) {
	w.t.Helper()
	w.write(masked(textFrame, message))
}

// frame reads a frame of the server's, which has to be whole in itself.
func (w *wire) frame() (first byte, payload []byte, err error) {
	w.t.Helper()
	for {
		first, payload, err = w.anyFrame()
		ping := first == pingFrame || string(payload) == `{"type":"ping"}`
		if err != nil || !w.asked || !ping {
			return first, payload, err
		}
	}
}

func (w *wire) anyFrame() (first byte, payload []byte, err error) {
	w.t.Helper()
	var head [8]byte
	if _, err := io.ReadFull(w.in, head[:2]); err != nil {
		return 0, nil, err
	}
	first, n := head[0], uint64(head[1])
	switch first {
	case textFrame, closeFrame, pingFrame, pongFrame:
	default:
		w.t.Fatalf("%s: a frame begins with %#x", w.where, first)
	}
	least := uint64(0)
	switch {
	case n > 127:
		w.t.Fatalf("%s: the server masks a frame", w.where)
	case n == 126:
		_, err = io.ReadFull(w.in, head[:2])
		n, least = uint64(binary.BigEndian.Uint16(head[:])), 126
	case n == 127:
		_, err = io.ReadFull(w.in, head[:])
		n, least = binary.BigEndian.Uint64(head[:]), 1<<16
	}
	if n < least || first&8 != 0 && n > 125 {
		w.t.Fatalf("%s: a frame %#x says its length %d in too many bytes", w.where, first, n)
	}
	if err == nil {
		payload = make([]byte, n)
		_, err = io.ReadFull(w.in, payload)
	}
	return first, payload, err
}

// text reads a message.
func (w *wire) text() []byte {
	w.t.Helper()
	w.until(patience)
	first, payload, err := w.frame()
	if err != nil || first != textFrame {
		w.t.Fatalf("%s: instead of a message came %#x %q, %v", w.where, first, clip(string(payload)), err)
	}
	return payload
}

// message reads a message of the subprotocol.
func (w *wire) message() (raw string, m map[string]any) {
	w.t.Helper()
	payload := w.text()
	if err := json.Unmarshal(payload, &m); err != nil || !utf8.Valid(payload) {
		w.t.Fatalf("%s: a message is %q, %v", w.where, clip(string(payload)), err)
	}
	return string(payload), m
}

// expect wants the next message to be the one that this JSON is.
func (w *wire) expect(want string) {
	w.t.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		w.t.Fatal(err)
	}
	if raw, got := w.message(); !reflect.DeepEqual(any(got), wanted) {
		w.t.Fatalf("%s: came %s\nwant %s", w.where, clip(raw), want)
	}
}

// closed wants the server to close now, and returns why it says it does.
func (w *wire) closed() (code int, reason string) {
	w.t.Helper()
	w.until(patience)
	first, payload, err := w.frame()
	if err != nil || first != closeFrame || len(payload) < 2 {
		w.t.Fatalf("%s: instead of a close frame came %#x %q, %v", w.where, first, clip(string(payload)), err)
	}
	w.over = true
	reason = string(payload[2:])
	if !utf8.ValidString(reason) {
		w.t.Errorf("%s: the reason %q is not UTF-8, which clients take for another error", w.where, reason)
	}
	return int(binary.BigEndian.Uint16(payload)), reason
}

// silent wants nothing more to come until the connection ends, which it has to now
// that the client ends its half, or for so long.
func (w *wire) silent(d time.Duration) {
	w.t.Helper()
	w.until(d)
	rest, err := io.ReadAll(w.in)
	if len(rest) > 0 {
		w.t.Errorf("%s: more came: %q", w.where, clip(string(rest)))
	}
	if d == patience && errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Errorf("%s: the connection does not end", w.where)
	}
}

// finish wants the server to have nothing more to say, and to take an end.
func (w *wire) finish() {
	w.t.Helper()
	w.where = "the end"
	if err := w.CloseWrite(); err != nil {
		w.t.Fatal(err)
	}
	w.silent(patience)
}

// The messages that most conversations begin with.
const (
	initialize   = `{"type":"connection_init"}`
	acknowledged = `{"type":"connection_ack"}`
)

// subscribe is the message that starts an operation.
func subscribe(id, query string, variables ...vars) string {
	payload := vars{"query": query}
	if len(variables) > 0 {
		payload["variables"] = variables[0]
	}
	text, err := json.Marshal(vars{"id": id, "type": "subscribe", "payload": payload})
	if err != nil {
		panic(fmt.Sprintf("a test's own request: %v", err))
	}
	return string(text)
}
