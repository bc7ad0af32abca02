package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

// add counts the differences of the requests.
func (r *Report) add(requests []compat.Request, found map[string]Difference) {
	r.Requests = len(requests)
	for _, request := range requests {
		d, differs := found[request.ID]
		switch {
		case !differs:
			r.Same++
			continue
		case d.Argued != "":
			r.Argued++
		default:
			r.Different++
		}
		r.Differences = append(r.Differences, d)
	}
}

// unanswered says whether a difference is that one side has not answered.
func (r *Report) unanswered() bool {
	return slices.ContainsFunc(r.Differences, func(d Difference) bool { return d.What == whatAnswer })
}

// write prints the report: a line for each difference that is not on purpose, and a
// summary; or all of it as JSON.
func (r *Report) write(out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	// Written at once, so that a report is whole or an error.
	var b strings.Builder
	for _, d := range r.Differences {
		if d.Argued == "" {
			fmt.Fprintln(&b, d)
		}
	}
	fmt.Fprintf(&b, "%d requests: %d the same, %d different on purpose, %d different", r.Requests, r.Same, r.Argued, r.Different)
	if r.Skipped > 0 {
		fmt.Fprintf(&b, "; %d skipped, for lack of: %s", r.Skipped, strings.Join(r.Missing, ", "))
	}
	fmt.Fprintln(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

// String is a difference in one line.
func (d Difference) String() string {
	request := d.Method + " " + short(d.Path)
	if d.Tenant != "" {
		request += " (tenant " + short(d.Tenant) + ")"
	}
	where := d.What
	if d.At != "" {
		where = d.At
	}
	return fmt.Sprintf("%s: %s: BOS %s, bosgraph %s", request, where, oneLine(d.BOS), oneLine(d.Bosgraph))
}

// oneLine keeps control characters of an answer off the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
