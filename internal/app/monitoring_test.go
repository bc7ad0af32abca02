package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

const monitoring = "../../monitoring/"

// TestAlertsFireAndAreQuiet runs the tests of the rules, and wants each alert to have one, and a section in the runbook.
func TestAlertsFireAndAreQuiet(t *testing.T) {
	t.Parallel()
	for _, words := range [][]string{{"check", "rules", "rules.yml"}, {"test", "rules", "rules_test.yml"}} {
		cmd := exec.Command("promtool", words...)
		cmd.Dir = monitoring
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", words, err, out)
		}
	}
	rules, tests, runbook := readFile(t, monitoring+"rules.yml"), readFile(t, monitoring+"rules_test.yml"), operations(t)
	alerts := regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(rules, -1)
	if len(alerts) < 9 {
		t.Errorf("only %d alerts were found", len(alerts))
	}
	for _, alert := range alerts {
		if !regexp.MustCompile(`alertname: ` + alert[1] + `\n\s+eval_time: \w+\n\s+exp_alerts:`).MatchString(tests) {
			t.Errorf("no test has %s fire", alert[1])
		}
		if !strings.Contains(rules, "docs/operations.md#"+strings.ToLower(alert[1])+"\n") || !strings.Contains(runbook, "\n### "+alert[1]+"\n") {
			t.Errorf("%s has no section in the runbook, or no link to it", alert[1])
		}
	}
}

// prometheus runs a real one that scrapes these servers as one job and evaluates the rules, and returns its API.
func prometheus(t *testing.T, targets ...string) string {
	t.Helper()
	dir := t.TempDir()
	rules, err := filepath.Abs(monitoring + "rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	quoted, _ := json.Marshal(targets) // of strings, which never fails
	config := fmt.Sprintf("global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}\nrule_files: [%q]\n"+
		"scrape_configs: [{job_name: bosgraph, static_configs: [{targets: %s}]}]\n", rules, quoted)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	address := apptest.FreeAddress(t)
	cmd := exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+dir, "--web.listen-address="+address, "--log.level=warn")
	cmd.Stderr = t.Output()
	apptest.Run(t, cmd)
	return "http://" + address + "/api/v1/"
}

// ofPrometheus asks Prometheus, and returns what it answers; nil if it does not, or with an error.
func ofPrometheus(api, path string) (data struct {
	Result []any
	Groups []struct {
		Rules []struct{ Name, Health, LastError, State string }
	}
}) {
	answer, err := http.Get(api + path)
	if err != nil {
		return data
	}
	defer answer.Body.Close()
	var body struct{ Data any }
	body.Data = &data
	_ = json.NewDecoder(answer.Body).Decode(&body) // what is no answer has no series
	return data
}

// expressions are the queries of a dashboard's panels by their titles. It wants panels with titles, ids of their own and the data source that the user selects.
func expressions(t *testing.T, file string) map[string][]string {
	t.Helper()
	type panel struct {
		ID         int
		Type       string
		Title      string
		Datasource struct{ UID string }
		Targets    []struct{ Expr string }
	}
	var dashboard struct {
		UID, Title string
		Panels     []panel
	}
	if err := json.Unmarshal([]byte(readFile(t, file)), &dashboard); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	all, ids := map[string][]string{}, []int{}
	for _, p := range dashboard.Panels {
		if slices.Contains(ids, p.ID) || p.Type != "row" && (p.Title == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0) {
			t.Errorf("%s: panel %d: %+v", file, p.ID, p)
		}
		ids = append(ids, p.ID)
		for _, target := range p.Targets {
			all[fmt.Sprint(p.ID, " ", p.Title)] = append(all[fmt.Sprint(p.ID, " ", p.Title)], target.Expr)
		}
	}
	if dashboard.UID == "" || len(all) < 10 {
		t.Errorf("%s: %q has %d panels with queries", file, dashboard.UID, len(all))
	}
	return all
}

