package rest

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parameter is one of a request, and what is refused of its values.
type parameter struct {
	name  string
	check func(value string) error
}

// The parameters of BOS's lists, in the order of its description, in which they are
// checked. BOS: api/openapi.yaml.in.
func componentParameters() []parameter {
	return []parameter{
		{"ids", isComponentID},
		{"session", isSessionName},
		{"staged_session", isSessionName},
		{"enabled", isBoolean},
		{"phase", isPhase},
		{"status", notLonger(512)},
		{"start_after_id", isComponentID},
		{"page_size", isPageSize},
	}
}

func sessionParameters() []parameter {
	return []parameter{{"min_age", isAge}, {"max_age", isAge}, {"status", oneOf("pending", "running", "complete")}}
}

func tenantParameter() parameter { return parameter{tenantHeader, notLonger(maxName)} }

func path(name string, check func(string) error) parameter { return parameter{name, check} }

// The limits of BOS's description.
const (
	maxName     = 127 // characters of a name, an id, or several ids with commas between them
	maxPageSize = 1 << 20
	maxAge      = 8 // characters
)

// BOS's patterns, as they stand in its description and in its problems.
const (
	namePattern = `^[a-zA-Z0-9](?:[-._a-zA-Z0-9]{0,125}[a-zA-Z0-9])?$`
	agePattern  = `^(0|0[mMhHdDwW]|[1-9][0-9]*[mMhHdDwW])$`
)

var (
	nameRegexp = regexp.MustCompile(strings.TrimSuffix(namePattern, "$") + `\n?$`) // Python's $ lets a line break pass
	ageRegexp  = regexp.MustCompile(strings.TrimSuffix(agePattern, "$") + `\n?$`)
)

// BOS: the first thing that jsonschema finds, which looks at the limits in alphabetical
// order. Its text continues with the whole schema, which is left out here.

// isComponentID goes by the length alone, as BOS does: its description has no pattern for ids.
func isComponentID(value string) error { return lengthWithin(value, maxName) }

func isSessionName(value string) error {
	if err := lengthWithin(value, maxName); err != nil {
		return err
	}
	return matches(value, nameRegexp, namePattern)
}

func isAge(value string) error {
	if err := lengthWithin(value, maxAge); err != nil {
		return err
	}
	return matches(value, ageRegexp, agePattern)
}

func isPhase(value string) error {
	return oneOf("powering_on", "powering_off", "configuring", "")(value)
}

func isBoolean(value string) error {
	if strings.EqualFold(value, "true") || strings.EqualFold(value, "false") {
		return nil
	}
	return wrongType("boolean", "enabled")
}

func isPageSize(value string) error {
	n, ok := integer(value)
	switch {
	case !ok:
		return wrongType("integer", "page_size")
	case n.Cmp(big.NewInt(maxPageSize)) > 0:
		return badRequest("%s is greater than the maximum of %d", n, maxPageSize)
	case n.Sign() < 0:
		return badRequest("%s is less than the minimum of 0", n)
	}
	return nil
}

// wrongType refuses a parameter. BOS: connexion's words.
func wrongType(want, parameter string) *problem {
	return badRequest("Wrong type, expected '%s' for query parameter '%s'", want, parameter)
}

func notLonger(most int) func(value string) error {
	return func(value string) error {
		if utf8.RuneCountInString(value) > most {
			return badRequest("%s is too long", quoted(value))
		}
		return nil
	}
}

func lengthWithin(value string, most int) error {
	if value == "" {
		return badRequest("'' should be non-empty")
	}
	return notLonger(most)(value)
}

func oneOf(values ...string) func(value string) error {
	return func(value string) error {
		if slices.Contains(values, value) {
			return nil
		}
		return badRequest("%s is not one of ['%s']", quoted(value), strings.Join(values, "', '"))
	}
}

func matches(value string, pattern *regexp.Regexp, text string) error {
	if pattern.MatchString(value) {
		return nil
	}
	return badRequest("%s does not match '%s'", quoted(value), text)
}

// integer reads a number as Python does: with blanks around it, a sign, and single
// underscores between digits. Of any size, because BOS's refusal quotes the number: 2^64 has to
// come back as it was sent.
func integer(text string) (*big.Int, bool) {
	const mostDigits = 4300 // that Python reads
	text = strings.TrimSpace(text)
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || digits == "" || len(digits) > mostDigits || strings.Contains(digits, "__") ||
		strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") {
		return nil, false
	}
	// Digits of other scripts, which Python would read, are refused: nobody sends them.
	for _, c := range digits {
		if c != '_' && (c < '0' || c > '9') {
			return nil, false
		}
	}
	return new(big.Int).SetString(strings.ReplaceAll(text, "_", ""), 10)
}

// quoted writes a text as Python's repr does, which BOS's messages contain: clients that compare
// them, and the tests against BOS, see every difference.
func quoted(s string) string {
	quote := '\'' // unless that would have to be escaped, and a double quote would not
	if strings.ContainsRune(s, '\'') && !strings.ContainsRune(s, '"') {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, c := range s {
		switch {
		case c == quote || c == '\\':
			b.WriteString(`\` + string(c))
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(c):
			b.WriteRune(c)
		case c < 0x100:
			b.WriteString(`\x` + hex(c, 2))
		case c < 0x10000:
			b.WriteString(`\u` + hex(c, 4))
		default:
			b.WriteString(`\U` + hex(c, 8))
		}
	}
	b.WriteRune(quote)
	return b.String()
}

func hex(c rune, digits int) string {
	text := big.NewInt(int64(c)).Text(16)
	return strings.Repeat("0", digits-len(text)) + text
}
