package bos_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bosgraph/bosgraph/bos"
)

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{
		"", "now", "2026-11-22", "2026-11-22T09:00:00", "2026-11-22T09:00:00Z", "2026-11-22T09:00:00.123456",
		"2026-11-22T09:00:00.1234567891Z", "2026-11-22T09:00:00+02:00", "2026-11-22T09:00:00.5-05:30",
		"1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+23:59", "2028-02-29T23:59:60Z",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stored, err := bos.ParseTime(text)
		if err != nil {
			wantError(t, err, bos.BadUserInput, "")
			return
		}
		at, err := stored.UTC()
		if err != nil || at.Year() < 1970 || at.Year() > 9999 {
			t.Fatalf("kept %q, which is %v, %v", stored, at, err)
		}
		// What came meant the same: the standard library, which knows no naive
		// times, is the judge.
		meant, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			meant, err = time.Parse(time.RFC3339Nano, text+"Z")
		}
		if err != nil || !meant.Equal(at) {
			t.Fatalf("%q means %v, %v, but was read as %v", text, meant, err, at)
		}
		written := stored.RFC3339()
		again, err := time.Parse(time.RFC3339Nano, written)
		if err != nil || !again.Equal(at) {
			t.Fatalf("%q is written as %q, which is %v, %v", stored, written, again, err)
		}
		for _, in := range []string{string(stored), written} {
			if same, err := bos.ParseTime(in); err != nil || string(same) != in || same.RFC3339() != written {
				t.Fatalf("%q is read again as %q, %v", in, same, err)
			}
		}
	})
}

func FuzzSessionID(f *testing.F) {
	f.Add("")
	f.Add("boot-1")
	f.Add((&bos.Session{SessionKey: bos.SessionKey{Tenant: "blue", Name: "boot-1"}, Incarnation: "7"}).ID())
	f.Add((&bos.Session{}).ID())
	f.Add("c2Vzc2lvbnMAYm9vdC0x") // a cursor
	f.Fuzz(func(t *testing.T, id string) {
		key, incarnation, ok := bos.ParseSessionID(id)
		if !ok {
			return
		}
		s := bos.Session{SessionKey: key, Incarnation: incarnation}
		if again := s.ID(); again != id {
			t.Errorf("%q stands for %+v, %q, whose id is %q", id, key, incarnation, again)
		}
	})
}

func FuzzGroupKey(f *testing.F) {
	for _, seed := range []string{"", " ", "cfs configuration failed", "é", "\x00", "\xff\xfe", bos.GroupKey("short")} {
		f.Add(seed, uint16(1))
		f.Add(seed, uint16(bos.ShortText))
	}
	f.Fuzz(func(t *testing.T, text string, times uint16) {
		message := strings.Repeat(text, min(int(times), 2*bos.ShortText/max(len(text), 1)+1))
		key := bos.GroupKey(message)
		if len(key) > bos.ShortText+1+22 {
			t.Errorf("the key has %d bytes", len(key))
		}
		if utf8.ValidString(message) != utf8.ValidString(key) && len(message) <= bos.ShortText {
			t.Errorf("%q has the key %q", message, key)
		}
		digest, stored, whole := bos.ParseGroupKey(key)
		if digest != bos.DigestOf(message) {
			t.Errorf("%q has the digest %q in its key", message, digest)
		}
		if short := message != "" && len(message) <= bos.ShortText; whole != short || whole && stored != message {
			t.Errorf("%q is kept as %q, whole %v", message, stored, whole)
		}
		bos.ParseGroupKey(message) // whatever it is
	})
}

func FuzzComponentRecord(f *testing.F) {
	f.Add([]byte(patched))
	for _, seed := range []string{
		`{}`, `null`, `{"id":"x1"}`, `{"id":"x1","session":"s","staged_state":{"session":"s"},"enabled":true,"error":" "}`,
		`{"id":"x1","session":"s","status":null,"last_action":null}`, `{"id":"x1","session":"s","status":{"phase":"\u0000"}}`,
		`{"id":"x1","session":"a/b","error":"\ud800"}`, `{"id":"x1","last_action":{"last_updated":"0000-00-00"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		var c bos.Component
		if json.Unmarshal(record, &c) != nil {
			return
		}
		if err := c.Check(); err != nil && (bos.CodeOf(err) != bos.BadUserInput || len(err.Error()) > longestMessage) {
			t.Errorf("%s: %.500q", bos.CodeOf(err), err)
		}
		k := c.Contribution()
		k.Scopes([]string{"blue"}, func(scope bos.SessionKey) {
			var tally bos.Tally
			tally.Add(k, scope.Name, 1)
			if tally.Managed == 0 || tally.Components() != 1 || tally.Complete() > 1 || tally.Active > tally.Managed {
				t.Errorf("%s: one component counts as %+v", scope, tally)
			}
			tally.Add(k, scope.Name, -1)
			if tally != (bos.Tally{}) {
				t.Errorf("%s: taken away, %+v is left", scope, tally)
			}
		})
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var again bos.Component
		if err := json.Unmarshal(raw, &again); err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%s is read again as %+v, %v", raw, again, err)
		}
		if again.Contribution() != k {
			t.Errorf("%+v counts as %+v once written and read", k, again.Contribution())
		}
	})
}
