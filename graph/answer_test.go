package graph

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/bosgraph/bosgraph/internal/cost"
)

// answerOf writes data to an answer of at most so many bytes.
func answerOf(t *testing.T, most int64, data graphql.Marshaler, errs ...*gqlerror.Error) (Parts, *cost.Limits) {
	t.Helper()
	b := &cost.Limits{Response: most, Heavy: make(chan struct{}, 1), Memory: cost.NewPool(1 << 30)}
	ctx, effort := b.WithEffort(t.Context())
	_, a := WithAnswer(ctx)
	a.write(data)
	parts := a.Finish(&graphql.Response{Data: inAnswer, Errors: errs})
	t.Cleanup(effort.Done)
	return parts, b
}

func texts(n int, s string) graphql.Array {
	all := make(graphql.Array, n)
	for i := range all {
		all[i] = MarshalString(s)
	}
	return all
}

func TestAnswerIsWhatWasWritten(t *testing.T) {
	for name, s := range map[string]string{
		"short": "e", "with escapes": "\"\\\n\x01é", "long": strings.Repeat("é\"", 5000), "longer than a part": strings.Repeat("x", 200_000),
	} {
		for _, errs := range [][]*gqlerror.Error{nil, {{Message: "m"}}} {
			parts, _ := answerOf(t, 1<<30, texts(30, s), errs...)
			var got struct {
				Data   []string
				Errors []any
			}
			body := parts.Bytes()
			if err := json.Unmarshal(body, &got); err != nil || len(got.Data) != 30 || len(got.Errors) != len(errs) || len(body) != parts.Len() {
				t.Fatalf("%s: %v, %d texts, %d errors in %.100q", name, err, len(got.Data), len(got.Errors), body)
			}
			for _, text := range got.Data {
				if text != s {
					t.Fatalf("%s: %.50q was written", name, text)
				}
			}
		}
	}
}

func TestLongTextsAreEncodedOnce(t *testing.T) {
	long := strings.Repeat("e", 65_536)
	parts, b := answerOf(t, 100<<20, texts(1000, long))
	if held := parts.Held(); parts.Len() < 65_536*1000 || held > 300<<10 || b.Memory.Held() > 300<<10 {
		t.Errorf("%d bytes are %d in memory, of which %d are counted", parts.Len(), held, b.Memory.Held())
	}
}

func TestTooLargeAnswers(t *testing.T) {
	for name, data := range map[string]graphql.Marshaler{
		"many short texts": texts(100_000, "text"), "a long one": texts(2, strings.Repeat("e", 400_000)),
		"one that grows": texts(1, strings.Repeat("\x01", 150_000)),
	} {
		parts, _ := answerOf(t, 500_000, data)
		if got := string(parts.Bytes()); !strings.Contains(got, `"code":"BAD_USER_INPUT"`) || strings.Contains(got, "data") || len(got) > 500 {
			t.Errorf("%s: %d bytes: %.300s", name, len(got), got)
		}
	}
}

// A list is cut off by what its items are going to take: that must never be too little.
func TestEncodedLength(t *testing.T) {
	for _, s := range []string{"", "plain", "\"\\", "\x00\x1f\n\t", "é€😀", "\xff\xc3", strings.Repeat("a\"", 1000)} {
		var w plainWriter
		graphql.MarshalString(s).MarshalGQL(&w)
		if got := encodedLength(s) + 2; got < len(w.b) {
			t.Errorf("%.20q takes %d bytes, not %d", s, len(w.b), got)
		}
	}
}

func TestErrorsAreBounded(t *testing.T) {
	errs := make([]*gqlerror.Error, 100_000)
	for i := range errs {
		errs[i] = &gqlerror.Error{Message: "m", Extensions: map[string]any{"code": "INTERNAL"}}
	}
	parts, _ := answerOf(t, 1<<20, graphql.Null, errs...)
	var got struct{ Errors []gqlerror.Error }
	if err := json.Unmarshal(parts.Bytes(), &got); err != nil || len(got.Errors) != maxErrors ||
		got.Errors[maxErrors-1].Message != "m (99000 more errors are left out)" || len(errs) != 100_000 || errs[maxErrors-1].Message != "m" {
		t.Errorf("%d errors, %v", len(got.Errors), err)
	}
}
