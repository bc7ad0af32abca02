package main

import (
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestQuestionsHaveAnswers validates the queries of docs/questions.md, and that each question has one, a command that exists, and at most
// two clicks.
func TestQuestionsHaveAnswers(t *testing.T) {
	schema, err := gqlparser.LoadSchema(source(t, "schema.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	page := readText(t, "docs/questions.md")
	queries := map[string]bool{}
	for _, section := range strings.Split(page, "\n## ")[1:] {
		title, rest, _ := strings.Cut(section, "\n")
		_, query, found := strings.Cut(rest, "```graphql\n")
		query, _, closed := strings.Cut(query, "```")
		if _, errs := gqlparser.LoadQueryWithRules(schema, query, nil); !found || !closed || errs != nil {
			t.Errorf("the query of %s is not valid: %v", title, errs)
		}
		queries[title] = false
	}
	rows := regexp.MustCompile("(?m)^\\| (.+\\?) \\| .+ \\| (\\d+) \\| `bosgraph (.*)` \\| \\[([a-z]+)\\]\\(#([a-z]+)\\) \\|$").FindAllStringSubmatch(page, -1)
	if len(rows) != strings.Count(page, "? |") || len(rows) < 10 {
		t.Errorf("%d rows of the table are as they should be", len(rows))
	}
	for _, row := range rows {
		question, command, name := row[1], row[3], row[4]
		if clicks, _ := strconv.Atoi(row[2]); clicks > 2 {
			t.Errorf("%q takes %d clicks", question, clicks)
		}
		if _, err := config.Parse(strings.Fields(command), io.Discard, io.Discard); err != nil {
			t.Errorf("%q is answered by %q: %v", question, command, err)
		}
		if _, there := queries[name]; !there || name != row[5] {
			t.Errorf("%q has no query %s", question, name)
		}
		queries[name] = true
	}
	for name, linked := range queries {
		if !linked {
			t.Errorf("no question leads to %s", name)
		}
	}
}
