package auth

import (
	"errors"
	"fmt"

	"github.com/bosgraph/bosgraph/bos"
)

// Reason says why a token was not accepted. It is for logs and metrics: clients get one
// text for all reasons that are about the token's content, because a text for each would
// help those who try tokens out.
type Reason string

// The reasons.
const (
	Missing       Reason = "missing"        // the request carries none
	Malformed     Reason = "malformed"      // it is not a token of the expected form
	Unknown       Reason = "unknown"        // it is not in the file of tokens
	Expired       Reason = "expired"        // its time is over
	NotYetValid   Reason = "not-yet-valid"  // its time has not begun
	WrongIssuer   Reason = "wrong-issuer"   // it is of a provider that is not accepted
	WrongAudience Reason = "wrong-audience" // it was issued for another service
	WrongUse      Reason = "wrong-use"      // it is signed for another purpose, or by an algorithm that is not accepted
	UnknownKey    Reason = "unknown-key"    // its provider has no such key
	BadSignature  Reason = "bad-signature"  // it was changed, or signed by somebody else
	LoginFailed   Reason = "login-failed"   // its provider did not complete a login
	Unavailable   Reason = "unavailable"    // it can't be checked at the moment
)

// Error is why a request could not be attributed to anybody.
type Error struct {
	Reason Reason
	Detail string // for the log; never contains the token
	Err    error  // the cause, nil for none
}

// Refuse makes an *Error; the format's %w, if any, becomes its cause.
func Refuse(reason Reason, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Reason: reason, Detail: err.Error(), Err: errors.Unwrap(err)}
}

// Error is the text for the log: which reason, and what was found.
func (e *Error) Error() string { return string(e.Reason) + ": " + e.Detail }

func (e *Error) Unwrap() error { return e.Err }

// Public returns the error that the client gets. It says what to do, and nothing of why
// this token was refused. Its cause is e, for the log.
func (e *Error) Public() *bos.Error {
	switch e.Reason {
	case Missing:
		return &bos.Error{Code: bos.Unauthenticated, Message: "log in first: send a token as Authorization: Bearer TOKEN", Err: e}
	case Unavailable:
		return &bos.Error{Code: bos.Unavailable, Reason: bos.TokenIssuerUnreachable, Message: "tokens cannot be checked at the moment; try again in a few seconds", Err: e}
	default:
		return &bos.Error{Code: bos.Unauthenticated, Message: "the token is not accepted; log in again or send another one", Err: e}
	}
}

// ReasonOf returns the reason of the first *Error in err's chain, "" for any other error.
func ReasonOf(err error) Reason {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return ""
}
