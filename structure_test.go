package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

const module = "github.com/bosgraph/bosgraph"

// TestToolsAgree checks that tools.go names the tools of go.mod, and no others.
func TestToolsAgree(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	var directives, imports []string
	for _, tool := range mod.Tool {
		directives = append(directives, tool.Path)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "tools.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if spec.Name == nil || spec.Name.Name != "_" {
			t.Errorf("tools.go: the import of %s is not blank", path)
		}
		imports = append(imports, path)
	}
	slices.Sort(directives)
	slices.Sort(imports)
	if len(directives) == 0 || !slices.Equal(directives, imports) {
		t.Errorf("the tools do not agree:\n go.mod   %v\n tools.go %v", directives, imports)
	}
}

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string // of the tests inside the package
	XTestImports []string // of those beside it, in package x_test
}

// rule says what packages may import. Paths are relative to the module, "." for
// its root, and mean what lies below them, too.
type rule struct {
	says  string
	of    func(pkg string) bool
	bars  func(imp string) bool
	tests bool // whether test files are bound by it
}

var rules = []rule{
	{says: "bos imports only the standard library", of: under("bos"), bars: not(standard, within("bos"))},
	{says: "bos waits for nothing and does no I/O: it imports no context, lock, network or file", of: under("bos"),
		bars: anyOf("context", "sync", "sync/atomic", "net", "net/http", "io", "os")},
	{says: "only cache imports go-redis", of: not(under("cache")), bars: below("github.com/redis/go-redis"), tests: true},
	{says: "only internal/app imports cache", of: not(under("cache", "internal/app")), bars: within("cache")},
	{says: "only the command and the kit of tests import internal/app", of: not(under("internal/app", "internal/apptest"), root), bars: within("internal/app")},
	{says: "only tests import internal/apptest", of: not(under("internal/apptest")), bars: within("internal/apptest")},
	{says: "of ours, cache imports only bos, internal/coalesce and internal/cost", of: under("cache"), bars: oursBut("bos", "cache", "internal/coalesce", "internal/cost")},
	{says: "of ours, cache/internal/schema imports only bos", of: under("cache/internal/schema"), bars: oursBut("bos", "cache/internal/schema")},
	{says: "of ours, cache/internal/redisdb imports only the schema, the scripts, bos and internal/coalesce", of: under("cache/internal/redisdb"),
		bars: oursBut("bos", "cache/internal/schema", "cache/lua", "cache/internal/redisdb", "internal/coalesce")},
	{says: "of ours, cache/internal/feed imports only cache/internal/redisdb, cache/internal/schema and bos", of: under("cache/internal/feed"),
		bars: oursBut("bos", "cache/internal/redisdb", "cache/internal/schema", "cache/internal/feed")},
	{says: "of ours, tests of cache import only bos, internal/coalesce, internal/cost and internal/redistest", of: under("cache"),
		bars: oursBut("bos", "cache", "internal/coalesce", "internal/cost", "internal/redistest"), tests: true},
	{says: "of ours, loaders imports only bos", of: under("loaders"), bars: oursBut("bos", "loaders")},
	{says: "of ours, graph imports only loaders, internal/audit, internal/auth, internal/cost, internal/live and bos", of: under("graph"),
		bars: oursBut("bos", "loaders", "graph", "internal/audit", "internal/auth", "internal/cost", "internal/live")},
	{says: "of ours, internal/coalesce imports nothing", of: under("internal/coalesce"), bars: oursBut("internal/coalesce")},
	{says: "of ours, internal/cost imports only bos", of: under("internal/cost"), bars: oursBut("bos", "internal/cost")},
	{says: "of ours, internal/live imports only bos", of: under("internal/live"), bars: oursBut("bos", "internal/live")},
	{says: "of ours, internal/latest imports nothing", of: under("internal/latest"), bars: oursBut("internal/latest")},
	{says: "of ours, internal/hub imports only internal/latest, internal/live and bos", of: under("internal/hub"),
		bars: oursBut("bos", "internal/hub", "internal/latest", "internal/live")},
	{says: "only internal/metrics imports Prometheus", of: not(under("internal/metrics")), bars: below("github.com/prometheus")},
	{says: "of ours, internal/metrics imports only bos", of: under("internal/metrics"), bars: oursBut("bos", "internal/metrics")},
	{says: "only internal/redistest imports toxiproxy", of: not(under("internal/redistest")), bars: below("github.com/Shopify/toxiproxy"), tests: true},
	{says: "only internal/traces imports OpenTelemetry", of: not(under("internal/traces")), bars: below("go.opentelemetry.io")},
	{says: "of ours, internal/traces imports nothing", of: under("internal/traces"), bars: oursBut("internal/traces")},
	{says: "of ours, internal/push imports nothing", of: under("internal/push"), bars: oursBut("internal/push")},
	{says: "of ours, internal/fanout imports only graph, internal/auth, internal/cost, internal/latest, internal/live and bos", of: under("internal/fanout"),
		bars: oursBut("bos", "graph", "internal/auth", "internal/cost", "internal/fanout", "internal/latest", "internal/live")},
	{says: "of ours, internal/rest imports only internal/audit, internal/auth, internal/cost and bos", of: under("internal/rest"),
		bars: oursBut("bos", "internal/audit", "internal/auth", "internal/cost", "internal/rest")},
	{says: "of ours, internal/view imports only graph, internal/auth, internal/live and bos", of: under("internal/view"),
		bars: oursBut("bos", "graph", "internal/auth", "internal/live", "internal/view")},
	{says: "only internal/app reads tokens", of: not(under("internal/auth", "internal/app")), bars: within("internal/auth/tokens", "internal/auth/oidc", "internal/auth/login")},
	{says: "of ours, internal/bossync imports only bos", of: under("internal/bossync"), bars: oursBut("bos", "internal/bossync")},
	{says: "only tests import internal/bossync/bosfake", of: not(under("internal/bossync/bosfake")), bars: within("internal/bossync/bosfake")},
	{says: "of ours, internal/client imports only bos", of: under("internal/client"), bars: oursBut("bos", "internal/client")},
	{says: "of ours, internal/watch imports only internal/client and bos", of: under("internal/watch"), bars: oursBut("bos", "internal/client", "internal/watch")},
	{says: "only internal/watch draws on terminals", of: not(under("internal/watch")), bars: below("charm.land")},
	{says: "of ours, internal/compare imports only internal/client and internal/rest/compat", of: under("internal/compare"), bars: oursBut("internal/client", "internal/compare", "internal/rest/compat")},
	{says: "of ours, internal/audit imports only internal/auth and bos", of: under("internal/audit"), bars: oursBut("bos", "internal/audit", "internal/auth")},
	{says: "of ours, internal/auth imports only internal/reread and bos", of: under("internal/auth"), bars: oursBut("bos", "internal/auth", "internal/reread")},
	{says: "of ours, internal/webhooks imports only internal/reread and bos", of: under("internal/webhooks"), bars: oursBut("bos", "internal/reread", "internal/webhooks")},
	{says: "of ours, internal/reread imports nothing", of: under("internal/reread"), bars: oursBut("internal/reread")},
	{says: "only internal/auth imports go-jose", of: not(under("internal/auth")), bars: below("github.com/go-jose/go-jose")},
	{says: "only tests import internal/auth/oidctest", of: not(under("internal/auth/oidctest")), bars: within("internal/auth/oidctest")},
	{says: "of ours, internal/guard imports nothing", of: under("internal/guard"), bars: oursBut("internal/guard")},
	{says: "only tests and its generator import internal/licenses", of: not(under("internal/licenses")), bars: within("internal/licenses")},
	{says: "of ours, internal/privateredis imports nothing", of: under("internal/privateredis"), bars: oursBut("internal/privateredis")},
	{says: "of ours, internal/pages imports nothing", of: under("internal/pages"), bars: oursBut("internal/pages")},
	{says: "of ours, web imports nothing", of: under("web"), bars: oursBut("web")},
	{says: "only internal/transport and the kit of tests import gorilla/websocket", of: not(under("internal/transport", "internal/apptest")), bars: below("github.com/gorilla/websocket")},
	{says: "of ours, internal/sim imports only bos", of: under("internal/sim"), bars: oursBut("bos", "internal/sim")},
}

