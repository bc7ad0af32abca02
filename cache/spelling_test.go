package cache

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// storedNames are all prefixes of keys and channels, and all fields of hashes.
func storedNames() map[string]bool {
	names := map[string]bool{}
	for _, k := range schema.AllKinds {
		names[k.Prefix] = true
	}
	for _, c := range schema.AllChannels {
		names[c.Prefix] = true
	}
	for _, c := range schema.Counters {
		names[c.Letter] = true
	}
	for _, hash := range []any{schema.Session, schema.Extras, schema.Meta, schema.Lease} {
		for i, v := 0, reflect.ValueOf(hash); i < v.NumField(); i++ {
			names[v.Field(i).Interface().(schema.Field).Name] = true
		}
	}
	return names
}

// What is spelled like a stored name and is none: by file, the text.
var otherMeaning = map[string][]string{
	"write.go":        {"schema"},   // an answer of the write script
	"write.lua":       {"schema"},   // the same
	"capacity.go":     {"sessions"}, // what there are too many of
	"recount_sums.go": {"sessions"}, // a stage of the recount
	"episodes.go":     {"error"},    // an attribute of a log line
	"monitor.go":      {"error"},
	"evictions.go":    {"error", "epoch"},
}

// Nothing but the description in internal/schema spells the name of a key or of a field, in
// Go or in a script: a name that is changed or added there is changed everywhere.
func TestStoredNamesAreSpelledOnce(t *testing.T) {
	names := storedNames()
	spelled := func(file, text string) {
		base := filepath.Base(file)
		for _, other := range otherMeaning[base] {
			if text == other {
				return
			}
		}
		if names[text] {
			t.Errorf("%s spells %q: take it from internal/schema", file, text)
		}
	}
	var read int
	err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir() && path == filepath.Join("internal", "schema"):
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			read++
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if text, err := strconv.Unquote(lit.Value); err == nil {
						spelled(path, text)
					}
				}
				return true
			})
		case strings.HasSuffix(path, ".lua"):
			read++
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, literal := range regexp.MustCompile(`'([^'\n]*)'`).FindAllStringSubmatch(string(text), -1) {
				spelled(path, literal[1])
			}
		}
		return nil
	})
	if err != nil || read < 10 {
		t.Fatal(read, err)
	}
}
