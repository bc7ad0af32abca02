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
	for _, given := range []any{"2", "abc", -1, int64(1<<53 + 1), json.Number("2.5"), json.Number("2.0"), 2.5, true, nil, []any{1}, map[string]any{}} {
		_, err := UnmarshalRevision(given)
		if bos.CodeOf(err) != bos.BadUserInput || err.Error() != "give a Revision, a whole number from 0 to 2^53" {
			t.Errorf("%v: %v", given, err)
		}
	}
}

// TestNullIsNoScalar has every reader refuse a null, in the words of GraphQL.
func TestNullIsNoScalar(t *testing.T) {
	for kind, read := range map[string]func(any) error{
		"String":           func(v any) error { _, err := UnmarshalString(v); return err },
		"ID":               func(v any) error { _, err := UnmarshalID(v); return err },
		"Boolean":          func(v any) error { _, err := UnmarshalBoolean(v); return err },
		"Int":              func(v any) error { _, err := UnmarshalInt(v); return err },
		"SessionOperation": func(v any) error { _, err := UnmarshalSessionOperation(v); return err },
	} {
		if err := read(nil); bos.CodeOf(err) != bos.BadUserInput || err.Error() != "null is no "+kind {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestAnIDIsATextOrAWholeNumber has numbers as they come in variables, and in a document.
func TestAnIDIsATextOrAWholeNumber(t *testing.T) {
	for want, given := range map[string]any{"x1": "x1", "1.5": "1.5", "7": json.Number("7"), "-7": int64(-7), "99999999999999999999": json.Number("99999999999999999999")} {
		if got, err := UnmarshalID(given); got != want || err != nil {
			t.Errorf("%v: %q, %v", given, got, err)
		}
	}
	for _, given := range []any{json.Number("1.5"), json.Number("1.0"), json.Number("1e2"), json.Number("1E2"), 1.5, true, []any{"x1"}, map[string]any{}} {
		if got, err := UnmarshalID(given); bos.CodeOf(err) != bos.BadUserInput {
			t.Errorf("%v: %q, %v", given, got, err)
		}
	}
}
