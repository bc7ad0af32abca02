package bos_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

func TestDigestsAreStableAndDifferent(t *testing.T) {
	if got := bos.DigestOf(""); got != "" {
		t.Errorf("no error has the digest %q", got)
	}
	// The first 128 bits of SHA-256("abc"), which everyone may compute.
	if got := bos.DigestOf("abc"); got != "ungWv48Bz-pBQUDeXa4iIw" {
		t.Errorf("got %q", got)
	}
	if bos.DigestOf(" ") == "" {
		t.Error("a blank is an error")
	}
	if long := strings.Repeat("x", bos.MaxText); bos.DigestOf(long) == bos.DigestOf(long+"y") {
		t.Error("texts that differ only at their end have one digest")
	}
}

func TestGroupKeysHoldShortMessagesWhole(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name, message string
		whole         string // the message, if all of it is in the key
	}{
		{"short", "cfs configuration failed", "cfs configuration failed"},
		{"blank", " ", " "},
		{"256 bytes", x(256), x(256)},
		{"256 bytes, the last two one character", x(254) + "é", x(254) + "é"},
		{"257 bytes", x(257), ""},
		{"character across the cut", x(255) + "é", ""},
		{"long character across the cut", x(253) + "🚀" + "yyy", ""},
		{"character behind the cut", x(256) + "é", ""},
		{"long", strings.Repeat("é", bos.MaxText), ""},
		{"looks like a key", bos.GroupKey("short"), bos.GroupKey("short")},
	}
	seen := map[string]string{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			key := bos.GroupKey(test.message)
			if other, ok := seen[key]; ok {
				t.Errorf("has the key of %q", other)
			}
			seen[key] = test.name
			digest, message, whole := bos.ParseGroupKey(key)
			if digest != bos.DigestOf(test.message) || message != test.whole || whole != (test.whole != "") {
				t.Errorf("got %q, %q, %v", digest, message, whole)
			}
		})
	}
	if key := bos.GroupKey(""); key != "" {
		t.Errorf("no error has the key %q", key)
	}
	for _, key := range []string{"", "x", "\x00", strings.Repeat("x", 23), "x" + string(bos.DigestOf("x"))} {
		if digest, message, whole := bos.ParseGroupKey(key); digest != "" || message != "" || whole {
			t.Errorf("%q is no key, but read as %q, %q, %v", key, digest, message, whole)
		}
	}
}

// Groups of one size are listed in the order of their keys, which therefore is
// that of the messages as far as a key holds them.
func TestGroupKeysOrderAsMessages(t *testing.T) {
	x := strings.Repeat("x", bos.ShortText)
	messages := []string{"\x01", " ", "  ", "A", "B", "a", "a\x01", "a b", "aa", "é", "日", "🚀", x[1:], x, "y" + x, "z"}
	slices.Sort(messages)
	for i, a := range messages {
		for _, b := range messages[i+1:] {
			if bos.GroupKey(a) >= bos.GroupKey(b) {
				t.Errorf("the key of %.20q does not come before that of %.20q", a, b)
			}
		}
	}
	// Beyond that the order is any, but always the same.
	a, b := bos.GroupKey(x+"a"), bos.GroupKey(x+"b")
	if (a < b) != (bos.DigestOf(x+"a") < bos.DigestOf(x+"b")) || a == b {
		t.Error("long messages are not ordered by digest")
	}
}

func TestAnErrorGroupListsItsFirstTen(t *testing.T) {
	for count, want := range map[int]string{
		1:      "x01",
		2:      "x01,x02",
		9:      "x01,x02,x03,x04,x05,x06,x07,x08,x09",
		10:     "x01,x02,x03,x04,x05,x06,x07,x08,x09,x10",
		11:     "x01,x02,x03,x04,x05,x06,x07,x08,x09,x10...",
		50_000: "x01,x02,x03,x04,x05,x06,x07,x08,x09,x10...",
	} {
		// The eleventh id may be there or not: it is not listed.
		for keep := min(count, 10); keep <= min(count, 11); keep++ {
			g := bos.ErrorGroup{Count: count}
			for i := range keep {
				g.First = append(g.First, fmt.Sprintf("x%02d", i+1))
			}
			if got := g.List(); got != want {
				t.Errorf("%d, %d ids at hand: got %q, want %q", count, keep, got, want)
			}
		}
	}
}

func TestSummarizeOrdersGroupsAndIDs(t *testing.T) {
	var records []bos.Component
	for _, g := range []struct {
		message string
		ids     string
	}{
		{"one b", "x5"},
		{"three", "x30,x4,x3"},
		{"twelve", "y9,y8,y7,y6,y5,y4,y3,y2,y12,y11,y10,y1"},
		{"one a", "x6"},
		{" ", "x7"},
		{"", "x8,x9"},
	} {
		for id := range strings.SplitSeq(g.ids, ",") {
			records = append(records, bos.Component{ID: id, Session: "s", Error: g.message})
		}
	}
	records = append(records,
		bos.Component{ID: "x1", Session: "other", Error: "three"},
		bos.Component{ID: "x2", Error: "three", StagedState: &bos.StagedState{Session: "s"}})
	tally, got := bos.Summarize(bos.SessionKey{Name: "s"}, records, nil)
	want := []bos.ErrorGroup{
		{Digest: bos.DigestOf("twelve"), Message: "twelve", Count: 12, First: strings.Split("y1,y10,y11,y12,y2,y3,y4,y5,y6,y7,y8", ",")},
		{Digest: bos.DigestOf("three"), Message: "three", Count: 3, First: []string{"x3", "x30", "x4"}},
		{Digest: bos.DigestOf(" "), Message: " ", Count: 1, First: []string{"x7"}},
		{Digest: bos.DigestOf("one a"), Message: "one a", Count: 1, First: []string{"x6"}},
		{Digest: bos.DigestOf("one b"), Message: "one b", Count: 1, First: []string{"x5"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if want := (bos.Tally{Managed: 21, Staged: 1, Successful: 20, Active: 1, Disabled: 20}); tally != want {
		t.Errorf("got %+v, want %+v", tally, want)
	}
}
