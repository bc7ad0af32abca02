package apptest

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

// Wire is the client's end of a connection, with nothing in between that would repair
// or hide what is sent and what comes.
type Wire struct {
	*net.TCPConn
	T     *testing.T
	S     *Site
	In    *bufio.Reader
	Where string // in the test
	Over  bool   // a close frame has come
	Asked bool   // the server pings: its pings are taken, until it has closed
}

// Connect opens a connection and says nothing yet.
func (s *Site) Connect(t *testing.T) *Wire {
	t.Helper()
	c, err := net.Dial("tcp", s.Host())
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{TCPConn: c.(*net.TCPConn), T: t, S: s, In: bufio.NewReader(c)}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// Header is one field of a request; several of a name are sent as they are, and an
// empty value leaves the default out.
type Header [2]string

// Upgrade asks for a WebSocket. The headers replace those of an ordinary client.
func (w *Wire) Upgrade(request string, headers ...Header) *http.Response {
	w.T.Helper()
	all := []Header{
		{"Host", w.S.Host()}, {"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"},
		{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, {"Sec-WebSocket-Protocol", "graphql-transport-ws"},
	}
	var text strings.Builder
	text.WriteString(request + " HTTP/1.1\r\n")
	// Those of the test first, in its order: some tests are about a header that comes twice.
	for _, h := range all {
		given := false
		for _, other := range headers {
			given = given || other[0] == h[0]
		}
		if !given {
			headers = append(headers, h)
		}
	}
	for _, h := range headers {
		if h[1] != "" {
			text.WriteString(h[0] + ": " + h[1] + "\r\n")
		}
	}
	w.Write(text.String() + "\r\n")
	return w.Response()
}

// Response reads the head of an answer.
func (w *Wire) Response() *http.Response {
	w.T.Helper()
	w.Until(Patience)
	r, err := http.ReadResponse(w.In, nil)
	if err != nil {
		w.T.Fatalf("%s: no answer: %v", w.Where, err)
	}
	return r
}

// Open opens a WebSocket.
func (s *Site) Open(t *testing.T) *Wire {
	t.Helper()
	w := s.Connect(t)
	r := w.Upgrade("GET /graphql")
	if r.StatusCode != http.StatusSwitchingProtocols || r.Header.Get("Sec-WebSocket-Protocol") != "graphql-transport-ws" {
		t.Fatalf("answered %s with the subprotocol %q", r.Status, r.Header.Get("Sec-WebSocket-Protocol"))
	}
	return w
}

// Begin opens a WebSocket on which operations may be started.
func (s *Site) Begin(t *testing.T) *Wire {
	t.Helper()
	w := s.Open(t)
	w.Send(Initialize)
	w.Expect(Acknowledged)
	return w
}

// Until bounds how long the next reads may take.
func (w *Wire) Until(d time.Duration) {
	w.T.Helper()
	if err := w.SetReadDeadline(time.Now().Add(d)); err != nil {
		w.T.Fatalf("%s: %v", w.Where, err)
	}
}

// Write sends bytes as they are.
func (w *Wire) Write(text string) {
	w.T.Helper()
	if _, err := io.WriteString(w.TCPConn, text); err != nil {
		w.T.Fatalf("%s: can't send: %v", w.Where, err)
	}
}

// The first bytes of frames.
const (
	TextFrame   = 0x81
	BinaryFrame = 0x82
	CloseFrame  = 0x88
	PingFrame   = 0x89
	PongFrame   = 0x8a
)

// Masked is a frame as a client has to send it.
func Masked(first byte, payload string) string {
	// Any key will do, as long as the server takes it off again.
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

// Send sends a message in a frame.
func (w *Wire) Send(message string) {
	w.T.Helper()
	w.Write(Masked(TextFrame, message))
}

// Frame reads a frame of the server's, which has to be whole in itself.
func (w *Wire) Frame() (first byte, payload []byte, err error) {
	w.T.Helper()
	for {
		first, payload, err = w.anyFrame()
		ping := first == PingFrame || string(payload) == `{"type":"ping"}`
		if err != nil || !w.Asked || !ping {
			return first, payload, err
		}
	}
}

func (w *Wire) anyFrame() (first byte, payload []byte, err error) {
	w.T.Helper()
	var head [8]byte
	if _, err := io.ReadFull(w.In, head[:2]); err != nil {
		return 0, nil, err
	}
	first, n := head[0], uint64(head[1])
	switch first {
	case TextFrame, CloseFrame, PingFrame, PongFrame:
	default:
		w.T.Fatalf("%s: a frame begins with %#x", w.Where, first)
	}
	// A length has to be written in as few bytes as it takes: some clients refuse others.
	least := uint64(0)
	switch {
	case n > 127:
		w.T.Fatalf("%s: the server masks a frame", w.Where)
	case n == 126:
		_, err = io.ReadFull(w.In, head[:2])
		n, least = uint64(binary.BigEndian.Uint16(head[:])), 126
	case n == 127:
		_, err = io.ReadFull(w.In, head[:])
		n, least = binary.BigEndian.Uint64(head[:]), 1<<16
	}
	if n < least || first&8 != 0 && n > 125 {
		w.T.Fatalf("%s: a frame %#x says its length %d in too many bytes", w.Where, first, n)
	}
	if err == nil {
		payload = make([]byte, n)
		_, err = io.ReadFull(w.In, payload)
	}
	return first, payload, err
}

// Text reads a message.
func (w *Wire) Text() []byte {
	w.T.Helper()
	w.Until(Patience)
	first, payload, err := w.Frame()
	if err != nil || first != TextFrame {
		w.T.Fatalf("%s: instead of a message came %#x %q, %v", w.Where, first, Clip(string(payload)), err)
	}
	return payload
}

// Message reads a message of the subprotocol.
func (w *Wire) Message() (raw string, m map[string]any) {
	w.T.Helper()
	payload := w.Text()
	if err := json.Unmarshal(payload, &m); err != nil || !utf8.Valid(payload) {
		w.T.Fatalf("%s: a message is %q, %v", w.Where, Clip(string(payload)), err)
	}
	return string(payload), m
}

// Expect wants the next message to be the one that this JSON is.
func (w *Wire) Expect(want string) {
	w.T.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		w.T.Fatal(err)
	}
	// Compared as values: the order of keys is the server's own.
	if raw, got := w.Message(); !reflect.DeepEqual(any(got), wanted) {
		w.T.Fatalf("%s: came %s\nwant %s", w.Where, Clip(raw), want)
	}
}

// Closed wants the server to close now, and returns why it says it does.
func (w *Wire) Closed() (code int, reason string) {
	w.T.Helper()
	w.Until(Patience)
	first, payload, err := w.Frame()
	if err != nil || first != CloseFrame || len(payload) < 2 {
		w.T.Fatalf("%s: instead of a close frame came %#x %q, %v", w.Where, first, Clip(string(payload)), err)
	}
	w.Over = true
	reason = string(payload[2:])
	if !utf8.ValidString(reason) {
		w.T.Errorf("%s: the reason %q is not UTF-8, which clients take for another error", w.Where, reason)
	}
	return int(binary.BigEndian.Uint16(payload)), reason
}

// Silent wants nothing more to come until the connection ends, which it has to now
// that the client ends its half, or for so long.
func (w *Wire) Silent(d time.Duration) {
	w.T.Helper()
	w.Until(d)
	rest, err := io.ReadAll(w.In)
	if len(rest) > 0 {
		w.T.Errorf("%s: more came: %q", w.Where, Clip(string(rest)))
	}
	// With a shorter time, that nothing comes is all that is wanted.
	if d == Patience && errors.Is(err, os.ErrDeadlineExceeded) {
		w.T.Errorf("%s: the connection does not end", w.Where)
	}
}

// Finish wants the server to have nothing more to say, and to take an end.
func (w *Wire) Finish() {
	w.T.Helper()
	w.Where = "the end"
	if err := w.CloseWrite(); err != nil {
		w.T.Fatal(err)
	}
	w.Silent(Patience)
}

// The messages that most conversations begin with.
const (
	Initialize   = `{"type":"connection_init"}`
	Acknowledged = `{"type":"connection_ack"}`
)

// Subscribe is the message that starts an operation.
func Subscribe(id, query string, variables ...Vars) string {
	payload := Vars{"query": query}
	if len(variables) > 0 {
		payload["variables"] = variables[0]
	}
	text, err := json.Marshal(Vars{"id": id, "type": "subscribe", "payload": payload})
	if err != nil {
		panic(fmt.Sprintf("a test's own request: %v", err))
	}
	return string(text)
}

// Idle wants nothing to come for so long.
func (w *Wire) Idle(d time.Duration) {
	w.T.Helper()
	w.Until(d)
	// Looked at without taking it, so that a frame can be read as a whole for the message.
	if b, err := w.In.Peek(1); err == nil {
		first, payload, err := w.Frame()
		w.T.Fatalf("%s: nothing was to come, but %q %#x %q, %v", w.Where, b, first, Clip(string(payload)), err)
	}
}
