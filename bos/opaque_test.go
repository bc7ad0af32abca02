package bos_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

func TestSessionIDRoundTrip(t *testing.T) {
	seen := map[string]bos.Session{}
	for _, s := range []bos.Session{
		{SessionKey: bos.SessionKey{Name: "boot-1"}, Incarnation: "1"},
		{SessionKey: bos.SessionKey{Name: "boot-1"}, Incarnation: "2"},
		{SessionKey: bos.SessionKey{Name: "boot"}, Incarnation: "11"},
		{SessionKey: bos.SessionKey{Tenant: "blue", Name: "boot-1"}, Incarnation: "1"},
		{SessionKey: bos.SessionKey{Tenant: "boot-1", Name: "blue"}, Incarnation: "1"},
	} {
		id := s.ID()
		if other, ok := seen[id]; ok {
			t.Errorf("%+v and %+v have one id", s.SessionKey, other.SessionKey)
		}
		seen[id] = s
		key, incarnation, ok := bos.ParseSessionID(id)
		if !ok || key != s.SessionKey || incarnation != s.Incarnation {
			t.Errorf("%q is read as %+v, %q, %v", id, key, incarnation, ok)
		}
	}
}

func TestParseSessionIDRefuses(t *testing.T) {
	good := (&bos.Session{SessionKey: bos.SessionKey{Name: "boot-1"}, Incarnation: "1"}).ID()
	for name, id := range brokenTokens(good) {
		if key, incarnation, ok := bos.ParseSessionID(id); ok || key != (bos.SessionKey{}) || incarnation != "" {
			t.Errorf("%s: read as %+v, %q", name, key, incarnation)
		}
	}
	if _, _, ok := bos.ParseSessionID(bos.EncodeCursor(bos.SessionCursor, "boot-1")); ok {
		t.Error("a cursor passes for the id of a session")
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

func TestCursorRoundTrip(t *testing.T) {
	for _, kind := range []bos.CursorKind{bos.SessionCursor, bos.ComponentCursor} {
		for _, position := range []string{"", "x3000c0s13b0n0", "1795338000.000000/blue/boot-1", "é", strings.Repeat("p", 400)} {
			cursor := bos.EncodeCursor(kind, position)
			if got, err := bos.DecodeCursor(kind, cursor); err != nil || got != position {
				t.Errorf("%s, %q: got %q, %v", kind, position, got, err)
			}
		}
	}
}

func TestDecodeCursorRefuses(t *testing.T) {
	good := bos.EncodeCursor(bos.ComponentCursor, "x3000c0s13b0n0")
	foreign := map[string]string{
		"of sessions":     bos.EncodeCursor(bos.SessionCursor, "x3000c0s13b0n0"),
		"id of a session": (&bos.Session{SessionKey: bos.SessionKey{Name: "boot-1"}}).ID(),
	}
	for _, tokens := range []map[string]string{brokenTokens(good), foreign} {
		for name, cursor := range tokens {
			t.Run(name, func(t *testing.T) {
				position, err := bos.DecodeCursor(bos.ComponentCursor, cursor)
				if position != "" {
					t.Errorf("got %q", position)
				}
				wantError(t, err, bos.BadUserInput, "after")
			})
		}
	}
}

func TestNewPage(t *testing.T) {
	cursor := bos.EncodeCursor(bos.ComponentCursor, "x1")
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
			got, err := bos.NewPage(bos.ComponentCursor, test.first, test.after)
			if test.field != "" {
				wantError(t, err, bos.BadUserInput, test.field)
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestCheckFirst(t *testing.T) {
	for first, ok := range map[int]bool{-1 << 31: false, -1: false, 0: false, 1: true, 500: true, 1000: true, 1001: false, 1<<31 - 1: false} {
		err := bos.CheckFirst(first)
		if ok && err != nil {
			t.Errorf("%d: %v", first, err)
		}
		if !ok {
			wantError(t, err, bos.BadUserInput, "first")
		}
	}
}
