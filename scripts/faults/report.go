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
	form := "the short form of the tests"
	if r.long {
		form = "the full form of the tests (`TEST_BOSGRAPH_LONG=1`)"
	}
	fmt.Fprintf(&b, "\n## Last run\n\n%s, %s, %s. %s, %s, %d processors (%s).\n\n", r.at.UTC().Format("2006-01-02"), form,
		r.took.Round(time.Second), redisVersion(), runtime.Version(), runtime.NumCPU(), processor())
	b.WriteString("| fault | what is done | what is promised | figures | verdict |\n|---|---|---|---|---|\n")
	for _, one := range r.results {
		figures := strings.Join(one.figures, "; ")
		if len(one.tests) > 0 {
			figures = strings.TrimPrefix(figures+fmt.Sprintf("; %d tests", one.passed), "; ")
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", one.fault, one.done, one.promised, cell(figures), one.verdict())
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
