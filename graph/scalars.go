package graph

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/bosgraph/bosgraph/bos"
)

// MarshalDateTime writes a time of a record; null for none, or for one that BOS
// wrote and nobody can read.
func MarshalDateTime(t bos.Time) graphql.Marshaler {
	text := t.RFC3339()
	if text == "" {
		return graphql.Null
	}
	return graphql.MarshalString(text)
}

// UnmarshalDateTime reads a time that a user gave.
func UnmarshalDateTime(v any) (bos.Time, error) {
	text, ok := v.(string)
	if !ok {
		return "", bos.Errorf(bos.BadUserInput, "a DateTime is a string, as \"2026-11-22T09:00:00Z\"")
	}
	return bos.ParseTime(text)
}

// MarshalInstant writes a moment that was measured here.
func MarshalInstant(t time.Time) graphql.Marshaler {
	return graphql.MarshalString(t.UTC().Format(time.RFC3339Nano))
}

// UnmarshalInstant reads a moment.
func UnmarshalInstant(v any) (time.Time, error) {
	t, err := UnmarshalDateTime(v)
	if err != nil {
		return time.Time{}, err
	}
	return t.UTC()
}

// MarshalDuration writes a duration as h:mm:ss.
func MarshalDuration(d time.Duration) graphql.Marshaler {
	return graphql.MarshalString(bos.DurationText(d))
}

// UnmarshalDuration refuses: no input is a duration.
func UnmarshalDuration(any) (time.Duration, error) {
	return 0, bos.Errorf(bos.BadUserInput, "a Duration can't be given")
}

// The enums are BOS's words in upper case, apart from the empty phase.

// MarshalSessionState writes a session's state.
func MarshalSessionState(s bos.State) graphql.Marshaler { return word(string(s)) }

// UnmarshalSessionState reads a session's state.
func UnmarshalSessionState(v any) (bos.State, error) { return unword[bos.State](v) }

// MarshalSessionOperation writes an operation.
func MarshalSessionOperation(o bos.Operation) graphql.Marshaler { return word(string(o)) }

// UnmarshalSessionOperation reads an operation.
func UnmarshalSessionOperation(v any) (bos.Operation, error) { return unword[bos.Operation](v) }

// MarshalSessionSource writes a session's source.
func MarshalSessionSource(s bos.Source) graphql.Marshaler { return word(string(s)) }

// UnmarshalSessionSource reads a session's source.
func UnmarshalSessionSource(v any) (bos.Source, error) { return unword[bos.Source](v) }

const phaseNone = "none"

// MarshalComponentPhase writes a phase; one that BOS does not have is OTHER.
func MarshalComponentPhase(p bos.Phase) graphql.Marshaler {
	if p = p.Kind(); p == bos.PhaseNone {
		p = phaseNone
	}
	return word(string(p))
}

// UnmarshalComponentPhase reads a phase.
func UnmarshalComponentPhase(v any) (bos.Phase, error) {
	p, err := unword[bos.Phase](v)
	if p == phaseNone {
		p = bos.PhaseNone
	}
	return p, err
}

// MarshalComponentStatusLabel writes a status; an override that BOS does not have
// is OTHER.
func MarshalComponentStatusLabel(s bos.ComponentStatus) graphql.Marshaler {
	return word(string(s.Kind()))
}

// UnmarshalComponentStatusLabel reads a status.
func UnmarshalComponentStatusLabel(v any) (bos.ComponentStatus, error) {
	return unword[bos.ComponentStatus](v)
}

func word(s string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(strings.ToUpper(s))) })
}

// unword reads an enum value; which ones there are, validation has checked.
func unword[T ~string](v any) (T, error) {
	s, ok := v.(string)
	if !ok {
		return "", bos.Errorf(bos.BadUserInput, "%s is not an enum value", fmt.Sprint(v))
	}
	return T(strings.ToLower(s)), nil
}
