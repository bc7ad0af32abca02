package transport

import "encoding/binary"

// The first byte of frames as RFC 6455 has them, each whole in itself.
const (
	frameText  = 0x81
	frameClose = 0x88
	framePing  = 0x89
	framePong  = 0x8a
)

// appendFrame appends a frame of some parts, so that the id of a client and the payload that all
// share need not be joined before. What a server sends is not masked.
func appendFrame(to []byte, first byte, parts ...string) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	to = appendHead(to, first, n)
	for _, p := range parts {
		to = append(to, p...)
	}
	return to
}

// appendHead appends the head of a frame with n bytes in it. The length takes as few bytes as it
// fits into, which RFC 6455 demands: clients may refuse a longer form.
func appendHead(to []byte, first byte, n int) []byte {
	to = append(to, first)
	switch {
	case n < 126:
		return append(to, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(to, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(to, 127), uint64(n))
	}
}
