package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Refusal is an answer that asking again does not change.
type Refusal struct {
	Code    bos.Code // empty if it is not from bosgraph
	Message string
}

func (r *Refusal) Error() string { return r.Message }

// refusal is that of a server, which says what to do in terms of HTTP: users of commands have flags for it.
func refusal(code bos.Code, message string) *Refusal {
	message = inFlags.Replace(message)
	if strings.HasSuffix(message, " without a tenant") {
		message += ": if it belongs to a tenant, give --tenant"
	}
	return &Refusal{Code: code, Message: message}
}

var inFlags = strings.NewReplacer(
	"send a token as Authorization: Bearer TOKEN", "give --token-file",
	"send Cray-Tenant-Name with one of", "give --tenant with one of")

// NotFound reports whether the reason is that what was named does not exist.
func NotFound(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == bos.NotFound
}

// Lost is what a server that is out of reach ends with.
type Lost struct {
	For time.Duration // how long it has been
	Err error         // what the last attempt came to
}

func (l *Lost) Error() string {
	return fmt.Sprintf("out of reach for %v: %v", l.For.Round(time.Second), l.Err)
}

func (l *Lost) Unwrap() error { return l.Err }

// How long to wait before the next attempt: at first, and at most. A server that
// restarts is back within a second or so, and thousands may be waiting for it.
const (
	firstDelay = 250 * time.Millisecond
	mostDelay  = 5 * time.Second
)

// patience is how long to repeat what fails.
type patience struct {
	limit time.Duration
	since time.Time // when it began to fail; zero while it does not
	delay time.Duration
	known bool // whether the server has answered once
	again bool // whether the token that has ended has been read again since
}

func newPatience(limit time.Duration) *patience {
	return &patience{limit: limit, delay: firstDelay}
}

// well notes that the server answers.
func (p *patience) well() { p.since, p.delay, p.known, p.again = time.Time{}, firstDelay, true, false }

// over returns what to end with after an attempt that has failed; nil to try again.
func (p *patience) over(err error) error {
	var r *Refusal
	// A token that was accepted may have ended, and another may be in its file by now. If not, the
	// next answer is the same.
	if errors.As(err, &r) && r.Code == bos.Unauthenticated && p.known && !p.again {
		p.again = true
		return nil
	}
	// What stands before a server may say anything while that is being replaced.
	if errors.As(err, &r) && (r.Code != "" || !p.known) {
		return err
	}
	if p.since.IsZero() {
		p.since = time.Now()
	}
	if failing := time.Since(p.since); failing >= p.limit {
		return &Lost{For: failing, Err: err}
	}
	return nil
}

// wait waits until it is time for the next attempt.
func (p *patience) wait(ctx context.Context) error {
	// Not beyond the limit, so that it is kept to.
	timer := time.NewTimer(max(min(p.delay, p.limit-time.Since(p.since)), 0))
	defer timer.Stop()
	p.delay = min(2*p.delay, mostDelay)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
