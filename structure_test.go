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
	{says: "only cache imports go-redis", of: not(under("cache")), bars: below("github.com/redis/go-redis"), tests: true},
	{says: "only internal/app imports cache", of: not(under("cache", "internal/app")), bars: within("cache")},
	{says: "only the command imports internal/app", of: not(under("internal/app"), root), bars: within("internal/app")},
	{says: "of ours, cache imports only bos", of: under("cache"), bars: oursBut("bos", "cache")},
	{says: "of ours, tests of cache import only bos and internal/redistest", of: under("cache"),
		bars: oursBut("bos", "cache", "internal/redistest"), tests: true},
	{says: "of ours, loaders imports only bos", of: under("loaders"), bars: oursBut("bos", "loaders")},
	{says: "of ours, graph imports only loaders and bos", of: under("graph"), bars: oursBut("bos", "loaders", "graph")},
	{says: "of ours, internal/hub imports only bos", of: under("internal/hub"), bars: oursBut("bos", "internal/hub")},
	{says: "of ours, internal/push imports nothing", of: under("internal/push"), bars: oursBut("internal/push")},
	{says: "of ours, internal/fanout imports only graph and bos", of: under("internal/fanout"), bars: oursBut("bos", "graph", "internal/fanout")},
	{says: "of ours, internal/rest imports only bos", of: under("internal/rest"), bars: oursBut("bos", "internal/rest")},
	{says: "of ours, internal/bossync imports only bos", of: under("internal/bossync"), bars: oursBut("bos", "internal/bossync")},
	{says: "only tests import internal/bossync/bosfake", of: not(under("internal/bossync/bosfake")), bars: within("internal/bossync/bosfake")},
	{says: "of ours, internal/client imports only bos", of: under("internal/client"), bars: oursBut("bos", "internal/client")},
	{says: "of ours, internal/watch imports only internal/client and bos", of: under("internal/watch"), bars: oursBut("bos", "internal/client", "internal/watch")},
	{says: "only internal/watch draws on terminals", of: not(under("internal/watch")), bars: below("charm.land")},
	{says: "of ours, internal/pages imports nothing", of: under("internal/pages"), bars: oursBut("internal/pages")},
	{says: "of ours, web imports nothing", of: under("web"), bars: oursBut("web")},
	{says: "only internal/transport imports gorilla/websocket", of: not(under("internal/transport")), bars: below("github.com/gorilla/websocket")},
	{says: "of ours, internal/sim imports only bos", of: under("internal/sim"), bars: oursBut("bos", "internal/sim")},
}

func root(pkg string) bool { return pkg == "." }

// standard tells by what the go command itself goes by: no dot before the first
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

// TestRulesBite checks the rules themselves: one import, made in a package or in
// its tests, and how many rules it breaks.
func TestRulesBite(t *testing.T) {
	const goRedis = "github.com/redis/go-redis/v9"
	tests := []struct {
		pkg, imp       string
		code, testCode int
	}{
		{"bos", "encoding/json", 0, 0},
		{"bos", "github.com/gorilla/websocket", 2, 0},
		{"bos", module + "/graph", 1, 0},
		{"cache", goRedis, 0, 0},
		{"cache", module + "/bos", 0, 0},
		{"cache", module + "/graph", 2, 1},
		{"cache", module + "/internal/redistest", 1, 0},
		{"cache", module + "/internal/obs", 2, 1},
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
		{"internal/fanout", module + "/graph", 0, 0},
		{"internal/fanout", module + "/internal/transport", 1, 0},
		{"internal/transport", "github.com/gorilla/websocket", 0, 0},
		{"internal/sim", module + "/internal/hub", 1, 0},
		{"internal/app", module + "/cache", 0, 0},
		{"internal/app", goRedis, 1, 1},
		{"internal/rest", module + "/internal/app", 2, 0},
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
		{"internal/pages", module + "/web", 1, 0},
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
