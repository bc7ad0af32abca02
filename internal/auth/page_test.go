package auth

import (
	"os"
	"strings"
	"testing"
)

// TestPage compares the tables of roles and of reasons in docs/access.md with the code.
func TestPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	words := map[reach]string{all: "all", own: "own", none: "–"}
	header := "| action |"
	for _, name := range RoleNames() {
		header += " `" + name + "` |"
	}
	rows := []string{header}
	for _, action := range actions() {
		row := "| " + action.String() + " |"
		for role := range roleCount {
			row += " " + words[role.may(action)] + " |"
		}
		rows = append(rows, row)
	}
	for _, row := range rows {
		if !strings.Contains(string(text), "\n"+row+"\n") {
			t.Errorf("docs/access.md has no line %s", row)
		}
	}
	for _, reason := range []Reason{Missing, Malformed, Unknown, Expired, NotYetValid, WrongIssuer, WrongAudience, WrongUse, UnknownKey, BadSignature, Unavailable} {
		if !strings.Contains(string(text), "`"+string(reason)+"`") {
			t.Errorf("docs/access.md does not explain %s", reason)
		}
	}
}
