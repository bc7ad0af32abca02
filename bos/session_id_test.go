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
	cursor := base64.RawURLEncoding.EncodeToString([]byte("sessions\x00boot-1"))
	if _, _, ok := bos.ParseSessionID(cursor); ok {
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
