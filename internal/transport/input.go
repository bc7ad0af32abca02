package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bosgraph/bosgraph/bos"
)

// decode reads JSON that came from outside, keeping numbers as they were written.
func decode(what string, raw []byte, to any) *bos.Error {
	if err := checkText(what, raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err := d.Decode(to)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return bos.Errorf(bos.BadUserInput, "%s is not JSON: %w at byte %d", what, err, syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return bos.Errorf(bos.BadUserInput, "%s: %q can't be a JSON %s", what, kind.Field, kind.Value)
	case errors.As(err, &kind):
		return bos.Errorf(bos.BadUserInput, "%s is a JSON %s: send one object", what, kind.Value)
	case err != nil:
		return bos.Errorf(bos.BadUserInput, "%s is not JSON: it ends too early", what)
	}
	if _, err := d.Token(); err != io.EOF {
		return bos.Errorf(bos.BadUserInput, "%s: there is more after the end of its JSON", what)
	}
	return nil
}

// checkText refuses what decoders would silently replace by other characters:
// bytes that are no UTF-8, and escaped halves of surrogate pairs.
func checkText(what string, raw []byte) *bos.Error {
	if !utf8.Valid(raw) {
		return bos.Errorf(bos.BadUserInput, "%s is not valid UTF-8", what)
	}
	if halfSurrogate(raw) {
		return bos.Errorf(bos.BadUserInput, "%s has half of a surrogate pair in it: write the character itself", what)
	}
	return nil
}

// halfSurrogate says whether a \uD8xx stands without a \uDCxx behind it, or that
// alone. A backslash that is escaped escapes nothing.
func halfSurrogate(raw []byte) bool {
	for {
		i := bytes.IndexByte(raw, '\\')
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
func escaped(raw []byte) (unit rune, after []byte) {
	switch {
	case len(raw) == 0:
		return 0, nil
	case raw[0] != '\\' || len(raw) == 1:
		return 0, raw[1:]
	case raw[1] != 'u' || len(raw) < 6:
		return 0, raw[2:]
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return 0, raw[2:]
	}
	return rune(n), raw[6:]
}
