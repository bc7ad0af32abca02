package bos

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// variables is what [variable] finds, as a regular expression.
var variables = regexp.MustCompile(strings.Join([]string{
	`(?P<uuid>\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b)`,
	`(?P<xname>\bx\d+(?:[a-z]\d+)+\b)`,
	`(?P<mac>\b[0-9a-fA-F]{2}(?:(?::[0-9a-fA-F]{2}){5}|(?:-[0-9a-fA-F]{2}){5})\b)`,
	`(?P<address>\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}\b|\b(?:[0-9a-fA-F]{1,4}:){1,6}(?::[0-9a-fA-F]{1,4}){1,6}\b)`,
	`(?P<hex>\b0[xX][0-9a-fA-F]+\b|\b[0-9a-fA-F]*[0-9][a-fA-F][0-9a-fA-F]*\b)`,
	`(?P<number>\d+(?:\.\d+)?)`,
}, "|"))

// TestPatternsAreThoseOfTheExpression compares the two on texts that are nearly variables.
func TestPatternsAreThoseOfTheExpression(t *testing.T) {
	text := rapid.OneOf(
		rapid.StringMatching(`[0-9a-fx:.\-_ XFé]{0,40}`),
		rapid.StringMatching(`[ _a]?[0-9a-f]{7,9}(-[0-9a-f]{3,5}){2,4}-[0-9a-f]{11,13}[_ g]?`),
		rapid.StringMatching(`[ _]?x[0-9]{0,4}([a-z][0-9]{0,2}){0,4}[_ X]?`),
		rapid.StringMatching(`[ _]?[0-9a-f]{1,3}([:\-][0-9a-f]{2,3}){4,6}[_ g.]?`),
		rapid.StringMatching(`[ _]?([0-9]{1,4}\.){2,4}[0-9]{0,4}[_ a.]?`),
		rapid.StringMatching(`[ _:]?([0-9a-f]{0,5}:){0,8}:?([0-9a-f]{0,5}:){0,8}[0-9a-f]{0,5}[_ g:]?`),
		rapid.StringMatching(`[ _]?0[xX][0-9a-fA-F]{0,5}[_ g]?`),
	)
	rapid.Check(t, func(rt *rapid.T) {
		message := strings.Join(rapid.SliceOfN(text, 1, 3).Draw(rt, "texts"), "")
		if !strings.ContainsAny(message, "0123456789:") || len(message) > patternBytes {
			return
		}
		want := ""
		at := 0
		for _, m := range variables.FindAllStringSubmatchIndex(message, -1) {
			for kind, name := range variables.SubexpNames() {
				if kind > 0 && m[2*kind] >= 0 {
					want += message[at:m[0]] + "<" + name + ">"
				}
			}
			at = m[1]
		}
		if want += message[at:]; PatternOf(message) != want {
			rt.Fatalf("the pattern of %q is %q, want %q", message, PatternOf(message), want)
		}
	})
}
