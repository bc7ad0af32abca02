package app_test

import (
	"fmt"
	"testing"
)

// TestATenantPicksFromItsOwnSessions shows that templates and tenants of others are not listed, by role and by header.
func TestATenantPicksFromItsOwnSessions(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	g.as("admin").Session("t", "tenant", "red", "templateName", "red only")
	g.as("admin").Session("t", "templateName", "nobody only")
	g.as("admin").Session("t", "tenant", "blue", "templateName", "blue only")
	for _, c := range []struct {
		who    string
		header []string
		want   string
	}{
		{"viewer", nil, "[blue only compute nobody only red only] [blue red]"},
		{"viewer", []string{"Cray-Tenant-Name", "red"}, "[compute red only] [red]"},
		{"tenant", nil, "[compute red only] [red]"},
		{"blue", nil, "[blue only compute] [blue]"},
	} {
		r := g.as(c.who, c.header...).Must(`{ templates tenants none: tenants(prefix: "blue", first: 1) }`)
		if got := fmt.Sprint(r.At("templates"), r.At("tenants")); got != c.want {
			t.Errorf("%s %v picks from %s, want %s", c.who, c.header, got, c.want)
		}
		if c.who == "tenant" && fmt.Sprint(r.At("none")) != "[]" {
			t.Errorf("another tenant is found by its prefix: %v", r.At("none"))
		}
	}
}
