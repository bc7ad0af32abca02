package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// documents lists the hand-written Markdown files of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	list, err := exec.Command("git", "ls-files", "-co", "--exclude-standard", "*.md").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Fields(string(list))
	if !slices.Contains(files, "README.md") {
		t.Fatalf("git ls-files lists no README.md: %q", files)
	}
	return files
}

var (
	fenced  = regexp.MustCompile("(?ms)^[ ]*```.*?^[ ]*```")
	link    = regexp.MustCompile(`\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// TestDocumentLinks checks that every link within the repository leads somewhere, and
// that a link whose text is a name in backticks leads to the Go file that declares it.
// So a function that moves or is renamed takes the documents with it.
func TestDocumentLinks(t *testing.T) {
	for _, document := range documents(t) {
		text := readText(t, document)
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			label, target := m[1], m[2]
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			if file == "" {
				file = document
			} else {
				file = path.Join(path.Dir(document), file)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which does not exist", document, target)
				continue
			}
			if anchor != "" && strings.HasSuffix(file, ".md") && !slices.Contains(anchors(readText(t, file)), anchor) {
				t.Errorf("%s links to %s, but %s has no such heading", document, target, file)
			}
			name := strings.Trim(label, "`")
			if path.Ext(file) == ".go" && name != label && !strings.ContainsAny(name, "/.") && !declares(t, file, name) {
				t.Errorf("%s says that %s declares %s, which it does not", document, file, name)
			}
		}
	}
}

// anchors are the fragments by which GitHub addresses the headings of a page.
func anchors(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		plain := link.ReplaceAllString(m[1], "$1")
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			default:
				return -1
			}
		}, plain))
	}
	return all
}

// declares reports whether a Go file declares a function, method, type, constant or
// variable of that name.
func declares(t *testing.T, file, name string) bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range parsed.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Name.Name == name {
				return true
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.Name == name {
						return true
					}
				case *ast.ValueSpec:
					if slices.ContainsFunc(spec.Names, func(n *ast.Ident) bool { return n.Name == name }) {
						return true
					}
				}
			}
		}
	}
	return false
}

// pathLike matches what documents write in backticks to name a file or folder.
var pathLike = regexp.MustCompile("`([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+|[A-Za-z_]+\\.(?:go|lua|md|graphqls|yml))`")

// TestDocumentTablesHaveHeads finds rows that an empty line has cut off from their table: they are shown as text.
func TestDocumentTablesHaveHeads(t *testing.T) {
	for _, document := range documents(t) {
		before := ""
		lines := strings.Split(fenced.ReplaceAllString(readText(t, document), ""), "\n")
		for i, line := range lines[:len(lines)-1] {
			if strings.HasPrefix(line, "|") && !strings.HasPrefix(before, "|") && !strings.HasPrefix(lines[i+1], "|--") {
				t.Errorf("%s has a row without a table: %s", document, line)
			}
			before = line
		}
	}
}

// TestDocumentedRedisHasABound wants what alerts of memory depend on, in each manifest that runs a Redis.
func TestDocumentedRedisHasABound(t *testing.T) {
	found := 0
	for _, document := range documents(t) {
		for _, m := range regexp.MustCompile(`\[redis-server,.*\]`).FindAllString(readText(t, document), -1) {
			if found++; !strings.Contains(m, "--maxmemory,") {
				t.Errorf("%s has a Redis without maxmemory: %s", document, m)
			}
		}
	}
	if found == 0 {
		t.Error("no document runs a Redis")
	}
}

// TestDocumentPaths checks that the files and packages that the guides for contributors
// name exist.
func TestDocumentPaths(t *testing.T) {
	for _, document := range []string{"ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "docs/recipes.md", "docs/sizing.md"} {
		for _, m := range pathLike.FindAllStringSubmatch(fenced.ReplaceAllString(readText(t, document), ""), -1) {
			name := m[1]
			if !strings.Contains(name, ".") && !exists(path.Dir(name)) {
				continue // not a path of ours, such as a media type
			}
			if !exists(name) && !exists(path.Join("cache", name)) && !exists(path.Join(path.Dir(document), name)) {
				t.Errorf("%s names %s, which does not exist", document, name)
			}
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(filepath.FromSlash(name))
	return err == nil
}

// TestArchitectureTableListsEveryPackage checks the table of packages in ARCHITECTURE.md: every package
// of the module is in it, by itself or below one that is, with what it imports of ours.
func TestArchitectureTableListsEveryPackage(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [^|]+ \\| ([^|]*)\\|$")
	listed := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(readText(t, "ARCHITECTURE.md"), -1) {
		imports := []string{}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(m[2], -1) {
			imports = append(imports, name[1])
		}
		name := strings.TrimSuffix(m[1], "/")
		if name == "server.go" {
			name = "."
		}
		listed[name] = imports
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg := relative(words[0])
		var imports []string
		for _, imp := range words[1:] {
			if below(module)(imp) {
				imports = append(imports, relative(imp))
			}
		}
		want, ok := listed[pkg]
		switch {
		case !ok && !belowListed(listed, pkg):
			t.Errorf("ARCHITECTURE.md does not list the package %s", pkg)
		case ok && !slices.Equal(slices.Sorted(slices.Values(imports)), slices.Sorted(slices.Values(want))):
			t.Errorf("ARCHITECTURE.md says that %s imports %v, but it imports %v", pkg, want, imports)
		}
		packages = append(packages, pkg)
	}
	for name := range listed {
		if !slices.Contains(packages, name) {
			t.Errorf("ARCHITECTURE.md lists %s, which is no package", name)
		}
	}
}

// belowListed reports whether a package is a part of one in the table, or a tool of the
// repository's own, which is no part of the program.
func belowListed(listed map[string][]string, pkg string) bool {
	for dir := path.Dir(pkg); dir != "."; dir = path.Dir(dir) {
		if _, ok := listed[dir]; ok {
			return true
		}
	}
	return strings.HasPrefix(pkg, "scripts/")
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}
