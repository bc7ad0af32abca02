package apptest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Reply is an answer to a GraphQL request.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	Took   time.Duration
	Data   any
	Errors []struct {
		Message    string
		Path       []any
		Extensions struct{ Code, Reason string }
	}
}

// At follows a path of fields and indexes, such as "session.components.edges.0",
// into the data: nil where it ends early.
func (r Reply) At(path string) any { return At(r.Data, path) }

// At follows a path of fields and indexes, such as "edges.0.node": nil where it ends early.
func At(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch parent := v.(type) {
		case map[string]any:
			v = parent[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(parent) {
				return nil
			}
			v = parent[i]
		default:
			return nil
		}
	}
	return v
}

// Codes are those of all errors, of the request and of the user.
func (r Reply) Codes() []string {
	var codes []string
	for _, e := range r.Errors {
		codes = append(codes, e.Extensions.Code)
	}
	for _, e := range UserErrors(r.Data) {
		codes = append(codes, e["code"].(string))
	}
	return codes
}

// UserErrors finds the user errors of every payload.
func UserErrors(v any) []map[string]any {
	var found []map[string]any
	switch v := v.(type) {
	case map[string]any:
		// Wherever they are: a mutation may be under any alias, and there may be several.
		for name, value := range v {
			if list, ok := value.([]any); ok && name == "userErrors" {
				for _, e := range list {
					found = append(found, e.(map[string]any))
				}
				continue
			}
			found = append(found, UserErrors(value)...)
		}
	case []any:
		for _, value := range v {
			found = append(found, UserErrors(value)...)
		}
	}
	return found
}

// Reason is extensions.reason of the first error.
func (r Reply) Reason() string {
	var answer struct {
		Errors []struct{ Extensions struct{ Reason string } }
	}
	if json.Unmarshal(r.Body, &answer) != nil || len(answer.Errors) == 0 {
		return ""
	}
	return answer.Errors[0].Extensions.Reason
}

// Want checks values of a reply by their paths.
func (r Reply) Want(t *testing.T, values map[string]any) {
	t.Helper()
	for path, want := range values {
		if have := r.At(path); have != want {
			t.Errorf("%s is %v, want %v", path, have, want)
		}
	}
}

// internals are what no message may show: where things are, and what they are made of.
var internals = regexp.MustCompile(`(?i)\blua\b|redis\.call|user_script|@user|noscript|goroutine|panic|runtime error|\.go:|` +
	`\bGo (value|struct)|127\.0\.0\.1|/(home|root|usr|tmp|work)/|interface ?\{|json\.|\bnil\b`)

// CheckMessages checks every message for what clients are not to see.
func (r Reply) CheckMessages(t *testing.T) {
	t.Helper()
	var messages []string
	for _, e := range r.Errors {
		messages = append(messages, e.Message)
		if e.Extensions.Code == "" {
			t.Errorf("an error without code: %s", Clip(e.Message))
		}
	}
	for _, e := range UserErrors(r.Data) {
		message, _ := e["message"].(string)
		messages = append(messages, message)
	}
	for _, m := range messages {
		if found := internals.FindString(Clip(m)); found != "" {
			t.Errorf("the message shows %q: %s", found, Clip(m))
		}
		if len(m) > 2000 {
			t.Errorf("a message of %d bytes: %s", len(m), Clip(m))
		}
	}
}

// Clip is the beginning of a text, for messages of tests.
func Clip(s string) string {
	const most = 1000
	return string(bytes.ToValidUTF8([]byte(s[:min(len(s), most)]), []byte("?")))
}
