package bos

import (
	"errors"
	"fmt"
)

// Code says what kind of thing went wrong, for programs to act on.
type Code string

// The codes that any answer of bosgraph may carry.
const (
	NotFound        Code = "NOT_FOUND"       // what was named does not exist
	BadUserInput    Code = "BAD_USER_INPUT"  // the request is at fault; sending it again will not help
	Forbidden       Code = "FORBIDDEN"       // the caller has no right to it
	Unauthenticated Code = "UNAUTHENTICATED" // the caller must say who it is
	Conflict        Code = "CONFLICT"        // the state of things does not allow it (now)
	Unavailable     Code = "UNAVAILABLE"     // not now: Error.Reason says why
	Internal        Code = "INTERNAL"        // a fault of bosgraph
)

// Error is an error meant for the client that sent the request. Anything that is not an
// *Error is internal: it is logged, and never shown.
type Error struct {
	Code    Code
	Reason  Reason   // why it is unavailable; empty for most errors
	Message string   // what is wrong and what to do about it
	Field   []string // where in the input, outermost first; empty for the whole
	Err     error    // the cause, for the log only
}

// Errorf makes an *Error; the format's %w, if any, becomes its cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// At returns a copy of e that points at a field of the input.
func (e *Error) At(path ...string) *Error {
	c := *e
	c.Field = append(append([]string{}, path...), e.Field...)
	return &c
}

// CodeOf returns the code of the first *Error in err's chain, Internal for any
// other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if known := asError(err); known != nil {
		return known.Code
	}
	return Internal
}

// asError is the first *Error in err's chain, nil for none.
func asError(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return nil
}
