package main

import (
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/config"
)

// TestProxiesWaitForPings compares how long the documented proxies wait with what comes in that time: one that waits less than two and a half
// intervals ends subscriptions in which nothing changes, one that waits much longer keeps watchers at a replica that hangs. No
// request may take as long.
func TestProxiesWaitForPings(t *testing.T) {
	c, err := config.Parse([]string{"serve"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for file, pattern := range map[string]string{
		"docs/operations.md":                              `proxy_read_timeout (\d+)s;`,
		"packaging/chart/examples/ingress-base-path.yaml": `proxy-read-timeout: "(\d+)"`,
	} {
		found := regexp.MustCompile(pattern).FindStringSubmatch(readText(t, file))
		if found == nil {
			t.Errorf("%s has no %s", file, pattern)
			continue
		}
		wait, err := time.ParseDuration(found[1] + "s")
		if err != nil || wait < 5*c.PingInterval/2 || wait > 3*c.PingInterval || wait <= c.OperationTimeout {
			t.Errorf("%s waits %v, pings come every %v, and requests take up to %v: %v", file, wait, c.PingInterval, c.OperationTimeout, err)
		}
	}
}

// TestPackagingNamesOptionsThatExist compares the variables in packages, chart and documents of
// installation with those of docs/options.md, which is made of the command line's grammar: bosgraph
// refuses to start with one that it does not know.
func TestPackagingNamesOptionsThatExist(t *testing.T) {
	variable := regexp.MustCompile(`\bBOSGRAPH_[A-Z]+(?:_[A-Z]+)*\b`)
	known := variable.FindAllString(readText(t, "docs/options.md"), -1)
	var files []string
	for _, pattern := range []string{"packaging/*.env", "packaging/release/*.go", "packaging/chart/*/*.yaml", "packaging/chart/*/templates/*", "packaging/csm/*/*.yaml", "docs/install.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	named := 0
	for _, file := range files {
		for _, name := range variable.FindAllString(readText(t, file), -1) {
			named++
			if !slices.Contains(known, name) {
				t.Errorf("%s has %s, which is no option", file, name)
			}
		}
	}
	if named < 50 {
		t.Errorf("only %d variables were found", named)
	}
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/bin/bosgraph serve$`)
	if unit := readText(t, "packaging/bosgraph.service"); !start.MatchString(unit) || !strings.Contains(unit, "\nEnvironmentFile=/etc/bosgraph/bosgraph.env\n") {
		t.Error("the unit does not start bosgraph with the variables of its file")
	}
	// The archive has the same unit.
	if !strings.Contains(readText(t, "docs/install.md"), "\n    install bosgraph-VERSION/bosgraph /usr/bin/\n") {
		t.Error("docs/install.md installs the archive's program where the unit does not look for it")
	}
}
