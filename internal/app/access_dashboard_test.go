package app_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

var (
	documentText = regexp.MustCompile("graphql\\(`([^`]*)`")
	spreadName   = regexp.MustCompile(`\.\.\.(\w+)`)
	variableName = regexp.MustCompile(`\$(\w+):`)
)

// dashboardRequests are the operations that the dashboard sends, each with its fragments.
func dashboardRequests(t *testing.T) (operations []string) {
	t.Helper()
	fragments := map[string]string{}
	var texts []string
	for _, found := range documentText.FindAllStringSubmatch(readFile(t, "../../web/src/dashboard/documents.ts"), -1) {
		text := strings.ReplaceAll(strings.TrimSpace(found[1]), "@_unmask", "")
		if rest, ok := strings.CutPrefix(text, "fragment "); ok {
			fragments[strings.Fields(rest)[0]] = text
		} else {
			texts = append(texts, text)
		}
	}
	for _, text := range texts {
		added := map[string]bool{}
		for i := 0; ; {
			at := spreadName.FindStringSubmatchIndex(text[i:])
			if at == nil {
				break
			}
			name := text[i+at[2] : i+at[3]]
			if i += at[1]; !added[name] {
				added[name] = true
				text += "\n" + fragments[name]
			}
		}
		operations = append(operations, text)
	}
	if len(operations) < 10 {
		t.Fatalf("the dashboard sends %d requests", len(operations))
	}
	return operations
}

// TestDashboardOfATenantShowsItAlone sends the dashboard's requests as a tenant: for its own session, to which all
// are answered, and for another's, which is not there.
func TestDashboardOfATenantShowsItAlone(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	g.as("admin").Must(`mutation { patchComponents(input: {components: [{id: "x1", error: "e"}, {id: "x2", error: "e"}, {id: "x3", error: "e"}, {id: "x4", error: "e"}]}) { applied } }`)
	for _, operation := range dashboardRequests(t) {
		for _, tenant := range []string{"red", "blue"} {
			all := apptest.Vars{"name": "s", "tenant": tenant, "id": map[string]string{"red": "x1", "blue": "x2"}[tenant],
				"first": 50, "groups": 50, "patterns": 20, "messages": 500, "size": 50, "message": "e", "staged": false}
			head, _, _ := strings.Cut(operation, "{")
			variables := apptest.Vars{}
			for _, name := range variableName.FindAllStringSubmatch(head, -1) {
				if value, ok := all[name[1]]; ok {
					variables[name[1]] = value
				}
			}
			var body string
			switch {
			case strings.HasPrefix(operation, "subscription SessionsUpdated"): // see TestTenantsShareNoSubscription
				continue
			case strings.HasPrefix(operation, "subscription"):
				body = next(t, stream(t, g.as("tenant"), operation, variables))
			default:
				r := g.as("tenant").Ask(operation, variables)
				if len(r.Codes()) > 0 {
					t.Errorf("%s\nis answered %s", operation, r.Body)
				}
				body = string(r.Body)
			}
			// The error names what was asked for.
			if marks := foreignMarks.FindAllString(body, -1); len(marks) > 0 && !slices.Equal(marks, []string{"blue"}) || len(marks) == 1 && !strings.Contains(body, "NOT_FOUND") {
				t.Errorf("%s\nof %s is answered %s", operation, tenant, body)
			}
			if tenant == "red" && (strings.Contains(body, "errors") || strings.Contains(body, `"session":null`)) {
				t.Errorf("%s\nis answered %s", operation, body)
			}
		}
	}
}
