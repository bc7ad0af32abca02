package graph

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
)

// planned are the types whose fields plans know. What a field means is said elsewhere: by the
// resolver, or by the field or method of the domain that gqlgen reads. A field that is missing
// here is executed by gqlgen, so that one that is added to the schema need not be added here.
// TestPlansAnswerAsGqlgenDoes compares both.
type planned struct {
	plans *lru.Cache[*ast.Field, any]

	session  *object[bos.Session]
	status   *object[bos.Status]
	phases   *object[bos.Phases]
	counts   *object[bos.Tally]
	timing   *object[bos.Timing]
	points   *object[bos.Point]
	cabinets *object[bos.CabinetCounts]
	errors   *object[ErrorSummary]
}

func newPlanned(r *Resolver) *planned {
	session, status := r.Session(), r.SessionStatus()
	p := &planned{plans: newPlans()}
	// Filled in afterwards, because inlined needs addresses of p's own fields: objects refer to
	// each other, a session to its status and back.
	*p = planned{
		plans: p.plans,
		session: &object[bos.Session]{
			name: "Session", is: sessionImplementors, generated: (*executionContext)._Session,
			values: map[string]appender[bos.Session]{
				"id":              text((*bos.Session).ID),
				"name":            text(func(s *bos.Session) string { return s.Name }),
				"tenant":          resolvedOrNull(session.Tenant, text(itself[string])),
				"operation":       enum(func(s *bos.Session) bos.Operation { return s.Operation }),
				"templateName":    text(func(s *bos.Session) string { return s.TemplateName }),
				"stage":           boolean(func(s *bos.Session) bool { return s.Stage }),
				"includeDisabled": boolean(func(s *bos.Session) bool { return s.IncludeDisabled }),
				"source":          enum(func(s *bos.Session) bos.Source { return s.Source }),
				"deleted":         boolean(func(s *bos.Session) bool { return s.Deleted }),
			},
			inner: map[string]inner[bos.Session]{
				"status": inlined(&p.status, func(s *bos.Session) *bos.Status { return s.Status }),
			},
		},
		status: &object[bos.Status]{
			name: "SessionStatus", is: sessionStatusImplementors, generated: (*executionContext)._SessionStatus,
			values: map[string]appender[bos.Status]{
				"revision":               integer(func(s *bos.Status) int64 { return s.Revision }),
				"epoch":                  text(func(s *bos.Status) string { return s.Epoch }),
				"status":                 enum((*bos.Status).State),
				"managedComponentsCount": integer((*bos.Status).Managed),
				"percentStaged":          float((*bos.Status).PercentStaged),
				"percentSuccessful":      float((*bos.Status).PercentSuccessful),
				"percentFailed":          float((*bos.Status).PercentFailed),
				"errorGroupCount":        integer(func(s *bos.Status) int { return s.GroupCount }),
				"estimatedEndTime":       resolvedOrNull(status.EstimatedEndTime, moment(itself[bos.Time])),
				"fromSnapshot":           boolean(func(s *bos.Status) bool { return s.FromSnapshot }),
				"statusNote":             resolvedOrNull(status.StatusNote, text(itself[string])),
				"stale":                  resolved(status.Stale, boolean(itself[bool])),
				"asOf":                   resolved(status.AsOf, moment(itself[bos.Time])),
			},
			inner: map[string]inner[bos.Status]{
				"session": inlined(&p.session, func(s *bos.Status) *bos.Session { return s.Session }),
				"phases": inlined(&p.phases, func(s *bos.Status) *bos.Phases {
					phases := s.Phases()
					return &phases
				}),
				"counts": inlined(&p.counts, func(s *bos.Status) *bos.Tally { return &s.Tally }),
				"timing": inlined(&p.timing, func(s *bos.Status) *bos.Timing { return &s.Timing }),
			},
		},
		phases: &object[bos.Phases]{
			name: "SessionPhases", is: sessionPhasesImplementors,
			values: map[string]appender[bos.Phases]{
				"percentComplete":    float(func(p *bos.Phases) float64 { return p.PercentComplete }),
				"percentConfiguring": float(func(p *bos.Phases) float64 { return p.PercentConfiguring }),
				"percentPoweringOff": float(func(p *bos.Phases) float64 { return p.PercentPoweringOff }),
				"percentPoweringOn":  float(func(p *bos.Phases) float64 { return p.PercentPoweringOn }),
			},
		},
		counts: &object[bos.Tally]{
			name: "SessionCounts", is: sessionCountsImplementors,
			values: map[string]appender[bos.Tally]{
				"managed":     integer(func(t *bos.Tally) int { return t.Managed }),
				"staged":      integer(func(t *bos.Tally) int { return t.Staged }),
				"successful":  integer(func(t *bos.Tally) int { return t.Successful }),
				"failed":      integer(func(t *bos.Tally) int { return t.Failed }),
				"complete":    integer(func(t *bos.Tally) int { return t.Complete() }),
				"configuring": integer(func(t *bos.Tally) int { return t.Configuring }),
				"poweringOff": integer(func(t *bos.Tally) int { return t.PoweringOff }),
				"poweringOn":  integer(func(t *bos.Tally) int { return t.PoweringOn }),
				"active":      integer(func(t *bos.Tally) int { return t.Active }),
				"onHold":      integer(func(t *bos.Tally) int { return t.OnHold }),
				"disabled":    integer(func(t *bos.Tally) int { return t.Disabled }),
			},
		},
		timing: &object[bos.Timing]{
			name: "SessionTiming", is: sessionTimingImplementors,
			values: map[string]appender[bos.Timing]{
				"startTime":       moment(func(t *bos.Timing) bos.Time { return t.StartTime }),
				"endTime":         momentOrNull(func(t *bos.Timing) bos.Time { return t.EndTime }),
				"duration":        text(func(t *bos.Timing) string { return bos.DurationText(t.Duration) }),
				"durationSeconds": float(func(t *bos.Timing) float64 { return t.Seconds() }),
			},
		},
		points: &object[bos.Point]{
			name: "ProgressPoint", is: progressPointImplementors,
			values: map[string]appender[bos.Point]{
				"time": text(func(p *bos.Point) string { return p.Time.UTC().Format(time.RFC3339Nano) }),
			},
			inner: map[string]inner[bos.Point]{
				"counts": inlined(&p.counts, func(p *bos.Point) *bos.Tally { return &p.Tally }),
			},
		},
		cabinets: &object[bos.CabinetCounts]{
			name: "CabinetCounts", is: cabinetCountsImplementors,
			values: map[string]appender[bos.CabinetCounts]{
				"cabinet": text(func(c *bos.CabinetCounts) string { return c.Cabinet }),
			},
			inner: map[string]inner[bos.CabinetCounts]{
				"counts": inlined(&p.counts, func(c *bos.CabinetCounts) *bos.Tally { return &c.Counts }),
			},
		},
		errors: &object[ErrorSummary]{
			name: "ErrorSummary", is: errorSummaryImplementors,
			values: map[string]appender[ErrorSummary]{
				"message": text(func(e *ErrorSummary) string { return e.Message }),
				"count":   integer(func(e *ErrorSummary) int { return e.Count }),
				"list":    text(func(e *ErrorSummary) string { return e.List() }),
			},
		},
	}
	return p
}

