package auth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// TestPolicy is the table of who may do what. Everybody in it has the tenants red and blue.
// The letters of a cell: A what belongs to any tenant and to none, O what belongs to one of
// its own, - nothing.
func TestPolicy(t *testing.T) {
	table := `
action                  admin viewer tenant producer tenant-producer (none)
read sessions           A     A      O      A        O               -
read components         A     A      O      A        O               -
read templates          A     A      O      -        -               -
read server information A     A      A      A        A               -
read operations         A     A      -      -        -               -
write sessions          A     -      -      A        O               -
write components        A     -      -      A        O               -
write tenants           A     -      -      A        -               -`
	lines := strings.Split(strings.TrimSpace(table), "\n")
	roles := strings.Fields(lines[0])[1:]
	if want := append(RoleNames(), "(none)"); !slices.Equal(roles, want) {
		t.Fatalf("the table has the roles %q, want %q", roles, want)
	}
	if len(lines)-1 != len(actions()) {
		t.Fatalf("the table has %d actions, want %d", len(lines)-1, len(actions()))
	}
	for i, action := range actions() {
		name, cells := lines[i+1][:24], strings.Fields(lines[i+1][24:])
		if strings.TrimSpace(name) != action.String() {
			t.Fatalf("line %d of the table is %q, want %q", i+1, name, action)
		}
		for j, roleName := range roles {
			p := Principal{Tenants: []string{"blue", "red"}}
			if role, ok := ParseRole(roleName); ok {
				p.Roles = p.Roles.With(role)
			}
			access, err := p.For("")
			if err != nil {
				t.Fatal(err)
			}
			for tenant, isOwn := range map[string]bool{"red": true, "blue": true, "green": false, "": false} {
				want := cells[j] == "A" || cells[j] == "O" && isOwn
				if got := access.May(action, tenant); got != want {
					t.Errorf("%s may %s of tenant %q: %v, want %v", roleName, action, tenant, got, want)
				}
			}
		}
	}
}

// TestUnknownAction shows that what the policy does not know is refused to everybody.
func TestUnknownAction(t *testing.T) {
	access, err := Anyone().For("")
	if err != nil || access.May(actionCount, "") {
		t.Errorf("an administrator may do anything that there is not (%v)", err)
	}
}

// TestFor shows for which tenant a request acts, and what its lists show.
func TestFor(t *testing.T) {
	one, two := []string{"red"}, []string{"blue", "red"}
	tests := []struct {
		roles   []Role
		tenants []string
		asked   string
		want    string // "all", the tenant, or the error's code
	}{
		{[]Role{Admin}, nil, "", "all"},
		{[]Role{Admin}, nil, "red", "red"},
		{[]Role{Admin}, nil, "no-such", "no-such"},
		{[]Role{Viewer}, nil, "", "all"},
		{[]Role{Producer}, nil, "", "all"},
		{[]Role{Tenant}, one, "", "red"},
		{[]Role{Tenant}, one, "red", "red"},
		{[]Role{Tenant}, one, "blue", "FORBIDDEN"},
		{[]Role{Tenant}, one, "no-such", "FORBIDDEN"},
		{[]Role{Tenant}, two, "", "BAD_USER_INPUT"},
		{[]Role{Tenant}, two, "blue", "blue"},
		{[]Role{Tenant}, nil, "", "FORBIDDEN"},
		{[]Role{Tenant}, nil, "red", "FORBIDDEN"},
		{[]Role{TenantProducer}, one, "", "red"},
		{[]Role{Tenant, Viewer}, two, "", "all"},
		{[]Role{Tenant, Viewer}, two, "green", "green"},
		{nil, two, "", "FORBIDDEN"},
		{nil, nil, "", "FORBIDDEN"},
	}
	for _, test := range tests {
		p := Principal{Tenants: test.tenants}
		for _, r := range test.roles {
			p.Roles = p.Roles.With(r)
		}
		got := ""
		access, err := p.For(test.asked)
		if err == nil {
			var view View
			view, err = access.View(ReadSessions)
			if got = view.Tenant; view.All {
				got = "all"
			}
		}
		if err != nil {
			got = string(bos.CodeOf(err))
		}
		if got != test.want {
			t.Errorf("%s of %q, asking for %q: got %q, want %q (%v)", p.Roles, test.tenants, test.asked, got, test.want, err)
		}
	}
	// Whether a tenant exists does not show: the error has no way to depend on it.
	_, theirs := Principal{Roles: Roles(0).With(Tenant), Tenants: one}.For("blue")
	_, nobodys := Principal{Roles: Roles(0).With(Tenant), Tenants: one}.For("no-such")
	if theirs.Error() != nobodys.Error() {
		t.Errorf("%q and %q", theirs, nobodys)
	}
}

