package graph

import (
	"encoding/json"
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

// The built-in scalars are as strict as GraphQL has them: gqlgen's own read "1" as
// a number and 1 as a text.

// MarshalString writes a text.
func MarshalString(s string) graphql.Marshaler {
	if len(s) >= longText {
		return longString(s)
	}
	return graphql.MarshalString(s)
}

// UnmarshalString reads a text.
func UnmarshalString(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return "", notA("String", v)
}

// MarshalID writes an id.
func MarshalID(id string) graphql.Marshaler { return graphql.MarshalID(id) }

// UnmarshalID reads an id. A whole number is one as well, as GraphQL has it.
func UnmarshalID(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		if !strings.ContainsAny(string(v), ".eE") {
			return string(v), nil
		}
	case int64:
		return strconv.FormatInt(v, 10), nil
	}
	return "", notA("ID", v)
}

// MarshalBoolean writes a truth value.
func MarshalBoolean(b bool) graphql.Marshaler { return graphql.MarshalBoolean(b) }

// UnmarshalBoolean reads a truth value.
func UnmarshalBoolean(v any) (bool, error) {
	if b, ok := v.(bool); ok {
		return b, nil
	}
	return false, notA("Boolean", v)
}

// MarshalInt writes a number.
func MarshalInt(n int) graphql.Marshaler { return graphql.MarshalInt(n) }

// UnmarshalInt reads a number of 32 bits.
func UnmarshalInt(v any) (int, error) {
	switch v.(type) {
	case nil, string: // which gqlgen reads, too
	default:
		if n, err := graphql.UnmarshalInt32(v); err == nil {
			return int(n), nil
		}
	}
	return 0, notA("Int", v)
}

// maxRevision is the last number up to which a double holds each.
const maxRevision = 1 << 53

// MarshalRevision writes a revision.
func MarshalRevision(n int64) graphql.Marshaler { return graphql.MarshalInt64(n) }

// UnmarshalRevision reads a revision.
func UnmarshalRevision(v any) (int64, error) {
	switch v.(type) {
	case nil, string:
	default:
		if n, err := graphql.UnmarshalInt64(v); err == nil && 0 <= n && n <= maxRevision {
			return n, nil
		}
	}
	return 0, bos.Errorf(bos.BadUserInput, "give a Revision, a whole number from 0 to 2^53")
}

func notA(kind string, v any) error {
	text := bos.Clip(fmt.Sprint(v), 40)
	// In quotes unless it is a number: a text of digits is not one, and looks the same without.
	switch v.(type) {
	case nil:
		text = "null"
	case json.Number, int, int64, float64:
	default:
		text = strconv.Quote(text)
	}
	return bos.Errorf(bos.BadUserInput, "%s is no %s", text, kind)
}

// The enums are BOS's words in upper case, apart from the empty phase.

// MarshalSessionState writes a session's state.
func MarshalSessionState(s bos.State) graphql.Marshaler { return word(s) }

// UnmarshalSessionState reads a session's state.
func UnmarshalSessionState(v any) (bos.State, error) {
	return unword(v, "SessionState", bos.StatePending, bos.StateRunning, bos.StateComplete)
}

// MarshalSessionOperation writes an operation.
func MarshalSessionOperation(o bos.Operation) graphql.Marshaler { return word(o) }

// UnmarshalSessionOperation reads an operation.
func UnmarshalSessionOperation(v any) (bos.Operation, error) {
	return unword(v, "SessionOperation", bos.OperationBoot, bos.OperationReboot, bos.OperationShutdown)
}

// MarshalSessionSource writes a session's source.
func MarshalSessionSource(s bos.Source) graphql.Marshaler { return word(s) }

// UnmarshalSessionSource reads a session's source.
func UnmarshalSessionSource(v any) (bos.Source, error) {
	return unword(v, "SessionSource", bos.SourceProducer, bos.SourceBOS)
}

const phaseNone bos.Phase = "none"

// MarshalComponentPhase writes a phase; one that BOS does not have is OTHER.
func MarshalComponentPhase(p bos.Phase) graphql.Marshaler {
	if p = p.Kind(); p == bos.PhaseNone {
		p = phaseNone
	}
	return word(p)
}

// UnmarshalComponentPhase reads a phase.
func UnmarshalComponentPhase(v any) (bos.Phase, error) {
	p, err := unword(v, "ComponentPhase", phaseNone, bos.PhasePoweringOn, bos.PhasePoweringOff, bos.PhaseConfiguring, bos.PhaseOther)
	if p == phaseNone {
		p = bos.PhaseNone
	}
	return p, err
}

// MarshalComponentStatusLabel writes a status; an override that BOS does not have
// is OTHER.
func MarshalComponentStatusLabel(s bos.ComponentStatus) graphql.Marshaler { return word(s.Kind()) }

// UnmarshalComponentStatusLabel reads a status.
func UnmarshalComponentStatusLabel(v any) (bos.ComponentStatus, error) {
	return unword(v, "ComponentStatusLabel", bos.StatusPowerOnPending, bos.StatusPowerOnCalled, bos.StatusPowerOffPending,
		bos.StatusPowerOffGracefullyCalled, bos.StatusPowerOffForcefullyCalled, bos.StatusConfiguring, bos.StatusStable,
		bos.StatusFailed, bos.StatusOnHold, bos.StatusOther)
}

// MarshalWaitingReason writes a reason.
func MarshalWaitingReason(r bos.WaitingReason) graphql.Marshaler { return word(r) }

// UnmarshalWaitingReason is never called: no argument is of that type.
func UnmarshalWaitingReason(v any) (bos.WaitingReason, error) { return "", notA("WaitingReason", v) }

// MarshalComponentOutcome writes an outcome.
func MarshalComponentOutcome(o bos.ComponentOutcome) graphql.Marshaler { return word(o) }

// UnmarshalComponentOutcome is never called: no argument is of that type.
func UnmarshalComponentOutcome(v any) (bos.ComponentOutcome, error) {
	return "", notA("ComponentOutcome", v)
}

func word[T ~string](s T) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(appendWord(nil, s)) })
}

func appendWord[T ~string](b []byte, s T) []byte {
	return strconv.AppendQuote(b, strings.ToUpper(string(s)))
}

// unword reads one of the values of an enum. Validation has not looked at those
// within an input object that came as a variable.
func unword[T ~string](v any, enum string, values ...T) (T, error) {
	s, _ := v.(string)
	for _, value := range values {
		if s == strings.ToUpper(string(value)) {
			return value, nil
		}
	}
	return "", notA(enum, v)
}
