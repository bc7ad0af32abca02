package bos

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// term is an entry of the vocabulary in doc.go.
type term struct {
	words []string // of the term itself
	not   []string // that mean the same, and are not used
	means string
}

// glossary reads the vocabulary.
func glossary(t *testing.T) map[string]term {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	terms := map[string]term{}
	for _, m := range regexp.MustCompile(`(?m)^//   - ([a-z ]+?)(?: \(([a-z, ]+)\))?: (.*)$`).FindAllStringSubmatch(string(text), -1) {
		if _, twice := terms[m[1]]; twice {
			t.Errorf("doc.go explains %q twice", m[1])
		}
		one := term{words: strings.Fields(m[1]), means: m[3]}
		if m[2] != "" {
			one.not = strings.Split(m[2], ", ")
		}
		terms[m[1]] = one
	}
	return terms
}

// publicNames returns the words that the exported names of those folders and the names of the
// GraphQL schema are made of, each with one name that has it.
func publicNames(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	words := map[string]string{}
	add := func(name string) {
		for _, w := range wordsOf(name) {
			words[w] = name
		}
	}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(folder, files, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if ast.IsGenerated(file) {
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BlockStmt:
					return false // its names are not public
				case *ast.Ident:
					if n.IsExported() {
						add(n.Name)
					}
				}
				return true
			})
		}
	}
	text, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	bare := regexp.MustCompile(`(?s)""".*?"""|"[^"\n]*"|#[^\n]*`).ReplaceAllString(string(text), "")
	for _, name := range regexp.MustCompile(`[A-Za-z_]+`).FindAllString(bare, -1) {
		add(name)
	}
	return words
}

// wordsOf splits a name at its capitals, and at underscores, into words in lower case.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
		}
		word = nil
	}
	for i, r := range name {
		if r == '_' || unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(name[i-1])) {
			end()
		}
		if r != '_' {
			word = append(word, r)
		}
	}
	end()
	return words
}

// The words that a newcomer has to look up are explained, each in a sentence.
func TestGlossaryExplainsTheWordsOfTheProject(t *testing.T) {
	terms := glossary(t)
	for _, word := range []string{
		"contribution", "tally", "scope", "incarnation", "tenure", "fence", "epoch", "revision", "snapshot", "progress", "notice", "lease",
		"group", "stale", "component", "session", "session template", "staged", "phase", "status override", "action", "managed components",
		"tenant", "limit", "operation",
	} {
		if terms[word].means == "" {
			t.Errorf("doc.go does not explain %q", word)
		}
	}
	for word, one := range terms {
		if !strings.HasSuffix(one.means, ".") || strings.Contains(one.means, ". ") {
			t.Errorf("%q is not explained in one sentence: %s", word, one.means)
		}
	}
}

// Public names are made of the words of the glossary: each of them is in use, and what it
// says instead of another word is not called by that.
func TestPublicNamesAgreeWithTheGlossary(t *testing.T) {
	used := publicNames(t, ".", "../cache", "../cache/internal/schema", "../graph", "../loaders", "../internal/live", "../internal/cost", "../internal/hub", "../internal/fanout", "../internal/bossync")
	names := func(forms ...string) (string, bool) {
		for _, form := range forms {
			if name, is := used[form]; is {
				return name, true
			}
		}
		return "", false
	}
	terms := glossary(t)
	for term, one := range terms {
		for _, word := range one.words {
			if _, is := names(word, word+"s", strings.TrimSuffix(word, "s")); !is {
				t.Errorf("no public name has the word %q: doc.go explains %q to nobody", word, term)
			}
		}
		for _, other := range one.not {
			if name, is := names(other, other+"s"); is {
				t.Errorf("%s is called %q: doc.go says %q for that", name, other, term)
			}
			if _, also := terms[other]; also {
				t.Errorf("doc.go explains %q, and says that %q is used instead", other, term)
			}
		}
	}
	if len(used) < 200 || !slices.Contains(wordsOf("SessionKey"), "session") {
		t.Errorf("only %d words were found", len(used))
	}
}
