// Faults runs the tests that break things, those of every row of [table], and prints a report in Markdown: what was
// done, what is promised, what was counted, and whether the promise holds.
//
//	go run ./scripts/faults                    # print the report
//	go run ./scripts/faults -o docs/faults.md  # and keep it
//	go run ./scripts/faults -row Cluster       # only the rows whose fault matches; with -o, the report keeps the others
//
// With TEST_BOSGRAPH_LONG=1 the tests run in their full form, one after the other, as thousands of watchers take a whole machine:
// about an hour. It exits with 1 if a promise does not hold.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

func main() {
	output := flag.String("o", "", "write the report to this file instead of stdout")
	only := flag.String("row", "", "run only the rows whose fault matches this regular expression")
	flag.Parse()
	matching, err := regexp.Compile(*only)
	if err != nil {
		fatal(err)
	}
	var earlier []byte // the report that keeps its other rows, read before the tests take their time
	if *output != "" && *only != "" {
		if earlier, err = os.ReadFile(*output); err != nil {
			fatal(err)
		}
	}
	report := report{at: time.Now(), long: os.Getenv("TEST_BOSGRAPH_LONG") != ""}
	rows := slices.DeleteFunc(slices.Clone(table), func(r row) bool { return !matching.MatchString(r.fault) })
	events := run(rows, report.long)
	for _, r := range rows {
		report.results = append(report.results, r.result(events))
	}
	report.took = time.Since(report.at)
	text := ""
	if earlier == nil {
		text = report.markdown()
	} else if text, err = report.repeated(string(earlier)); err != nil {
		fatal(err)
	}
	if *output == "" {
		fmt.Print(text)
	} else if err := os.WriteFile(*output, []byte(text), 0o644); err != nil {
		fatal(err)
	}
	if report.broken() > 0 {
		os.Exit(1)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "faults:", err)
	os.Exit(2)
}

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output, Key, Value string

	Elapsed float64 // seconds
}

// run runs the tests of all rows, one package after the other: building and linking a package for each row would take
// longer than its tests.
func run(rows []row, long bool) (events []event) {
	patterns := map[string][]string{} // by package
	for _, r := range rows {
		for _, one := range r.tests {
			patterns[one.pkg] = append(patterns[one.pkg], one.pattern)
		}
	}
	args := []string{"test", "-json", "-count=1", "-timeout=180m"}
	if long {
		args = append(args, "-parallel=1")
	}
	for _, pkg := range slices.Sorted(maps.Keys(patterns)) {
		cmd := exec.Command("go", append(slices.Clone(args), "-run", strings.Join(patterns[pkg], "|"), pkg)...)
		cmd.Env = append(os.Environ(), "TEST_BOSGRAPH_FAULTS=1") // some take too long for every `make test`
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			fatal(err)
		}
		own, printed := parse(out)
		if err := cmd.Wait(); err != nil { // the rows say which of them are concerned
			fmt.Fprintf(os.Stderr, "%s: %v\n%s", pkg, err, printed)
		}
		events = append(events, own...)
	}
	return events
}

// parse returns the events of a package's tests, and what they have printed. It says what has ended, as all of them
// take long.
func parse(out io.Reader) (events []event, printed string) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil {
			events = append(events, e)
			printed += e.Output
			if ended := e.Action == "pass" || e.Action == "fail"; ended && e.Test != "" && !strings.Contains(e.Test, "/") {
				fmt.Fprintf(os.Stderr, "%s: %s after %.0f s\n", e.Test, e.Action, e.Elapsed)
			}
		}
		if err != nil {
			return events, printed
		}
	}
}

// result is what became of a row.
type result struct {
	row
	passed, failed int // tests and subtests
	figures        []string
}

// result picks what concerns the row.
func (r row) result(events []event) result {
	got := result{row: r}
	for _, one := range r.tests {
		before := got.passed + got.failed
		for _, e := range events {
			switch {
			case !one.matches(e):
			case e.Action == "attr" && e.Key == redistest.FigureKey:
				got.figures = append(got.figures, e.Value)
			case e.Action == "pass":
				got.passed++
			case e.Action == "fail" || e.Action == "skip": // what is skipped proves nothing
				got.failed++
			}
		}
		if got.passed+got.failed == before { // nor does a pattern that matches nothing, or a package that does not build
			got.failed++
		}
	}
	return got
}

// verdict is in the words of the report.
func (r result) verdict() string {
	switch {
	case len(r.tests) == 0:
		return "not yet"
	case r.failed > 0:
		return "**broken**"
	default:
		return "holds"
	}
}
