package bos

import (
	"encoding/base64"
	"strings"
)

// encodeOpaque writes parts, none of which holds a NUL, as one opaque token.
func encodeOpaque(kind string, parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + "\x00" + strings.Join(parts, "\x00")))
}

// decodeOpaque reads a token of that kind with n parts.
func decodeOpaque(kind, token string, n int) ([]string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(token) != base64.RawURLEncoding.EncodedLen(len(raw)) { // it skips line breaks
		return nil, false
	}
	parts := strings.Split(string(raw), "\x00")
	if len(parts) != n+1 || parts[0] != kind {
		return nil, false
	}
	return parts[1:], true
}

// CursorKind says what a cursor points into.
type CursorKind string

// The kinds of cursors.
const (
	SessionCursor   CursorKind = "sessions"
	ComponentCursor CursorKind = "components"
)

// EncodeCursor makes the opaque cursor of a position.
func EncodeCursor(kind CursorKind, position string) string {
	return encodeOpaque(string(kind), position)
}

// DecodeCursor returns the position that a cursor of this kind stands for.
func DecodeCursor(kind CursorKind, cursor string) (string, error) {
	parts, ok := decodeOpaque(string(kind), cursor, 1)
	if !ok {
		return "", Errorf(BadUserInput, "the cursor was not made by this connection: pass an endCursor of %s", kind).At("after")
	}
	return parts[0], nil
}

// MaxPage is the largest page.
const MaxPage = 1000

// Page asks for a part of an ordered list.
type Page struct {
	First int    // 1 to MaxPage
	After string // position of the last item before the page; empty for the start
}

// NewPage checks a connection's arguments; nil stands for the start.
func NewPage(kind CursorKind, first int, after *string) (Page, error) {
	p := Page{First: first}
	if err := CheckFirst(first); err != nil {
		return p, err
	}
	if after == nil {
		return p, nil
	}
	var err error
	p.After, err = DecodeCursor(kind, *after)
	return p, err
}

// CheckFirst checks a page size.
func CheckFirst(first int) error {
	if first < 1 || first > MaxPage {
		return Errorf(BadUserInput, "first is %d: ask for 1 to %d at a time", first, MaxPage).At("first")
	}
	return nil
}
