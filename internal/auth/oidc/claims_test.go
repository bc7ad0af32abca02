package oidc

import (
	"encoding/json"
	"log/slog"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/internal/auth"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestClaims has tokens' claims, and who that is.
func TestClaims(t *testing.T) {
	tests := []struct {
		what    string
		of      Claims
		claims  string
		name    string
		roles   string
		tenants []string
	}{
		{"an infrastructure administrator", CSM(),
			`{"preferred_username":"root","sub":"1","resource_access":{"shasta":{"roles":["admin","user"]},"account":{"roles":["view-profile"]}}}`, "root", "admin", nil},
		{"a user without a name", CSM(), `{"azp":"wlm-client","sub":"1","resource_access":{"shasta":{"roles":["wlm"]}}}`, "1", "viewer", nil},
		{"a tenant administrator", CSM(),
			`{"preferred_username":"tina","realm_access":{"roles":["tenant-admin"]},"groups":["vcluster-red-tenant-admin","vcluster-blue-tenant-admin","users"]}`,
			"tina", "tenant", []string{"vcluster-blue", "vcluster-red"}},
		{"groups with their paths", CSM(), `{"groups":["/vcluster-red-tenant-admin","/sub/vcluster-blue-tenant-admin"]}`, "", "tenant", []string{"vcluster-red"}},
		{"groups that are no tenants", CSM(), `{"groups":["-tenant-admin","a b-tenant-admin","tenant-admin","vcluster-red-tenant-admins"]}`, "", "", nil},
		{"the same group twice", CSM(), `{"groups":["red-tenant-admin","/red-tenant-admin"]}`, "", "tenant", []string{"red"}},
		{"admin of another client", CSM(), `{"resource_access":{"other":{"roles":["admin"]}}}`, "", "", nil},
		{"admin of the realm", CSM(), `{"realm_access":{"roles":["admin"]}}`, "", "", nil},
		{"roles made for bosgraph", CSM(), `{"realm_access":{"roles":["bosgraph-producer"]},"resource_access":{"shasta":{"roles":["bosgraph-viewer"]}}}`, "", "viewer,producer", nil},
		{"a producer of some tenants", CSM(), `{"realm_access":{"roles":["bosgraph-tenant-producer"]},"groups":["red-tenant-admin"]}`, "", "tenant,tenant-producer", []string{"red"}},
		{"a producer of some tenants that has none", CSM(), `{"realm_access":{"roles":["bosgraph-tenant-producer"]}}`, "", "tenant-producer", nil},
		{"names in another case", CSM(), `{"resource_access":{"shasta":{"roles":["Admin","ADMIN"]}}}`, "", "", nil},
		{"claims of other forms", CSM(), `{"preferred_username":7,"resource_access":{"shasta":{"roles":{"admin":true}}},"realm_access":"bosgraph-admin","groups":{"a":"red-tenant-admin"}}`, "", "", nil},
		{"a list that is not all text", CSM(), `{"groups":["red-tenant-admin",1]}`, "", "", nil},
		{"nothing", CSM(), `{}`, "", "", nil},

		{"roles", Generic(), `{"email":"o@example.com","roles":["bosgraph-viewer"]}`, "o@example.com", "viewer", nil},
		{"a role in place of a list", Generic(), `{"roles":"bosgraph-viewer"}`, "", "viewer", nil},
		{"scopes", Generic(), `{"client_id":"app","azp":"app","sub":"feeder","scope":"openid bosgraph-producer smd.read"}`, "feeder", "producer", nil},
		{"one role whose name has spaces", Generic(), `{"roles":"not bosgraph-admin"}`, "", "", nil},
		{"tenants", Generic(), `{"tenants":["red","no such name"]}`, "", "tenant", []string{"red"}},
		{"no prefix", Generic(), `{"roles":["admin","viewer"]}`, "", "", nil},

		{"names with dots", Claims{Name: []string{`https://example\.com/name`}, Roles: []RoleClaim{{`https://example\.com/access.v1\.0`, map[string]auth.Role{"ro": auth.Viewer}}}},
			`{"https://example.com/name":"x","https://example.com/access":{"v1.0":["ro"]}}`, "x", "viewer", nil},
	}
	for _, test := range tests {
		var claims map[string]json.RawMessage
		if err := json.Unmarshal([]byte(test.claims), &claims); err != nil {
			t.Fatal(test.what, err)
		}
		p := test.of.principal(claims)
		if p.Name != test.name || p.Roles.String() != test.roles || !slices.Equal(p.Tenants, test.tenants) {
			t.Errorf("%s: got %q, roles %q, tenants %q", test.what, p.Name, p.Roles, p.Tenants)
		}
	}
}