// TestNarrowed shows that a request on behalf of a tenant sees and changes nothing else,
// whatever else its sender may do.
func TestNarrowed(t *testing.T) {
	access, err := Anyone().For("red")
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range actions() {
		if may := access.May(action, "red"); may != (action != WriteTenants) {
			t.Errorf("may %s of its tenant: %v", action, may)
		}
		if says := access.Forbid(action).Message; strings.Contains(says, TenantHeader) != (action == WriteTenants) {
			t.Errorf("that it may not %s is %q", action, says)
		}
		if (action.tenanted() || action == WriteTenants) && (access.May(action, "blue") || access.May(action, "")) {
			t.Errorf("may %s of others", action)
		}
	}
}

// TestMayChange shows that a component which counts for others, too, is not a limited
// producer's to change.
func TestMayChange(t *testing.T) {
	limited, err := Principal{Roles: Roles(0).With(TenantProducer), Tenants: []string{"blue", "red"}}.For("")
	if err != nil {
		t.Fatal(err)
	}
	unlimited, err := Principal{Roles: Roles(0).With(Producer)}.For("")
	if err != nil {
		t.Fatal(err)
	}
	for owners, want := range map[string]bool{"": false, "red": true, "red blue": true, "red green": false, "green": false} {
		if got := limited.MayChange(WriteComponents, strings.Fields(owners)); got != want {
			t.Errorf("owners %q: %v, want %v", owners, got, want)
		}
		if !unlimited.MayChange(WriteComponents, strings.Fields(owners)) {
			t.Errorf("owners %q: an unlimited producer may not", owners)
		}
	}
}

// TestKey shows that accesses with equal keys have equal rights, and so may share.
func TestKey(t *testing.T) {
	names := []string{"red", "blue", "green", ""}
	draw := func(t *rapid.T, what string) (Access, bool) {
		p := Principal{ID: what, Name: what, Roles: Roles(rapid.Uint8Range(0, 1<<roleCount-1).Draw(t, "roles of "+what))}
		for _, name := range []string{"blue", "green", "red"} {
			if rapid.Bool().Draw(t, what+" has "+name) {
				p.Tenants = append(p.Tenants, name)
			}
		}
		access, err := p.For(rapid.SampledFrom(names).Draw(t, what+" acts for"))
		return access, err == nil
	}
	rights := func(c Access) string {
		var all strings.Builder
		for _, action := range actions() {
			view, err := c.View(action)
			fmt.Fprintf(&all, "%s: %v %v;", action, view, err)
			for _, name := range names {
				fmt.Fprintf(&all, " %s %v", name, c.May(action, name))
			}
		}
		return all.String()
	}
	equal, shared := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a, ok := draw(t, "a")
		b, fine := draw(t, "b")
		if !ok || !fine {
			return
		}
		same := rights(a) == rights(b)
		if a.Key() == b.Key() && !same {
			t.Fatalf("key %q\n%s\n%s", a.Key(), rights(a), rights(b))
		}
		if same {
			equal++
		}
		if a.Key() == b.Key() {
			shared++
		}
	})
	t.Logf("of %d pairs with equal rights %d have equal keys", equal, shared)
}

// TestKeysShared names those who have to share, lest each of them costs an execution.
func TestKeysShared(t *testing.T) {
	key := func(asked string, tenants []string, roles ...Role) string {
		p := Principal{Name: fmt.Sprint(asked, tenants, roles), Tenants: tenants}
		for _, r := range roles {
			p.Roles = p.Roles.With(r)
		}
		access, err := p.For(asked)
		if err != nil {
			t.Fatal(err)
		}
		return access.Key()
	}
	for _, pair := range [][2]string{
		{key("", nil, Viewer), key("", []string{"red"}, Viewer)},
		{key("", []string{"red"}, Tenant), key("red", []string{"red"}, Tenant)},
		{key("red", []string{"blue", "red"}, Tenant), key("red", []string{"red"}, Tenant)},
		{key("", nil, Admin), key("", nil, Admin, Viewer)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%q and %q", pair[0], pair[1])
		}
	}
}

// actions lists all actions.
func actions() []Action {
	var all []Action
	for a := range actionCount {
		all = append(all, a)
	}
	return all
}
