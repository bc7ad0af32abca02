// Command schemadiff compares schema.graphqls with the schema of the last release, and fails for
// each change that breaks a client of that release and is not in the list of intended breaks.
// Run it at the root of the repository, without arguments. With -release the schema becomes that
// of the last release, and the list of intended breaks becomes empty.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const (
	current  = "schema.graphqls"
	released = "api/released.graphqls"
	intended = "api/intended-breaks.txt"
)

// heading stays in the list of intended breaks when a release has emptied it.
const heading = `# Changes of the schema since the last release that break its clients on purpose: what schemadiff
# prints in front of the colon, a colon, and why. Say it in CHANGELOG.md, too.
`

func main() {
	release := flag.Bool("release", false, "make the schema that of the last release")
	flag.Parse()
	run := compare
	if *release {
		run = freeze
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "schemadiff:", err)
		os.Exit(1)
	}
}

func freeze() error {
	text, err := os.ReadFile(current)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(released, text, 0o644), os.WriteFile(intended, []byte(heading), 0o644))
}

func compare() error {
	before, err := load(released)
	if err != nil {
		return err
	}
	now, err := load(current)
	if err != nil {
		return err
	}
	list, err := os.ReadFile(intended)
	if err != nil {
		return err
	}
	problems := unintended(breaks(before, now), string(list))
	for _, p := range problems {
		fmt.Println(p)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d problems; a break on purpose belongs into %s", len(problems), intended)
	}
	return nil
}

func load(name string) (*ast.Schema, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return gqlparser.LoadSchema(&ast.Source{Name: name, Input: string(text)})
}

// unintended returns the breaks that the list does not have, and the lines of the list that are
// no breaks or give no reason: one that stays would hide a break that comes later.
func unintended(found []broken, list string) []string {
	reasons := map[string]bool{} // by path, whether the break was found
	var problems []string
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		// Paths of arguments have a colon of their own, without a space behind it.
		path, reason, _ := strings.Cut(line, ": ")
		if reason == "" {
			problems = append(problems, path+": intended without a reason")
		}
		reasons[path] = false
	}
	for _, b := range found {
		if _, ok := reasons[b.path]; ok {
			reasons[b.path] = true
			continue
		}
		problems = append(problems, b.path+": "+b.what)
	}
	for path, used := range reasons {
		if !used {
			problems = append(problems, path+": intended, but no break")
		}
	}
	slices.Sort(problems)
	return problems
}
