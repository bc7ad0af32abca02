package bos

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestEveryStateOfRedisIsListed reads the constants from the source.
func TestEveryStateOfRedisIsListed(t *testing.T) {
	source, err := os.ReadFile("reason.go")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`Reason = "((?:REDIS|SERVER)_\w+)"`).FindAllSubmatch(source, -1)
	for _, m := range all {
		if !slices.Contains(RedisReasons, Reason(m[1])) {
			t.Errorf("%s is not among them", m[1])
		}
	}
	if len(all) != len(RedisReasons) {
		t.Errorf("%d are listed, and there are %d", len(RedisReasons), len(all))
	}
}
