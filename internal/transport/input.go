package transport

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// decode reads JSON that came from outside. It is strict: bytes that are no UTF-8,
// escaped halves of surrogate pairs and names given twice are errors, where other
// decoders silently put something in their place. A status goes with an error: 400 for what is
// no JSON, 422 for JSON that is no request.
func decode(what string, raw []byte, to any) (int, *bos.Error) {
	err := json.Unmarshal(raw, to)
	var syntax *jsontext.SyntacticError
	var kind *json.SemanticError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &syntax):
		return http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "%s is not valid JSON at byte %d: %w", what, syntax.ByteOffset, syntax.Err)
	// Without the decoder's own text, which names Go types.
	case errors.As(err, &kind):
		return http.StatusUnprocessableEntity, bos.Errorf(bos.BadUserInput, "%s%s can't be a JSON %s", what, pointed(kind.JSONPointer), kindName(kind.JSONKind))
	default:
		return http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "%s is not valid JSON", what)
	}
}

// kindName is what a kind of JSON is called in messages.
func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	default:
		return "list"
	}
}

// pointed is where in the request a value is, in the form of the paths of GraphQL's errors.
func pointed(p jsontext.Pointer) string {
	if p == "" {
		return ""
	}
	return ": " + strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}

// halfSurrogate says whether a \uD8xx stands without a \uDCxx behind it, or that
// alone. A backslash that is escaped escapes nothing. Half a pair is no character, so what is
// stored could not be what was sent: an error is better than another text.
func halfSurrogate(raw string) bool {
	for {
		i := strings.IndexByte(raw, '\\')
		if i < 0 {
			return false
		}
		unit, after := escaped(raw[i:])
		if utf16.IsSurrogate(unit) {
			var low rune
			if low, after = escaped(after); utf16.DecodeRune(unit, low) == utf8.RuneError {
				return true
			}
		}
		raw = after
	}
}

// escaped reads the escape that raw begins with: a UTF-16 unit, or 0 for any other.
// It always takes something, of what is no escape a single byte.
func escaped(raw string) (unit rune, after string) {
	switch {
	case len(raw) == 0:
		return 0, ""
	case raw[0] != '\\' || len(raw) == 1:
		return 0, raw[1:]
	case raw[1] != 'u' || len(raw) < 6:
		return 0, raw[2:]
	}
	n, err := strconv.ParseUint(raw[2:6], 16, 16)
	if err != nil {
		return 0, raw[2:]
	}
	return rune(n), raw[6:]
}
