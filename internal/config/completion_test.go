package config

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBashCompletes asks a real bash, as readline does: by the words of a line, of which the last
// is to be completed.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	script := filepath.Join(folder, "completion")
	if err := os.WriteFile(script, []byte(written(t, WriteBashCompletion)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		line  []string
		want  []string
		never string
	}{
		{line: []string{""}, want: []string{"serve", "demo", "sync", "version"}, never: "accept"},
		{line: []string{"ser"}, want: []string{"serve"}, never: "demo"},
		{line: []string{"sync", ""}, want: []string{"accept"}, never: "serve"},
		{line: []string{"sync", "accept", "--redis-u"}, want: []string{"--redis-url", "--redis-user"}, never: "--listen"},
		{line: []string{"watch", "--"}, want: []string{"--patience"}, never: "--listen"},
		{line: []string{"--lis"}, want: []string{"--listen"}},
		{line: []string{"serve", "--redis-ca-file", "c"}, want: []string{"ca.pem"}},
		{line: []string{"serve", "--redis-ca-file", "="}, want: []string{"ca.pem"}},
		{line: []string{"serve", "--redis-ca-file", "=", "c"}, want: []string{"ca.pem"}},
		{line: []string{"serve", "--listen", ""}, never: "serve"},
	} {
		words := append([]string{"bosgraph"}, test.line...)
		cmd := exec.Command("bash", append([]string{"--norc", "-c",
			`. ./completion; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bosgraph; printf '%s\n' "${COMPREPLY[@]}"`, "bash"}, words...)...)
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v: %s", words, err, out)
		}
		got := strings.Fields(string(out))
		for _, want := range test.want {
			if !slices.Contains(got, want) {
				t.Errorf("%q: %q is missing in %q", words, want, got)
			}
		}
		if test.never != "" && slices.Contains(got, test.never) {
			t.Errorf("%q: %q is among %q", words, test.never, got)
		}
	}
}

// TestManualAndCompletionsKnowEveryOption compares each with the grammar.
func TestManualAndCompletionsKnowEveryOption(t *testing.T) {
	t.Parallel()
	c, err := newCompleted()
	if err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		write func(io.Writer) error
		flag  func(name string) string
	}{
		"manual": {WriteManual, func(flag string) string { return roff("--" + flag) }},
		"bash":   {WriteBashCompletion, func(flag string) string { return "--" + flag }},
		"zsh":    {WriteZshCompletion, func(flag string) string { return "'--" + flag }},
		"fish":   {WriteFishCompletion, func(flag string) string { return " -l " + flag + " " }},
	} {
		text := written(t, one.write)
		for _, command := range c.commands {
			for _, f := range command.Flags {
				if !strings.Contains(text, one.flag(f.Name)) {
					t.Errorf("%s: --%s is missing", name, f.Name)
				}
			}
		}
		for line := range strings.Lines(text) {
			if name == "manual" && (strings.HasPrefix(line, "'") || strings.HasPrefix(line, ". ")) {
				t.Errorf("the manual has a line that roff takes for a request: %s", line)
			}
		}
	}
}

func TestRoffKeepsTextFromBeingARequest(t *testing.T) {
	t.Parallel()
	if got, want := roff(`.x --a\b 'c'`), `\&.x \-\-a\eb \(aqc\(aq`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
