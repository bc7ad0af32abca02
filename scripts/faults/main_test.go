package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const top = "../.." // of the repository

// TestEveryRowHasItsTests checks the names of the table: go test succeeds when a pattern matches nothing.
func TestEveryRowHasItsTests(t *testing.T) {
	for _, r := range table {
		if len(r.tests) == 0 && r.missing == "" {
			t.Errorf("%q has no tests, and does not say what is missing", r.fault)
		}
		for _, one := range r.tests {
			if !matches(t, one) {
				t.Errorf("%q: %s has no test that matches %s", r.fault, one.pkg, one.pattern)
			}
		}
	}
}

// matches says whether a package has a test whose name matches the first part of a pattern.
func matches(t *testing.T, one test) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(top, one.pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no tests: %v", one.pkg, err)
	}
	first, _, _ := strings.Cut(one.pattern, "/")
	pattern := regexp.MustCompile(first)
	for _, file := range files {
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(text(t, file), -1) {
			if pattern.MatchString(m[1]) {
				return true
			}
		}
	}
	return false
}

// TestTheReportIsOfThisTable checks that docs/faults.md has a row for each fault, and that the README leads to it.
func TestTheReportIsOfThisTable(t *testing.T) {
	page := text(t, top+"/docs/faults.md")
	if !strings.HasPrefix(page, preface) {
		t.Error("docs/faults.md begins otherwise than preface.txt: run `make faults`")
	}
	for _, r := range table {
		if !strings.Contains(page, "| "+r.fault+" | "+r.done+" | "+r.promised+" |") {
			t.Errorf("docs/faults.md has no row %q as it is now: run `make faults`", r.fault)
		}
	}
	if strings.Contains(page, "**broken**") {
		t.Error("docs/faults.md has a promise that does not hold")
	}
	if !strings.Contains(text(t, top+"/README.md"), "(docs/faults.md)") {
		t.Error("the README does not link docs/faults.md")
	}
}

// TestVerdicts checks what is made of the output of tests.
func TestVerdicts(t *testing.T) {
	const passes = `{"Action":"attr","Package":"example/a","Test":"TestA/x","Key":"figure","Value":"lost 0 of 12"}
{"Action":"attr","Package":"example/a","Test":"TestA/x","Key":"other","Value":"nothing"}
{"Action":"attr","Package":"example/a","Test":"TestA/y","Key":"figure","Value":"of another row"}
{"Action":"pass","Package":"example/a","Test":"TestA/x"}
{"Action":"fail","Package":"example/a","Test":"TestA/y"}
{"Action":"fail","Package":"example/a","Test":"TestA"}
`
	some := row{tests: []test{{"./a", "^TestA$/^x$"}}}
	for output, want := range map[string]string{
		passes: "holds",
		passes + `{"Action":"fail","Package":"example/a","Test":"TestA/x"}`:   "**broken**",
		passes + `{"Action":"skip","Package":"example/a","Test":"TestA/x"}`:   "**broken**",
		passes + `{"Action":"fail","Package":"example/a","Test":"TestA/x/1"}`: "**broken**",
	} {
		events, _ := parse(strings.NewReader(output))
		r := some.result(events)
		if got := r.verdict(); got != want || r.passed != 1 || strings.Join(r.figures, ";") != "lost 0 of 12" {
			t.Errorf("%s\nis %s, %d passed, figures %q", output, got, r.passed, r.figures)
		}
	}
	if got := some.result(nil).verdict(); got != "**broken**" {
		t.Errorf("a row whose tests did not run: %s", got)
	}
	if got := (row{}).result(nil).verdict(); got != "not yet" {
		t.Errorf("a row without tests: %s", got)
	}
}

// TestRowsAreRepeated shows that a run of some rows takes the place of these alone, and that the report says so.
func TestRowsAreRepeated(t *testing.T) {
	one, other := row{fault: "one", tests: []test{{"./a", "^TestA$"}}}, row{fault: "other"}
	all := report{results: []result{{row: one, failed: 1}, {row: other}}}
	again := report{long: true, results: []result{{row: one, passed: 1, figures: []string{"lost 0"}}}}
	page, err := again.repeated(all.markdown())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n| one |  |  | lost 0; 1 tests | holds |\n| other |  |  |  | not yet |\n", "\n\nRepeated, 0001-01-01, the full form"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s\nlacks %q", page, want)
		}
	}
	if strings.Contains(page, "**broken**") {
		t.Error("the row that was repeated is still broken")
	}
	again.results[0].fault = "none"
	if _, err := again.repeated(page); err == nil {
		t.Error("a row that the report lacks was repeated")
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
