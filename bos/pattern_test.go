package bos

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPatternOf(t *testing.T) {
	for message, want := range map[string]string{
		"":                           "",
		"cfs configuration failed":   "cfs configuration failed",
		"node x3000c0s13b0n0 is off": "node <xname> is off",
		"x1000c7s7b1 and x9c0r1b0":   "<xname> and <xname>",
		"image 0b2f3c4d-1a2b-3c4d-8e9f-0123456789ab is lost": "image <uuid> is lost",
		"mac 02:00:5E:10:00:0a, 02-00-5e-10-00-0a":           "mac <mac>, <mac>",
		"dial 10.1.2.3:8083":                                 "dial <address>:<number>",
		"dial [fd00::a1:2]:80, fe80:0:0:0:1:2:3:4":           "dial [<address>]:<number>, <address>",
		"at 0xdeadBEEF, id 7f3a9c":                           "at <hex>, id <hex>",
		"failed after 12.5 s, try 3 of 3":                    "failed after <number> s, try <number> of <number>",
		"nid001234 is down at 12:34:56":                      "nid<number> is down at <number>:<number>:<number>",
		"a bad cafe, facade":                                 "a bad cafe, facade",
		"std::runtime_error: dead::beef":                     "std::runtime_error: <address>",
	} {
		if got := PatternOf(message); got != want {
			t.Errorf("the pattern of %q is %q, want %q", message, got, want)
		}
	}
	long := strings.Repeat("x", patternBytes)
	if PatternOf(long+" 1") == PatternOf(long+" 2") {
		t.Error("texts that differ behind what is looked at have one pattern")
	}
}

func TestPatternsKeepTextsAndCounts(t *testing.T) {
	var groups []ErrorGroup
	add := func(message string, ids ...string) {
		first := ids[:min(len(ids), ListLength+1)]
		groups = append(groups, ErrorGroup{Digest: DigestOf(message), Message: message, Count: len(ids), First: first})
	}
	add("HTTP 404 for x1000c0s0b0n1", "x1000c0s0b0n1")
	add("HTTP 404 for x1000c0s0b0n0", "x1000c0s0b0n0")
	add("CFS layer 3 failed", "x1", "x2", "x3")
	add("HTTP 404 for all", "a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10", "a11", "a12")
	got := ""
	for _, p := range Patterns(groups) {
		got += fmt.Sprintf("%s: %d in %d, %s\n", p.Pattern, p.Count, p.Variants(), p.List())
		for _, g := range p.Groups {
			got += "  " + g.Message + "\n"
		}
	}
	const want = `HTTP 404 for all: 12 in 1, a01,a02,a03,a04,a05,a06,a07,a08,a09,a10...
  HTTP 404 for all
CFS layer 3 failed: 3 in 1, x1,x2,x3
  CFS layer 3 failed
HTTP <number> for <xname>: 2 in 2, x1000c0s0b0n0,x1000c0s0b0n1
  HTTP 404 for x1000c0s0b0n0
  HTTP 404 for x1000c0s0b0n1
`
	if got != want {
		t.Errorf("patterns are\n%s\nwant\n%s", got, want)
	}
	saved := []ErrorGroup{{Message: "a 1", Count: 1, Listed: "x2"}, {Message: "a 2", Count: 12, Listed: "x01,x03..."}}
	if p := Patterns(saved); len(p) != 1 || p[0].List() != "x01,x03,x2..." {
		t.Errorf("of what BOS has saved, the pattern is %+v with the list %q", p, p[0].List())
	}
}

// TestPatternsPartitionGroups puts any groups together in any order: each is in one pattern, and order does not matter.
func TestPatternsPartitionGroups(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		messages := rapid.SliceOfDistinct(rapid.StringMatching(`(no|[0-9]{1,2}|x[0-9]c[0-9]|0x[a-f]{1,2}| ){1,5}`), func(s string) string { return s }).Draw(rt, "messages")
		var groups []ErrorGroup
		sum := 0
		for i, m := range messages {
			n := rapid.IntRange(1, 3).Draw(rt, "count")
			sum += n
			groups = append(groups, ErrorGroup{Digest: DigestOf(m), Message: m, Count: n, First: []string{fmt.Sprint("x", i)}})
		}
		patterns := Patterns(groups)
		shuffled := slices.Clone(groups)
		slices.Reverse(shuffled)
		if again := Patterns(shuffled); fmt.Sprint(again) != fmt.Sprint(patterns) {
			rt.Fatalf("in another order, patterns are %v, not %v", again, patterns)
		}
		seen, total := map[string]bool{}, 0
		for _, p := range patterns {
			of := 0
			for _, g := range p.Groups {
				if seen[g.Message] || len(p.Groups) > 1 && PatternOf(g.Message) != p.Pattern {
					rt.Fatalf("%q is in the pattern %q, or in two", g.Message, p.Pattern)
				}
				seen[g.Message] = true
				of += g.Count
			}
			if of != p.Count {
				rt.Fatalf("%q counts %d of %d", p.Pattern, p.Count, of)
			}
			total += of
		}
		if len(seen) != len(messages) || total != sum {
			rt.Fatalf("%d of %d groups, and %d of %d components, are in patterns", len(seen), len(messages), total, sum)
		}
	})
}
