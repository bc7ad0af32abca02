package bosfake

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// MeasuredScan is what one component costs BOS for one page: 95 to 135 µs where
// v2.50.0's own server was measured beside its Redis, on two shared cores.
const MeasuredScan = 100 * time.Microsecond

// What BOS takes, and what it does beyond.
const (
	// Cray-HPE/bos: config/uwsgi.ini sets no buffer-size, so it is uWSGI's own, 4,096
	// bytes, for all of a request's variables. The query is in there twice, once as a part
	// of the URI. Seen with v2.50.0's own server: from about 120 ids on it closes the
	// connection, and a request line above the buffer loses its query, so that the answer
	// is the whole list.
	uwsgiBuffer  = 4096
	closesBeyond = uwsgiBuffer / 2

	// Cray-HPE/bos: api/openapi.yaml.in: names and lists of ids have 1 to 127 characters,
	// ages up to 8. v2.50.0 answers 400 to anything else.
	mostName = 127
	mostAge  = 8
	mostPage = 1 << 20 // page_size; 400 to 1048577

	mostStatus = 512 // the status of components
)

var (
	// Cray-HPE/bos: api/openapi.yaml.in, AgeString.
	agePattern = regexp.MustCompile(`^(0|0[mMhHdDwW]|[1-9][0-9]*[mMhHdDwW])\n?$`) // Python's $ lets a line break pass
	// The same, of session names: letters, digits, '.', '-' and '_', the first and the
	// last one a letter or a digit.
	sessionPattern = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?\n?$`)
)

// squeeze passes a request through uWSGI's buffer. It closes the connection of one
// that does not fit.
func squeeze(r *http.Request) *http.Request {
	line := len(r.Method) + len(" ") + len(r.RequestURI) + len(" ") + len(r.Proto)
	switch {
	case r.URL.RawQuery == "" || line <= closesBeyond:
		return r
	case line <= uwsgiBuffer:
		panic(http.ErrAbortHandler)
	}
	bare := r.Clone(r.Context())
	bare.URL.RawQuery, bare.URL.ForceQuery = "", false
	return bare
}

// parameters are those of a request's query. BOS takes the last of a repeated one.
func parameters(r *http.Request) url.Values {
	q := r.URL.Query()
	for name, values := range q {
		q[name] = values[len(values)-1:]
	}
	return q
}

// rule checks one parameter that is there; "" is for one that is in order.
type rule func(value string) (wrong string)

func within(most int) rule {
	return func(value string) string {
		switch n := len([]rune(value)); {
		case n == 0:
			return "'' is too short"
		case n > most:
			return "'" + value + "' is too long"
		}
		return ""
	}
}

func atMost(most int) rule {
	return func(value string) string {
		if len([]rune(value)) > most {
			return "'" + value + "' is too long"
		}
		return ""
	}
}

func (r rule) and(pattern *regexp.Regexp) rule {
	return func(value string) string {
		if wrong := r(value); wrong != "" || pattern.MatchString(value) {
			return wrong
		}
		return "'" + value + "' does not match '" + pattern.String() + "'"
	}
}

func oneOf(known ...string) rule {
	return func(value string) string {
		for _, one := range known {
			if value == one {
				return ""
			}
		}
		return "'" + value + "' is not one of ['" + strings.Join(known, "', '") + "']"
	}
}

func integer(value string) string {
	switch n, err := pythonInt(value); {
	case err != nil:
		return "Wrong type, expected 'integer' for query parameter 'page_size'"
	case n < 0:
		return value + " is less than the minimum of 0"
	case n > mostPage:
		return value + " is greater than the maximum of " + strconv.Itoa(mostPage)
	}
	return ""
}

// pythonInt reads a number as Python does: with blanks around it, a sign, and single
// underscores between digits.
func pythonInt(value string) (int, error) {
	value = strings.TrimSpace(value)
	if !pythonDigits.MatchString(value) {
		return 0, strconv.ErrSyntax
	}
	return strconv.Atoi(strings.ReplaceAll(value, "_", ""))
}

var pythonDigits = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)

func boolean(value string) string {
	if lower := strings.ToLower(value); lower == "true" || lower == "false" {
		return ""
	}
	return "Wrong type, expected 'boolean' for query parameter 'enabled'"
}

// rules are those of the parameters of a path, by the pattern of that.
func rules(pattern string) map[string]rule {
	name := within(mostName)
	session := name.and(sessionPattern)
	switch pattern {
	case "/v2/components":
		return map[string]rule{
			"status": atMost(mostStatus), "ids": name, "start_after_id": name, "session": session, "staged_session": session,
			"phase": oneOf("", "configuring", "powering_off", "powering_on"), "page_size": integer, "enabled": boolean,
		}
	case "/v2/sessions":
		age := within(mostAge).and(agePattern)
		return map[string]rule{"min_age": age, "max_age": age, "status": oneOf("pending", "running", "complete")}
	}
	return nil
}

// refuse is the answer to a request that BOS's OpenAPI does not allow; nil for one that
// it does.
func refuse(r *http.Request, pattern string) *answer {
	q := parameters(r)
	for name, check := range rules(pattern) {
		if !q.Has(name) {
			continue
		}
		if wrong := check(q.Get(name)); wrong != "" {
			a := badRequest("%s", wrong)
			return &a
		}
	}
	if id := r.PathValue("id"); id != "" && strings.HasPrefix(pattern, "/v2/") {
		check := within(mostName)
		if !strings.HasPrefix(pattern, "/v2/components/") {
			check = check.and(sessionPattern)
		}
		if wrong := check(id); wrong != "" {
			a := badRequest("%s", wrong)
			return &a
		}
	}
	if wrong := atMost(mostName)(tenantOf(r)); wrong != "" && tenanted.MatchString(pattern) {
		a := badRequest("%s", wrong)
		return &a
	}
	return nil
}

// tenanted are the paths that know a tenant.
var tenanted = regexp.MustCompile(`^/v2/(components|sessions|sessiontemplates|sessiontemplatesvalid)(/|$)`)