// plannedText is from how many bytes on a text is left to gqlgen, which writes it when the answer
// is. What a plan has written is in memory before, and that is counted as fieldMemory a field.
const plannedText = fieldMemory - 24

// text is a field of the type String, ID or Duration.
func text[T any](get func(*T) string) appender[T] {
	return func(_ context.Context, b []byte, v *T) []byte {
		s := get(v)
		if len(s) >= plannedText {
			return nil
		}
		return appendText(b, s)
	}
}

// appendText appends a short text as gqlgen writes it.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		// Nearly no text has any of these, and writing it takes one copy then. The rest is left
		// to gqlgen, so that both write the same escapes.
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			w := plainWriter{b}
			graphql.MarshalString(s).MarshalGQL(&w)
			return w.b
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// moment is a field of the type DateTime!.
func moment[T any](get func(*T) bos.Time) appender[T] {
	return func(_ context.Context, b []byte, v *T) []byte {
		at := get(v).RFC3339()
		if at == "" {
			return nil // an error, as it must not be null
		}
		return appendText(b, at)
	}
}

// momentOrNull is a field of the type DateTime.
func momentOrNull[T any](get func(*T) bos.Time) appender[T] {
	return func(_ context.Context, b []byte, v *T) []byte {
		if at := get(v).RFC3339(); at != "" {
			return appendText(b, at)
		}
		return append(b, "null"...)
	}
}

// enum is a field whose type is an enum: its values are words, which need no escaping.
func enum[T any, E ~string](get func(*T) E) appender[T] {
	return func(_ context.Context, b []byte, v *T) []byte { return appendWord(b, get(v)) }
}

func boolean[T any](get func(*T) bool) appender[T] {
	return func(_ context.Context, b []byte, v *T) []byte { return strconv.AppendBool(b, get(v)) }
}

func integer[T any, N int | int64](get func(*T) N) appender[T] {
	return func(_ context.Context, b []byte, v *T) []byte { return strconv.AppendInt(b, int64(get(v)), 10) }
}

func float[T any](get func(*T) float64) appender[T] {
	return func(_ context.Context, b []byte, v *T) []byte {
		f := get(v)
		if math.IsInf(f, 0) || math.IsNaN(f) {
			return nil // an error, as JSON has no such numbers
		}
		return strconv.AppendFloat(b, f, 'g', -1, 64)
	}
}

// resolved is what a resolver returns. One that fails is left to gqlgen, which runs it again.
func resolved[T, V any](resolve func(context.Context, *T) (V, error), write appender[V]) appender[T] {
	return func(ctx context.Context, b []byte, v *T) []byte {
		found, err := resolve(ctx, v)
		if err != nil {
			return nil
		}
		return write(ctx, b, &found)
	}
}

// resolvedOrNull is the same where a resolver may return null.
func resolvedOrNull[T, V any](resolve func(context.Context, *T) (*V, error), write appender[V]) appender[T] {
	return func(ctx context.Context, b []byte, v *T) []byte {
		found, err := resolve(ctx, v)
		switch {
		case err != nil:
			return nil
		case found == nil:
			return append(b, "null"...)
		}
		return write(ctx, b, found)
	}
}

// itself is for values that resolvers return as they are written.
func itself[V any](v *V) V { return *v }
