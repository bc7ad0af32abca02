package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// recipes is the page whose code blocks run here.
const recipes = "../../docs/recipes.md"

// codeBlock is a block of JavaScript whose first line names its file.
var codeBlock = regexp.MustCompile("(?ms)^```jsx?\n// ([A-Za-z]+\\.(?:js|jsx|mjs))\n(.*?)^```")

// recipeFolder puts the blocks of the page into files, beside the packages that they
// import.
func recipeFolder(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(recipes)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	blocks := codeBlock.FindAllSubmatch(page, -1)
	if all := len(regexp.MustCompile("(?m)^```jsx?$").FindAll(page, -1)); len(blocks) != all || all == 0 {
		t.Fatalf("%d of the %d blocks of the page name their file", len(blocks), all)
	}
	for _, block := range blocks {
		write(string(block[1]), block[2])
	}
	// What npm init has written, and then what the page says.
	kind := regexp.MustCompile("`npm pkg set type=([a-z]+)`").FindSubmatch(page)
	if kind == nil {
		t.Fatal("the page does not say how Node.js takes its files for modules, and npm init writes that they are CommonJS")
	}
	write("package.json", []byte(`{"type": "`+string(kind[1])+`"}`))
	runner, err := os.ReadFile(filepath.Join("testdata", "clients", "recipes.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	write("recipes.mjs", runner)
	linkPackages(t, folder)
	return folder
}

// linkPackages lets scripts in a folder import the packages that the tests of clients and
// pages have installed.
func linkPackages(t *testing.T, folder string) {
	t.Helper()
	modules := filepath.Join(folder, "node_modules")
	if err := os.Mkdir(modules, 0o700); err != nil {
		t.Fatal(err)
	}
	for project, packages := range map[string][]string{
		filepath.Join("testdata", "clients"): {"eventsource", "graphql", "graphql-ws", "standardwebhooks", "ws"},
		filepath.Join("..", "..", "web"):     {"happy-dom", "react", "react-dom", "typescript"},
	} {
		for _, name := range packages {
			installed, err := filepath.Abs(filepath.Join(project, "node_modules", name))
			if err == nil {
				_, err = os.Stat(installed)
			}
			if err != nil {
				t.Fatalf("%s is not installed in %s, which scripts/need.sh does: %v", name, project, err)
			}
			if err := os.Symlink(installed, filepath.Join(modules, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// startPage starts a Node.js process with the recipes.
func startPage(t *testing.T) *client {
	t.Helper()
	return &client{startNode(t, recipeFolder(t), "recipes.mjs"), "page"}
}

// text is the newest text that the component shows.
func (c *client) text() string {
	if shown := c.events(c.name, "hook", "text"); len(shown) > 0 {
		return shown[len(shown)-1].Reason
	}
	return ""
}

// shows waits until the component shows some text.
func (c *client) shows(text string) {
	c.t.Helper()
	apptest.Eventually(c.t, "the component shows "+text, func() bool { return strings.Contains(c.text(), text) || c.over() })
	if !strings.Contains(c.text(), text) {
		c.t.Fatalf("it shows %q, not %q", c.text(), text)
	}
}

// got are the states of sessions that an operation has brought so far.
func (c *client) got(id string) []map[string]any {
	c.t.Helper()
	var all []map[string]any
	for _, e := range c.events(c.name, id, "next") {
		var status map[string]any
		if err := json.Unmarshal(e.Message, &status); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, status)
	}
	return all
}
