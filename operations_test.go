package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logged finds every message that the program logs, by where it is logged.
type logged struct {
	t        *testing.T
	set      *token.FileSet
	messages map[string]string // message to position
	rows     []string          // how the rows of lines with a fixed level begin
}

// levels are slog's methods, and at which place of their arguments the message is.
var levels = map[string]int{
	"Debug": 0, "Info": 0, "Warn": 0, "Error": 0,
	"DebugContext": 1, "InfoContext": 1, "WarnContext": 1, "ErrorContext": 1, "Log": 2, "LogAttrs": 2,
}

// elsewhere are the calls whose message is no literal. Those of cache are in its table of
// states and in its calls of problem, which are looked at by themselves; the last passes on
// what the Redis client says, which the page describes.
var elsewhere = []string{"e.Log.Error(s.log", "w.log.Warn(line", "l.log.DebugContext(ctx, fmt.Sprintf"}

func (l *logged) add(e ast.Expr) bool {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return false
	}
	message, err := strconv.Unquote(literal.Value)
	if err != nil {
		l.t.Fatal(err)
	}
	l.messages[message] = l.set.Position(e.Pos()).String()
	return true
}

func (l *logged) file(path string) {
	source, err := os.ReadFile(path)
	if err != nil {
		l.t.Fatal(err)
	}
	file, err := parser.ParseFile(l.set, path, source, parser.SkipObjectResolution)
	if err != nil {
		l.t.Fatal(err)
	}
	text := func(n ast.Node) string {
		return string(source[l.set.Position(n.Pos()).Offset:l.set.Position(n.End()).Offset])
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if text(method) == "w.problem" && l.add(call.Args[3]) {
			return true
		}
		at, ok := levels[method.Sel.Name]
		if level := strings.ToLower(strings.TrimSuffix(method.Sel.Name, "Context")); ok && !strings.HasPrefix(level, "log") && len(call.Args) > at {
			if literal, ok := call.Args[at].(*ast.BasicLit); ok && literal.Kind == token.STRING {
				l.rows = append(l.rows, "| `"+strings.Trim(literal.Value, "\"`")+"` | "+level+" |")
			}
		}
		if !ok || !strings.HasSuffix(strings.ToLower(text(method.X)), "log") || len(call.Args) <= at || l.add(call.Args[at]) {
			return true
		}
		if !slices.ContainsFunc(elsewhere, func(known string) bool { return strings.HasPrefix(text(call), known) }) {
			l.t.Errorf("%s: the message of a log line is no literal", l.set.Position(n.Pos()))
		}
		return true
	})
}

// logMessages are all messages of the program itself.
func logMessages(t *testing.T) map[string]string { return logLines(t).messages }

func logLines(t *testing.T) *logged {
	t.Helper()
	l := &logged{t: t, set: token.NewFileSet(), messages: map[string]string{}}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "bench" || path == "web" || strings.HasPrefix(d.Name(), ".") && path != "."):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			if path == filepath.Join("cache", "internal", "redisdb", "errors.go") {
				l.states(path)
			}
			l.file(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// states reads the table of states, whose elements name their type.
func (l *logged) states(path string) {
	file, err := parser.ParseFile(l.set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		l.t.Fatal(err)
	}
	before := len(l.messages)
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok {
			if kind, ok := lit.Type.(*ast.Ident); ok && kind.Name == "state" && len(lit.Elts) > 1 {
				l.add(lit.Elts[1])
			}
		}
		return true
	})
	if len(l.messages)-before < 10 {
		l.t.Errorf("%s: only %d states were found", path, len(l.messages)-before)
	}
}

// TestOperationsPageIsComplete compares the runbook with the source: each log line and each
// reason of an error has its row, and none is of a line that is not logged any more.
func TestOperationsPageIsComplete(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	logs := logLines(t)
	messages := logs.messages
	for _, row := range logs.rows {
		if message, _, _ := strings.Cut(row, "` | "); messages[strings.TrimPrefix(message, "| `")] != "" && !strings.Contains(page, "\n"+row) {
			t.Errorf("docs/operations.md has another level: there is no %s", row)
		}
	}
	if len(messages) < 40 {
		t.Errorf("only %d log lines were found", len(messages))
	}
	for message, where := range messages {
		if !strings.Contains(page, "\n| `"+message+"` |") {
			t.Errorf("docs/operations.md has no row for %q (%s)", message, where)
		}
	}
	_, lines, found := strings.Cut(page, "\n## Log lines\n")
	lines, _, _ = strings.Cut(lines, "\n## ")
	if !found {
		t.Fatal("docs/operations.md has no section on log lines")
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(lines, -1) {
		if _, known := messages[row[1]]; !known {
			t.Errorf("docs/operations.md has a row for %q, which nothing logs", row[1])
		}
	}
	reasons, err := os.ReadFile(filepath.Join("bos", "reason.go"))
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`Reason += "([A-Z_]+)"`).FindAllStringSubmatch(string(reasons), -1)
	if len(all) < 10 {
		t.Errorf("only %d reasons were found", len(all))
	}
	for _, reason := range all {
		if !strings.Contains(page, "\n| `"+reason[1]+"` |") {
			t.Errorf("docs/operations.md has no row for the reason %s", reason[1])
		}
	}
}

// TestDocumentedLogLinesAreLogged compares lines of the log that documents quote with the source.
func TestDocumentedLogLinesAreLogged(t *testing.T) {
	messages, found := logMessages(t), 0
	for _, document := range documents(t) {
		for _, m := range regexp.MustCompile(`level=[A-Z]+ msg=(?:"([^"]*)"|(\S+))`).FindAllStringSubmatch(readText(t, document), -1) {
			found++
			if _, known := messages[m[1]+m[2]]; !known {
				t.Errorf("%s quotes a line that nothing logs: %s", document, m[0])
			}
		}
	}
	if found == 0 {
		t.Error("no document quotes the log")
	}
}
