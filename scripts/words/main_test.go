package main

import "testing"

func TestBannedWordsAreFound(t *testing.T) {
	rules, err := parse(banned)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line  string
		names bool
		finds int
	}{
		{"// The slow client is let go.", true, 1},
		{"The client is told, and Told again", false, 2},
		{"of course it is", false, 0},
		{"the course of a session", false, 1},
		{"func (f *Feed) hear(c call)", true, 2}, // as a word and as a name
		{"func newEarFor()", true, 1},
		{`log.Info("ear")`, true, 0},
		{"early := near", true, 0},
		{"Sessions are shown newest first.", false, 0},
	} {
		if found := check(rules, c.line, c.names); len(found) != c.finds {
			t.Errorf("%q: found %v, want %d", c.line, found, c.finds)
		}
	}
}

func TestRulesAreChecked(t *testing.T) {
	for _, bad := range []string{"text | only two", "verse | a | b", "text | ( | b"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("the rule %q is accepted", bad)
		}
	}
}
