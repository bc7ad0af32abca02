package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testNames are the names of all tests, benchmarks and fuzz targets of the repository.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	if err := walk(".", func(path string) error {
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestMakefileNamesTestsThatExist checks the names of tests in the Makefile: one that is
// renamed would silently run in `make test-fast` again, or not at all in `make long`.
func TestMakefileNamesTestsThatExist(t *testing.T) {
	tests := testNames(t)
	makefile, err := os.ReadFile(filepath.Join(".", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w*`).FindAllString(string(makefile), -1)
	if len(named) < 10 || len(tests) < 100 {
		t.Fatalf("the Makefile names %d tests of %d", len(named), len(tests))
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("the Makefile names %s, which is no test", name)
		}
	}
}

// TestDocumentsNameTestsThatExist checks the tests and benchmarks that documents and comments
// name, and the patterns of their `go test` commands: go test runs nothing, and succeeds, when
// a pattern matches no name any more.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	names := testNames(t)
	named := regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Z]\\w*)`")
	pattern := regexp.MustCompile(`-(run|bench|fuzz)[ =]['"]?([^'"\s` + "`" + `]+)`)
	kind := map[string]string{"run": "Test", "bench": "Benchmark", "fuzz": "Fuzz"}
	checked := 0
	check := func(path string) {
		for line := range strings.Lines(readText(t, path)) {
			for _, m := range named.FindAllStringSubmatch(line, -1) {
				if !names[m[1]] {
					t.Errorf("%s names %s, which does not exist", path, m[1])
				}
			}
			if !strings.Contains(line, "go test ") {
				continue
			}
			for _, m := range pattern.FindAllStringSubmatch(line, -1) {
				first, _, _ := strings.Cut(m[2], "/") // what follows selects subtests
				if first == "^$" || first == "." {
					continue // none, or all
				}
				checked++
				if !matchesName(t, names, kind[m[1]], first) {
					t.Errorf("%s has a command with -%s %s, which matches nothing", path, m[1], m[2])
				}
			}
		}
	}
	for _, document := range documents(t) {
		check(document)
	}
	if err := walk(".", func(path string) error {
		if strings.HasSuffix(path, ".go") && filepath.Dir(path) != "." { // but for the checks themselves
			check(path)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if checked < 10 {
		t.Errorf("only %d commands were found", checked)
	}
}

// matchesName reports whether go test would run a test, benchmark or fuzz target, as kind says,
// for the pattern.
func matchesName(t *testing.T, names map[string]bool, kind, pattern string) bool {
	t.Helper()
	of, err := regexp.Compile(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for name := range names {
		if strings.HasPrefix(name, kind) && of.MatchString(name) {
			return true
		}
	}
	return false
}
