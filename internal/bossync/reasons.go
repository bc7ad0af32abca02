package bossync

import (
	"errors"

	"github.com/bosgraph/bosgraph/bos"
)

// reasons are the attributes that the log has of an error: what users see of it, and its cause.
func reasons(err error) []any {
	attributes := []any{"error", err}
	if cause := errors.Unwrap(err); cause != nil {
		attributes = append(attributes, "cause", cause)
	}
	return attributes
}

// shown is what users see of an error. What was not written for them may have internals in it.
func shown(err error) string {
	var known *bos.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return "an internal error; the server's log has it"
}
