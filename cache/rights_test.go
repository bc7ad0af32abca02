package cache

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/cache/lua"
)

// TestRightsAreTriedBeforeTheFirstWrite checks that write.lua tries the right to each command that
// it runs, itself or for Go.
func TestRightsAreTriedBeforeTheFirstWrite(t *testing.T) {
	_, list, found := strings.Cut(lua.WriteSource(), "if redis.acl_check_cmd then")
	list, _, end := strings.Cut(list, "redis.error_reply")
	if !found || !end {
		t.Fatal("write.lua does not try its rights")
	}
	var tried []string
	for _, m := range regexp.MustCompile(`'([A-Z]+)'`).FindAllStringSubmatch(list, -1) {
		tried = append(tried, m[1])
	}
	run := map[string]bool{}
	for _, m := range regexp.MustCompile(`redis\.call\('([A-Z]+)'`).FindAllStringSubmatch(lua.WriteSource(), -1) {
		run[m[1]] = true
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\.(?:do|doAll)\("([A-Z]+)"|words := \[\]string\{"([A-Z]+)"`).FindAllStringSubmatch(string(text), -1) {
			run[m[1]+m[2]] = true
		}
	}
	delete(run, "PUBLISH") // its channels are tried
	for command := range run {
		if !slices.Contains(tried, command) {
			t.Errorf("the right to %s is not tried", command)
		}
	}
	if len(run) < 15 {
		t.Errorf("only %d commands were found: %v", len(run), run)
	}
}
