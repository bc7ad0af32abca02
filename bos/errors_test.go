package bos_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// longestMessage is more than any error needs; what a user sent, which may be
// megabytes, is never echoed in full.
const longestMessage = 400

// wantError checks what a user learns from err: its code, and the field at fault,
// its path joined by dots.
func wantError(t *testing.T, err error, code bos.Code, field string) {
	t.Helper()
	var e *bos.Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want an *Error with %s", err, code)
		return
	}
	if e.Code != code {
		t.Errorf("code %s, want %s: %v", e.Code, code, err)
	}
	if got := strings.Join(e.Field, "."); got != field {
		t.Errorf("field %q, want %q: %v", got, field, err)
	}
	if e.Message == "" || len(e.Message) > longestMessage {
		t.Errorf("the message has %d bytes: %.100q", len(e.Message), e.Message)
	}
}

func TestErrorfKeepsTheCause(t *testing.T) {
	plain := bos.Errorf(bos.NotFound, "no session %q", "boot-1")
	if plain.Code != bos.NotFound || plain.Error() != `no session "boot-1"` || plain.Unwrap() != nil || plain.Field != nil {
		t.Errorf("got %+v", plain)
	}
	wrapped := bos.Errorf(bos.Unavailable, "Redis does not answer: %w", io.EOF)
	if !errors.Is(wrapped, io.EOF) {
		t.Errorf("%v does not wrap its cause", wrapped)
	}
}

func TestAtPointsFromTheOutsideIn(t *testing.T) {
	inner := bos.Errorf(bos.BadUserInput, "bad").At("bootArtifacts", "kernel")
	outer := inner.At("components", "3")
	if want := []string{"components", "3", "bootArtifacts", "kernel"}; !slices.Equal(outer.Field, want) {
		t.Errorf("got %q, want %q", outer.Field, want)
	}
	if outer.Code != inner.Code || outer.Message != inner.Message {
		t.Errorf("%+v is not the same error as %+v", outer, inner)
	}
}

func TestAtDoesNotAlias(t *testing.T) {
	// Room behind the field and the path would let an append write into them.
	path := append(make([]string, 0, 8), "list")
	e := bos.Errorf(bos.BadUserInput, "bad")
	e.Field = append(make([]string, 0, 8), "item")
	one, other := e.At(path...), e.At(path...)
	one.Field[0], one.Field[1] = "changed", "changed"
	_ = append(one.Field[:1], "changed")
	if !slices.Equal(e.Field, []string{"item"}) || !slices.Equal(other.Field, []string{"list", "item"}) || path[0] != "list" {
		t.Errorf("a change of one shows in others: %q, %q, %q", e.Field, other.Field, path)
	}
}

func TestCodeOfFindsTheFirstError(t *testing.T) {
	conflict := bos.Errorf(bos.Conflict, "changed meanwhile")
	tests := []struct {
		name string
		err  error
		want bos.Code
	}{
		{"nil", nil, ""},
		{"an Error", conflict, bos.Conflict},
		{"an Error that is wrapped", fmt.Errorf("write: %w", conflict), bos.Conflict},
		{"an Error among others", errors.Join(io.EOF, conflict), bos.Conflict},
		{"the outermost of two", bos.Errorf(bos.NotFound, "gone: %w", conflict), bos.NotFound},
		{"any other error", io.EOF, bos.Internal},
	}
	for _, test := range tests {
		if got := bos.CodeOf(test.err); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
