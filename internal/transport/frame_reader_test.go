package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/iotest"
)

// clientFrame is a frame as a client sends it.
func clientFrame(first byte, payload []byte, mask uint32) []byte {
	frame := appendHead(nil, first, len(payload))
	frame[1] |= 0x80
	frame = binary.LittleEndian.AppendUint32(frame, mask)
	for i, b := range payload {
		frame = append(frame, b^byte(mask>>(i%4*8)))
	}
	return frame
}

// received is what a frameReader returns.
type received struct {
	opcode  byte
	payload string
}

// TestMessagesAreReadHoweverTheyAreDivided sends random messages in random parts, with pings
// between these, and lets reads end anywhere.
func TestMessagesAreReadHoweverTheyAreDivided(t *testing.T) {
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 0))
		some := func(most int) []byte {
			b := make([]byte, dice.IntN(most+1))
			for i := range b {
				b[i] = byte(dice.Uint32())
			}
			return b
		}
		var sent []byte
		var want []received
		for range 5 {
			message, opcode := some(1+dice.IntN(70_000)), byte(1+dice.IntN(2))
			want = append(want, received{opcode, string(message)})
			for first := opcode; ; first = opMore {
				part := message[:dice.IntN(len(message)+1)]
				if dice.IntN(3) == 0 {
					part = message
				}
				if message = message[len(part):]; len(message) == 0 {
					first |= 0x80
				}
				sent = append(sent, clientFrame(first, part, dice.Uint32())...)
				if first&0x80 != 0 {
					break
				}
				if dice.IntN(2) == 0 {
					ping := some(125)
					sent = append(sent, clientFrame(framePing, ping, dice.Uint32())...)
					want = append(want[:len(want)-1], received{opPing, string(ping)}, want[len(want)-1])
				}
			}
		}
		var in io.Reader = bytes.NewReader(sent)
		switch seed % 3 {
		case 0:
			in = iotest.HalfReader(in)
		case 1:
			in = iotest.OneByteReader(in)
		}
		r := frameReader{in: bufio.NewReaderSize(in, readBuffer), most: 70_000}
		for i := 0; i < len(want); {
			opcode, payload, err := r.next()
			if err != nil {
				t.Fatalf("seed %d: %v before message %d of %d", seed, err, i, len(want))
			}
			if opcode == opMore {
				continue
			}
			if opcode != want[i].opcode || string(payload) != want[i].payload {
				t.Fatalf("seed %d: %d is %d with %d bytes, want %d with %d", seed, i, opcode, len(payload), want[i].opcode, len(want[i].payload))
			}
			i++
		}
		if _, _, err := r.next(); err != io.EOF {
			t.Fatalf("seed %d: %v at the end", seed, err)
		}
	}
}

// TestAFrameTakesMemoryAsItComes lets a frame claim many bytes of which few have come.
func TestAFrameTakesMemoryAsItComes(t *testing.T) {
	const claimed, come = 64 << 20, 10
	head := appendHead(nil, frameText, claimed)
	head[1] |= 0x80
	r := frameReader{in: bufio.NewReaderSize(bytes.NewReader(append(head, make([]byte, 4+come)...)), readBuffer), most: claimed}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := r.next(); err != io.ErrUnexpectedEOF {
		t.Fatalf("%v, want an unexpected end", err)
	}
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	if allocated > 10*readAhead {
		t.Errorf("%d bytes are taken for a frame of which %d have come", allocated, come)
	}
}