// TestDashboardsShowSeriesOfARealPrometheus scrapes a demo, and a server that follows a BOS, and asks for everything that the dashboards show.
func TestDashboardsShowSeriesOfARealPrometheus(t *testing.T) {
	t.Parallel()
	address := func(s *apptest.Site) string { return strings.TrimPrefix(s.Base, "http://") }
	demo := apptest.Start(t, apptest.Parse(t, "demo", "redis://"+redistest.Server(t), "--components", "200", "--speed", "1000"), apptest.TextLog(&apptest.Journal{}))
	following := followBOS(t, "redis://"+redistest.SharedServer(t), bosfake.New(bosfake.Options{}), "--webhooks", webhooksFile(t, ""))
	api := prometheus(t, address(demo), address(following.Site))

	replace := strings.NewReplacer("$__rate_interval", "10s", "$job", ".+")
	for _, file := range []string{"boots.json", "bosgraph.json"} {
		for panel, all := range expressions(t, monitoring+file) {
			for _, expression := range all {
				apptest.Eventually(t, file+", "+panel+": "+expression, func() bool {
					demo.Must(`{ serverInfo { version } }`)
					return len(ofPrometheus(api, "query?query="+url.QueryEscape(replace.Replace(expression))).Result) > 0
				})
			}
		}
	}
	groups := ofPrometheus(api, "rules").Groups
	if len(groups) != 2 {
		t.Errorf("there are %d groups of rules", len(groups))
	}
	for _, group := range groups {
		for _, rule := range group.Rules {
			if rule.Health != "ok" || rule.State == "firing" {
				t.Errorf("%+v", rule)
			}
		}
	}
}

// infinity is a query of Grafana's Infinity data source, as far as it says what is sent and what is read.
type infinity struct {
	RefID      string
	URL        string
	URLOptions struct {
		Method    string
		Query     string `json:"body_graphql_query"`
		Variables string `json:"body_graphql_variables"`
	} `json:"url_options"`
	Root    string `json:"root_selector"`
	Columns []struct{ Selector, Text string }
}

// rows sends it as the data source does, and returns the columns of each row.
func (q infinity) rows(s *apptest.Site) (all []map[string]any) {
	var variables map[string]any
	if err := json.Unmarshal([]byte(q.URLOptions.Variables), &variables); err != nil {
		s.T.Fatalf("%s: %v", q.RefID, err)
	}
	body, err := json.Marshal(map[string]any{"query": q.URLOptions.Query, "variables": variables})
	if err != nil {
		s.T.Fatal(err)
	}
	path := strings.TrimPrefix(q.URL, "http://127.0.0.1:8080")
	r := s.Send(q.URLOptions.Method, path, string(body), "Content-Type", "application/json", "Accept", "application/json;q=0.9,text/plain")
	for _, item := range r.At(strings.TrimPrefix(q.Root, "data.")).([]any) {
		row := map[string]any{}
		for _, column := range q.Columns {
			row[column.Text] = apptest.At(item, column.Selector)
		}
		all = append(all, row)
	}
	return all
}

// TestRecipeOfGrafanaInfinity sends what docs/recipes.md shows, and wants every column to be there.
func TestRecipeOfGrafanaInfinity(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("old", "startTime", "2026-01-01T00:00:00Z")
	s.Session("boot", "tenant", "blue", "startTime", "2026-06-01T00:00:00Z")
	s.Update("boot", "tenant", "blue", "status", "RUNNING") // which has no components, and so is complete
	var queries []infinity
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(readFile(t, recipes), -1) {
		var q infinity
		text := strings.NewReplacer("${__from:date:iso}", "2026-05-01T00:00:00.000Z", "${__to:date:iso}", "2026-07-01T00:00:00.000Z").Replace(block[1])
		if err := json.Unmarshal([]byte(text), &q); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		queries = append(queries, q)
	}
	if len(queries) != 2 {
		t.Fatalf("%d queries are shown", len(queries))
	}
	table := queries[0].rows(s)
	if len(table) != 2 || table[0]["Session"] != "boot" || table[0]["Status"] != "COMPLETE" || table[0]["Tenant"] != "blue" || table[1]["Template"] != "compute" {
		t.Errorf("the table is %v", table)
	}
	for _, column := range queries[0].Columns {
		if table[0][column.Text] == nil {
			t.Errorf("the table has nothing for %s", column.Text)
		}
	}
	boots := queries[1].rows(s)
	if len(boots) != 1 || boots[0]["title"] != "boot" || boots[0]["time"] != "2026-06-01T00:00:00Z" || boots[0]["timeEnd"] == nil || boots[0]["tags"] != "BOOT" {
		t.Errorf("the annotations are %v", boots)
	}
}
