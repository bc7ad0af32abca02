package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// preface is what stands before the table: what is promised and what is not, in plain words.
//
//go:embed preface.txt
var preface string

type report struct {
	at      time.Time
	took    time.Duration
	long    bool
	results []result
}

// broken is how many rows have a promise that does not hold.
func (r report) broken() (n int) {
	for _, one := range r.results {
		if one.failed > 0 {
			n++
		}
	}
	return n
}

// markdown is the whole page.
func (r report) markdown() string {
	var b strings.Builder
	b.WriteString(preface)
	fmt.Fprintf(&b, "\n## Last run\n\n%s. %s, %s, %d processors (%s).\n\n", r.when(), redisVersion(), runtime.Version(), runtime.NumCPU(), processor())
	b.WriteString(tableHead)
	for _, one := range r.results {
		b.WriteString(one.line())
	}
	b.WriteString("\n## Not tested yet\n\n")
	for _, one := range r.results {
		if one.missing != "" {
			fmt.Fprintf(&b, "- %s: %s.\n", one.fault, one.missing)
		}
	}
	b.WriteString("\n## Which tests\n\n")
	for _, one := range r.results {
		var tests []string
		for _, test := range one.tests {
			if name := fmt.Sprintf("`%s` in `%s`", test.name(), strings.TrimPrefix(test.pkg, "./")); !slices.Contains(tests, name) {
				tests = append(tests, name)
			}
		}
		if len(tests) > 0 {
			fmt.Fprintf(&b, "- %s: %s.\n", one.fault, strings.Join(tests, ", "))
		}
	}
	return b.String()
}

const tableHead = "| fault | what is done | what is promised | figures | verdict |\n|---|---|---|---|---|\n"

// when says when it was, in which form, and how long it took.
func (r report) when() string {
	form := "the short form of the tests"
	if r.long {
		form = "the full form of the tests (`TEST_BOSGRAPH_LONG=1`)"
	}
	return fmt.Sprintf("%s, %s, %s", r.at.UTC().Format("2006-01-02"), form, r.took.Round(time.Second))
}

// repeated is an earlier page with the rows of this run in place of its own, and says so.
func (r report) repeated(page string) (string, error) {
	var faults []string
	for _, one := range r.results {
		before, rest, found := strings.Cut(page, "\n"+one.head())
		_, after, _ := strings.Cut(rest, "\n")
		if !found {
			return "", fmt.Errorf("the report has no row %q as it is now: run all rows", one.fault)
		}
		page = before + "\n" + one.line() + after
		faults = append(faults, one.fault)
	}
	note := fmt.Sprintf("Repeated, %s: %s.\n\n", r.when(), strings.Join(faults, "; "))
	return strings.Replace(page, tableHead, note+tableHead, 1), nil
}

// head is what its line in the table begins with: all that does not depend on the run.
func (r row) head() string { return fmt.Sprintf("| %s | %s | %s |", r.fault, r.done, r.promised) }

// line is its line in the table.
func (r result) line() string {
	figures := strings.Join(r.figures, "; ")
	if len(r.tests) > 0 {
		figures = strings.TrimPrefix(figures+fmt.Sprintf("; %d tests", r.passed), "; ")
	}
	return fmt.Sprintf("%s %s | %s |\n", r.head(), cell(figures), r.verdict())
}

// cell makes a text fit into a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func redisVersion() string {
	out, err := exec.Command("redis-server", "--version").Output()
	if err != nil {
		return "no Redis"
	}
	_, rest, _ := strings.Cut(string(out), "v=")
	version, _, _ := strings.Cut(rest, " ")
	return "Redis " + version
}

// processor is the model, where Linux names one.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(info), "model name\t: ")
	if model, _, _ := strings.Cut(rest, "\n"); model != "" {
		return model
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}
