package graph

import (
	"encoding/base64"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// cursorKind says which list a cursor points into. It is part of the cursor, so that one of
// another list is refused instead of being taken for a position in this one.
type cursorKind string

// The kinds of cursors. Clients keep cursors, so these names do not change.
const (
	sessionCursor   cursorKind = "sessions"
	componentCursor cursorKind = "components"
	waitingCursor   cursorKind = "waitingFor.components"
	stayCursor      cursorKind = "component.sessions"
	templateCursor  cursorKind = "sessionTemplates"
)

// encodeCursor makes the opaque cursor of a position, which has no NUL.
func encodeCursor(kind cursorKind, position string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(kind) + "\x00" + position))
}

// decodeCursor returns the position that a cursor of this kind stands for. A position has one
// cursor only: what decodes to it in another spelling is refused, with an error for users.
func decodeCursor(kind cursorKind, cursor string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	position, ok := strings.CutPrefix(string(raw), string(kind)+"\x00")
	// The decoder skips line breaks, which shows in the length.
	if err != nil || !ok || len(cursor) != base64.RawURLEncoding.EncodedLen(len(raw)) || strings.Contains(position, "\x00") {
		return "", bos.Errorf(bos.BadUserInput, "the cursor was not made by this connection: pass an endCursor of %s", kind).At("after")
	}
	return position, nil
}

// newPage checks a connection's arguments; nil stands for the start. The error is for users.
func newPage(kind cursorKind, first int, after *string) (bos.Page, error) {
	p := bos.Page{First: first}
	if err := checkFirst(first); err != nil {
		return p, err
	}
	if after == nil {
		return p, nil
	}
	var err error
	p.After, err = decodeCursor(kind, *after)
	return p, err
}

// checkFirst checks a page size. The error is for users.
func checkFirst(first int) error {
	if first < 1 || first > bos.MaxPage {
		return bos.Errorf(bos.BadUserInput, "first is %d: ask for 1 to %d at a time", first, bos.MaxPage).At("first")
	}
	return nil
}