func root(pkg string) bool { return pkg == "." }

// standard decides as the go command itself does: no dot before the first
// slash.
func standard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}

// below holds for an import path and all below it; a major version's suffix is
// below.
func below(top string) func(string) bool {
	return func(path string) bool { return path == top || strings.HasPrefix(path, top+"/") }
}

func under(tops ...string) func(string) bool {
	return func(pkg string) bool {
		return slices.ContainsFunc(tops, func(top string) bool { return below(top)(pkg) })
	}
}

func within(tops ...string) func(string) bool {
	return func(imp string) bool { return below(module)(imp) && under(tops...)(relative(imp)) }
}

func oursBut(tops ...string) func(string) bool {
	return func(imp string) bool { return below(module)(imp) && !within(tops...)(imp) }
}

// anyOf holds for those import paths alone, not for what lies below them.
func anyOf(paths ...string) func(string) bool {
	return func(imp string) bool { return slices.Contains(paths, imp) }
}

func not(any ...func(string) bool) func(string) bool {
	return func(s string) bool {
		return !slices.ContainsFunc(any, func(is func(string) bool) bool { return is(s) })
	}
}

func relative(imp string) string {
	if imp == module {
		return "."
	}
	return strings.TrimPrefix(imp, module+"/")
}

// violations lists each import that runs against a rule.
func violations(packages []goPackage) []string {
	var all []string
	for _, p := range packages {
		for _, r := range rules {
			if !r.of(relative(p.ImportPath)) {
				continue
			}
			imports := slices.Clone(p.Imports)
			if r.tests {
				imports = slices.Concat(imports, p.TestImports, p.XTestImports)
			}
			slices.Sort(imports)
			for _, imp := range slices.Compact(imports) {
				if r.bars(imp) {
					all = append(all, fmt.Sprintf("%s: %s imports %s", r.says, relative(p.ImportPath), relative(imp)))
				}
			}
		}
	}
	return all
}

