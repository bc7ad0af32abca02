package graph

import (
	"encoding/json"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestARevisionIsAWholeNumber has the range of docs/scalars.md, and errors that say what to give.
func TestARevisionIsAWholeNumber(t *testing.T) {
	for _, given := range []any{0, int64(1 << 53), json.Number("7")} {
		if _, err := UnmarshalRevision(given); err != nil {
			t.Errorf("%v: %v", given, err)
		}
	}
	for _, given := range []any{"2", "abc", -1, int64(1<<53 + 1), json.Number("2.5"), json.Number("2.0"), 2.5, true, []any{1}, map[string]any{}} {
		_, err := UnmarshalRevision(given)
		if bos.CodeOf(err) != bos.BadUserInput || err.Error() != "give a Revision, a whole number from 0 to 2^53" {
			t.Errorf("%v: %v", given, err)
		}
	}
}
