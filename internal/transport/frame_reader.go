package transport

import (
	"bufio"
	"encoding/binary"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// What frames are, by RFC 6455, 5.2.
const (
	opMore   = 0x0 // the next part of a message
	opText   = 0x1
	opBinary = 0x2
	opClose  = 0x8 // and from here on of control
	opPing   = 0x9
	opPong   = 0xa
)

// frameReader reads what the client of a WebSocket sends, a frame a call: a library that gives out
// messages waits for the next one with a stack in which it has read a pong; see [socket.await].
type frameReader struct {
	in      *bufio.Reader
	most    int64  // bytes of a message
	opcode  byte   // of the message that has begun; 0 for none
	message []byte // of it, the parts that have come
}

// brokenFrame is an error: a frame after which nothing can be read any more, and what the socket
// is closed with.
type brokenFrame struct {
	code   int
	reason string
}

func (e *brokenFrame) Error() string { return e.reason }

func notByProtocol(reason string) error {
	return &brokenFrame{websocket.CloseProtocolError, reason}
}

// next reads a frame. It returns what the frame is and has in it if it is of control, and the
// whole message with the last part of one; after other parts it returns opMore. An error is
// a [brokenFrame], or of the connection.
func (r *frameReader) next() (opcode byte, payload []byte, err error) {
	head, err := r.in.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	opcode, final, control := head[0]&0x0f, head[0]&0x80 != 0, head[0]&0x08 != 0
	// 126 and 127 say that the length is in the next two or eight bytes.
	length, size := uint64(head[1]&0x7f), 2
	switch length {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	switch {
	case head[0]&0x70 != 0:
		return 0, nil, notByProtocol("reserved bits of a frame are set")
	case head[1]&0x80 == 0:
		return 0, nil, notByProtocol("a frame is not masked")
	case control && (opcode > opPong || !final || size > 2):
		return 0, nil, notByProtocol("a frame of control is unknown, in parts or too long")
	case !control && (opcode > opBinary || (opcode == opMore) != (r.opcode != 0)):
		return 0, nil, notByProtocol("a frame is unknown or within another message")
	}
	if head, err = r.in.Peek(size + 4); err != nil {
		return 0, nil, err
	}
	switch size {
	case 4:
		length = uint64(binary.BigEndian.Uint16(head[2:]))
	case 10:
		length = binary.BigEndian.Uint64(head[2:])
	}
	mask := [4]byte(head[size:])
	_, _ = r.in.Discard(size + 4) // they are there
	if control {
		payload, err = r.payload(nil, int(length), mask)
		return opcode, payload, err
	}
	if length > uint64(r.most-int64(len(r.message))) {
		return 0, nil, &brokenFrame{code: websocket.CloseMessageTooBig}
	}
	if r.message, err = r.payload(r.message, int(length), mask); err != nil {
		return 0, nil, err
	}
	if opcode != opMore {
		r.opcode = opcode
	}
	if !final {
		return opMore, nil, nil
	}
	opcode, payload = r.opcode, r.message
	r.opcode, r.message = 0, nil
	return opcode, payload, nil
}

// payload appends what is in a frame, unmasked. It takes memory as bytes come, not as many as the
// frame claims to have.
func (r *frameReader) payload(to []byte, length int, mask [4]byte) ([]byte, error) {
	begin := len(to)
	for end := begin + length; len(to) < end; {
		at := len(to)
		part := min(end-at, max(at, readAhead))
		to = slices.Grow(to, part)[:at+part]
		if _, err := io.ReadFull(r.in, to[at:]); err != nil {
			return nil, err
		}
	}
	unmask(to[begin:], mask)
	return to, nil
}

// readAhead is how much memory, in bytes, a frame is given before anything of it has come.
const readAhead = 4 << 10

// unmask undoes what RFC 6455, 5.3 has clients do, eight bytes at a time where there are as many.
func unmask(b []byte, mask [4]byte) {
	key := uint64(binary.LittleEndian.Uint32(mask[:]))
	key |= key << 32
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^key)
	}
	for i := range b {
		b[i] ^= mask[i%4]
	}
}

// closeCode is the code to answer a close frame with that had this in it.
func closeCode(payload []byte) int {
	if len(payload) == 0 {
		return websocket.CloseNoStatusReceived
	}
	if len(payload) == 1 || !utf8.Valid(payload[2:]) {
		return websocket.CloseProtocolError
	}
	switch code := int(binary.BigEndian.Uint16(payload)); {
	case code >= 3000 && code < 5000,
		code >= websocket.CloseNormalClosure && code <= websocket.CloseUnsupportedData,
		code >= websocket.CloseInvalidFramePayloadData && code <= websocket.CloseTryAgainLater:
		return code
	default:
		return websocket.CloseProtocolError
	}
}
