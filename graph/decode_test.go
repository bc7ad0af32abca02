package graph

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

func TestErrorsWithinAFieldKeepTheirCode(t *testing.T) {
	cause := bos.Errorf(bos.BadUserInput, "give a string, not a number")
	for _, err := range []error{cause, fmt.Errorf("in a list: %w", cause)} {
		var known *bos.Error
		if !errors.As(within("status", err), &known) || known.Code != bos.BadUserInput || !slices.Contains(known.Field, "status") {
			t.Errorf("%v became %v", err, within("status", err))
		}
	}
	if other := errors.New("other"); within("status", other) != other {
		t.Error("an error that is none of bosgraph's is changed")
	}
}
