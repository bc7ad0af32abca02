package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// run runs one of the tools that npm has installed, from this folder.
func run(t *testing.T, script string, options ...string) {
	t.Helper()
	if _, err := os.Stat("node_modules"); err != nil {
		t.Fatalf("the tools of web/ are not installed, which scripts/need.sh does: %v", err)
	}
	lookAtSources(t)
	cmd := exec.CommandContext(t.Context(), "node", append([]string{filepath.Join("node_modules", script)}, options...)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// lookAtSources makes go test know the files that its result depends on: it keeps
// results, and does not see what other processes read.
func lookAtSources(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "schema.graphqls")); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "screenshots") {
			return fs.SkipDir
		}
		if err == nil {
			_, err = os.Stat(name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestUnits runs the unit tests of the pages.
func TestUnits(t *testing.T) { run(t, "vitest/vitest.mjs", "run") }

// TestBundleIsFresh builds the pages again, and compares them with those committed.
func TestBundleIsFresh(t *testing.T) {
	again := t.TempDir()
	run(t, "vite/bin/vite.js", "build", "--logLevel", "error", "--emptyOutDir", "--outDir", again)
	before, after := files(t, Pages()), files(t, os.DirFS(again))
	if len(after) == 0 {
		t.Fatal("nothing was built")
	}
	for name, text := range after {
		if before[name] != text {
			t.Errorf("dist/%s is stale: run `make generate`", name)
		}
	}
	for name := range before {
		if _, err := fs.Stat(Pages(), name); err == nil && path.Dir(name) == "assets" && len(zip(t, before[name])) < len(before[name]) {
			t.Errorf("dist/%s is not compressed: run `make generate`", name)
		}
		if _, ok := after[name]; !ok {
			t.Errorf("dist/%s is not built any more: run `make generate`", name)
		}
	}
}

// TestTypesAreFresh generates the types of the schema again, and compares them.
func TestTypesAreFresh(t *testing.T) {
	again := filepath.Join(t.TempDir(), "schema.d.ts")
	run(t, "gql.tada/bin/cli.js", "generate", "output", "--output", again)
	committed, err := os.ReadFile(filepath.Join("src", "gql", "schema.d.ts"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(again); err != nil || !bytes.Equal(text, committed) {
		t.Errorf("src/gql/schema.d.ts is stale: run `make generate` (%v)", err)
	}
}

// dashboardBudget is how many bytes the dashboard may make a browser load, gzipped: a
// second on a bad line.
const dashboardBudget = 250 << 10

// TestBudget adds up what the dashboard loads, now or later.
func TestBudget(t *testing.T) {
	all := files(t, Pages())
	loaded := map[string]int{"index.html": 0}
	for todo := []string{"index.html"}; len(todo) > 0; todo = todo[1:] {
		text := all[todo[0]]
		loaded[todo[0]] = len(zip(t, text))
		for name := range all { // names are hashed: what is named is meant
			if _, known := loaded[name]; !known && strings.Contains(text, path.Base(name)) {
				loaded[name] = 0
				todo = append(todo, name)
			}
		}
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(loaded)) {
		t.Logf("%7d %s", loaded[name], name)
		total += loaded[name]
	}
	t.Logf("%7d bytes of %d", total, dashboardBudget)
	if len(loaded) < 3 || total > dashboardBudget {
		t.Errorf("the dashboard loads %d bytes in %d files; it may load %d", total, len(loaded), dashboardBudget)
	}
}

func zip(t *testing.T, text string) []byte {
	t.Helper()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return zipped.Bytes()
}

// files are the texts of a bundle by name, of those that are compressed as well.
func files(t *testing.T, of fs.FS) map[string]string {
	t.Helper()
	all := map[string]string{}
	if err := fs.WalkDir(of, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := fs.ReadFile(of, name)
		name, packed := strings.CutSuffix(name, ".gz")
		if packed && err == nil {
			var r *gzip.Reader
			if r, err = gzip.NewReader(bytes.NewReader(text)); err == nil {
				text, err = io.ReadAll(r)
			}
		}
		all[name] = string(text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}