func TestImportsRunOneWay(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var packages []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.ImportPath == module+"/bos" }) {
		t.Fatalf("go list does not know the domain:\n%s", out)
	}
	for _, v := range violations(packages) {
		t.Error(v)
	}
}

// TestEveryImportRuleFindsAViolation checks the rules themselves: one import, made in a package or in
// its tests, and how many rules it breaks.
func TestEveryImportRuleFindsAViolation(t *testing.T) {
	const goRedis = "github.com/redis/go-redis/v9"
	tests := []struct {
		pkg, imp       string
		code, testCode int
	}{
		{"bos", "encoding/json", 0, 0},
		{"bos", "github.com/gorilla/websocket", 2, 0},
		{"bos", module + "/graph", 1, 0},
		{"bos", "context", 1, 0},
		{"cache", "context", 0, 0},
		{"cache", goRedis, 0, 0},
		{"cache", module + "/bos", 0, 0},
		{"cache", module + "/graph", 2, 1},
		{"cache", module + "/internal/redistest", 1, 0},
		{"cache", module + "/internal/obs", 2, 1},
		{"cache/internal/schema", module + "/cache", 1, 0},
		{"cache/internal/redisdb", module + "/cache/lua", 0, 0},
		{"cache/internal/redisdb", module + "/cache/internal/feed", 1, 0},
		{"cache/internal/feed", module + "/cache/internal/redisdb", 0, 0},
		{"cache/internal/feed", module + "/cache", 1, 0},
		{"cachet", module + "/cache", 1, 0},
		{"loaders", module + "/bos", 0, 0},
		{"loaders", module + "/graph", 1, 0},
		{"loaders", module + "/cache", 2, 0},
		{"graph", module + "/loaders", 0, 0},
		{"graph", module + "/graph/limits", 0, 0},
		{"graph", module + "/internal/app", 2, 0},
		{"graph", goRedis, 1, 1},
		{"graph/limits", module + "/cache", 2, 0},
		{"internal/hub", module + "/cache", 2, 0},
		{"internal/hub", module + "/graph", 1, 0},
		{"internal/hub", module + "/internal/live", 0, 0},
		{"internal/live", module + "/bos", 0, 0},
		{"internal/live", module + "/internal/hub", 1, 0},
		{"internal/cost", module + "/internal/live", 1, 0},
		{"loaders", module + "/internal/cost", 1, 0},
		{"graph", module + "/internal/cost", 0, 0},
		{"internal/fanout", module + "/graph", 0, 0},
		{"internal/fanout", module + "/internal/transport", 1, 0},
		{"internal/transport", "github.com/gorilla/websocket", 0, 0},
		{"internal/sim", module + "/internal/hub", 1, 0},
		{"internal/metrics", "github.com/prometheus/client_golang/prometheus", 0, 0},
		{"internal/transport", "github.com/prometheus/client_golang/prometheus", 1, 0},
		{"internal/metrics", module + "/internal/hub", 1, 0},
		{"internal/webhooks", module + "/internal/reread", 0, 0},
		{"internal/webhooks", module + "/cache", 2, 0},
		{"internal/traces", "go.opentelemetry.io/otel/sdk/trace", 0, 0},
		{"cache", "go.opentelemetry.io/otel/trace", 1, 0},
		{"internal/traces", module + "/bos", 1, 0},
		{"internal/app", module + "/cache", 0, 0},
		{"internal/app", goRedis, 1, 1},
		{"internal/redistest", "github.com/Shopify/toxiproxy/v2", 0, 0},
		{"internal/app", "github.com/Shopify/toxiproxy/v2", 1, 1},
		{"internal/rest", module + "/internal/app", 2, 0},
		{"internal/apptest", module + "/internal/app", 0, 0},
		{"internal/transport", module + "/internal/apptest", 1, 0},
		{"internal/rest", module + "/bos", 0, 0},
		{"internal/bossync", module + "/cache", 2, 0},
		{"internal/bossync/bosfake", module + "/bos", 0, 0},
		{"internal/bossync/bosfake", module + "/internal/rest", 1, 0},
		{"internal/bossync", module + "/internal/bossync/bosfake", 1, 0},
		{"internal/client", module + "/bos", 0, 0},
		{"internal/client", module + "/internal/watch", 1, 0},
		{"internal/watch", module + "/internal/client", 0, 0},
		{"internal/watch", module + "/internal/config", 1, 0},
		{"internal/watch", "charm.land/bubbletea/v2", 0, 0},
		{"internal/app", "charm.land/bubbletea/v2", 1, 0},
		{"internal/compare", module + "/internal/rest/compat", 0, 0},
		{"internal/compare", module + "/internal/rest", 1, 0},
		{"internal/view", module + "/graph", 0, 0},
		{"internal/view", module + "/cache", 2, 0},
		{"graph", module + "/internal/auth", 0, 0},
		{"graph", module + "/internal/auth/oidc", 1, 0},
		{"internal/auth/oidc", module + "/internal/auth", 0, 0},
		{"internal/auth/oidc", module + "/graph", 1, 0},
		{"internal/auth/oidc", module + "/internal/auth/oidctest", 1, 0},
		{"internal/transport", "github.com/go-jose/go-jose/v4", 1, 0},
		{"internal/guard", module + "/bos", 1, 0},
		{"internal/licenses/gen", module + "/internal/licenses", 0, 0},
		{".", module + "/internal/licenses", 1, 0},
		{"internal/pages", module + "/web", 1, 0},
		{"internal/privateredis", module + "/bos", 1, 0},
		{"internal/app", module + "/web", 0, 0},
		{"web", module + "/bos", 1, 0},
		{".", module + "/internal/app", 0, 0},
		{".", module + "/cache", 1, 0},
	}
	for _, test := range tests {
		path := module + "/" + test.pkg
		if test.pkg == "." {
			path = module
		}
		imports := []string{test.imp}
		if got := violations([]goPackage{{ImportPath: path, Imports: imports}}); len(got) != test.code {
			t.Errorf("%s imports %s: want %d violations, got %q", test.pkg, test.imp, test.code, got)
		}
		for _, p := range []goPackage{{ImportPath: path, TestImports: imports}, {ImportPath: path, XTestImports: imports}} {
			if got := violations([]goPackage{p}); len(got) != test.testCode {
				t.Errorf("tests of %s import %s: want %d violations, got %q", test.pkg, test.imp, test.testCode, got)
			}
		}
	}
}
