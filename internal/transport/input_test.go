package transport

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHalfASurrogatePairIsRefused(t *testing.T) {
	for text, want := range map[string]bool{
		`plain`:              false,
		`\ud83d\ude80`:       false,
		`\uD83D\uDE80\u0041`: false,
		`\ud83d`:             true,
		`\ud83d\ud83d\ude80`: true,
		`\ude80`:             true,
		`\ude80\ud83d`:       true,
		`\ud83dx\ude80`:      true,
		`\ud83d\n\ude80`:     true,
		`\\ud83d`:            false, // an escaped backslash
		`\\\ud83d`:           true,
		`\u00e9`:             false,
		`\u12`:               false, // the decoder refuses these
		`\uzzzz`:             false,
		`\`:                  false,
	} {
		if got := halfSurrogate(text); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func FuzzHalfSurrogate(f *testing.F) {
	f.Add([]byte(`\ud83d\ude80\\u`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		halfSurrogate(string(raw)) // comes to an end
		quoted := append(append([]byte{'"'}, raw...), '"')
		var text string
		if !utf8.Valid(raw) || json.Unmarshal(quoted, &text) != nil || strings.Contains(string(raw), "\ufffd") {
			return
		}
		// Where the decoder has put a replacement character, there was half a pair,
		// unless the character itself was escaped.
		if replaced := strings.Contains(text, "\ufffd"); replaced != halfSurrogate(string(raw)) && !strings.Contains(strings.ToLower(string(raw)), `\ufffd`) {
			t.Errorf("%q decodes to %q, but halfSurrogate says %v", raw, text, !replaced)
		}
	})
}
