package transport

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// TestFramesAreThoseOfRFC6455 shows frames as RFC 6455 has them, around the sizes from which on the
// length takes more bytes.
func TestFramesAreThoseOfRFC6455(t *testing.T) {
	for _, test := range []struct {
		name  string
		first byte
		parts []string
		head  string // in hexadecimal
	}{
		{"nothing", frameText, nil, "8100"},
		{"an empty part", frameText, []string{""}, "8100"},
		{"the example of the RFC", frameText, []string{"Hello"}, "8105"},
		{"in parts", frameText, []string{"Hel", "", "lo"}, "8105"},
		{"a ping", framePing, []string{"Hello"}, "8905"},
		{"a close", frameClose, []string{"\x03\xe9", "bye"}, "8805"},
		{"the most of one byte", frameText, []string{strings.Repeat("a", 125)}, "817d"},
		{"the least of two", frameText, []string{strings.Repeat("a", 126)}, "817e007e"},
		{"256", frameText, []string{strings.Repeat("a", 256)}, "817e0100"},
		{"the most of two", frameText, []string{strings.Repeat("a", 65_535)}, "817effff"},
		{"the least of eight", frameText, []string{strings.Repeat("a", 65_536)}, "817f0000000000010000"},
		{"16 MB in parts", frameText, []string{strings.Repeat("a", 1<<24), "b"}, "817f0000000001000001"},
		{"other letters than bytes", frameText, []string{"ä", "😀"}, "8106"},
	} {
		t.Run(test.name, func(t *testing.T) {
			head, err := hex.DecodeString(test.head)
			if err != nil {
				t.Fatal(err)
			}
			body := strings.Join(test.parts, "")
			for _, before := range []string{"", "what is there already"} {
				got := appendFrame([]byte(before), test.first, test.parts...)
				if want := before + string(head) + body; string(got) != want {
					t.Errorf("after %q the frame begins with %x", before, got[:min(len(got), len(before)+12)])
				}
			}
			if got := appendHead(nil, test.first, len(body)); !bytes.Equal(got, head) {
				t.Errorf("the head is %x, want %x", got, head)
			}
		})
	}
}
