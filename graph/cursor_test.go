package graph

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

func TestCursorRoundTrip(t *testing.T) {
	for _, kind := range []cursorKind{sessionCursor, componentCursor} {
		for _, position := range []string{"", "x3000c0s13b0n0", "1795338000.000000/blue/boot-1", "é", strings.Repeat("p", 400)} {
			cursor := encodeCursor(kind, position)
			if got, err := decodeCursor(kind, cursor); err != nil || got != position {
				t.Errorf("%s, %q: got %q, %v", kind, position, got, err)
			}
		}
	}
}

func TestDecodeCursorRefuses(t *testing.T) {
	good := encodeCursor(componentCursor, "x3000c0s13b0n0")
	foreign := map[string]string{
		"of sessions":     encodeCursor(sessionCursor, "x3000c0s13b0n0"),
		"id of a session": (&bos.Session{SessionKey: bos.SessionKey{Name: "boot-1"}}).ID(),
	}
	for _, tokens := range []map[string]string{brokenTokens(good), foreign} {
		for name, cursor := range tokens {
			t.Run(name, func(t *testing.T) {
				position, err := decodeCursor(componentCursor, cursor)
				if position != "" {
					t.Errorf("got %q", position)
				}
				refusedAt(t, err, "after")
			})
		}
	}
}

func TestAPageIsCheckedAndDecoded(t *testing.T) {
	cursor := encodeCursor(componentCursor, "x1")
	tests := []struct {
		name  string
		first int
		after *string
		want  bos.Page
		field string // "" if nothing is wrong
	}{
		{"from the start", 1, nil, bos.Page{First: 1}, ""},
		{"largest", 1000, nil, bos.Page{First: 1000}, ""},
		{"behind a cursor", 20, &cursor, bos.Page{First: 20, After: "x1"}, ""},
		{"none", 0, nil, bos.Page{}, "first"},
		{"less than none", -1, &cursor, bos.Page{}, "first"},
		{"too large", 1001, nil, bos.Page{}, "first"},
		{"empty cursor", 20, new(""), bos.Page{}, "after"},
		{"broken cursor", 20, new("x1"), bos.Page{}, "after"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := newPage(componentCursor, test.first, test.after)
			if test.field != "" {
				refusedAt(t, err, test.field)
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestThePageSizeIsChecked(t *testing.T) {
	for first, ok := range map[int]bool{-1 << 31: false, -1: false, 0: false, 1: true, 500: true, 1000: true, 1001: false, 1<<31 - 1: false} {
		err := checkFirst(first)
		if ok && err != nil {
			t.Errorf("%d: %v", first, err)
		}
		if !ok {
			refusedAt(t, err, "first")
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("x3000c0s13b0n0")
	f.Add(encodeCursor(sessionCursor, "1795338000.000000/blue/boot-1"))
	f.Add(encodeCursor(componentCursor, "x3000c0s13b0n0"))
	f.Add(encodeCursor(componentCursor, ""))
	f.Add("Y29tcG9uZW50cwB4MQ\n")
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, kind := range []cursorKind{sessionCursor, componentCursor} {
			position, err := decodeCursor(kind, cursor)
			if err != nil {
				refusedAt(t, err, "after")
			} else if again := encodeCursor(kind, position); again != cursor {
				t.Errorf("%q stands for %q, whose cursor is %q", cursor, position, again)
			}
		}
	})
}

// refusedAt checks that an error blames an argument of the client, and does not repeat it in full.
func refusedAt(t *testing.T, err error, argument string) {
	t.Helper()
	var e *bos.Error
	if !errors.As(err, &e) || e.Code != bos.BadUserInput || !slices.Equal(e.Field, []string{argument}) || e.Message == "" || len(e.Message) > 400 {
		t.Errorf("got %v, want a refusal of %s", err, argument)
	}
}

// brokenTokens are tokens like a good one that nothing has written.
func brokenTokens(good string) map[string]string {
	raw, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		panic(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	if len(raw)%3 == 0 {
		panic("the last character of the good token has no bits to spare")
	}
	last := len(good) - 1
	return map[string]string{
		"empty":            "",
		"not base64":       "!" + good,
		"padded":           good + "=",
		"with a newline":   good[:4] + "\n" + good[4:],
		"ending in CR LF":  good + "\r\n",
		"with stray bits":  good[:last] + string(good[last]+1),
		"cut":              good[:len(good)/2],
		"decoded":          string(raw),
		"a part too many":  encode(append(raw, "\x00x"...)),
		"another kind":     encode(append([]byte("x"), raw...)),
		"64 KB of garbage": strings.Repeat("A", 1<<16),
	}
}
