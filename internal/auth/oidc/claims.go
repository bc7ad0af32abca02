package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// Claims say where a token has the name, the roles and the tenants of whom it was issued
// to. A path leads into nested objects: its parts are separated by dots, and a dot that
// belongs to a name is written \. (some providers name claims by URLs).
type Claims struct {
	// Name are paths; the first that leads to a string counts. The claims azp and client_id are
	// no names: they are of the program that a person has logged in with.
	Name    []string
	Roles   []RoleClaim
	Tenants []TenantClaim
}

// RoleClaim is a claim that lists roles: an array of strings, one string, or, if it is named
// scope or scp, one string with spaces between them.
type RoleClaim struct {
	Path  string
	Roles map[string]auth.Role // by the provider's names; other names count for nothing
}

// TenantClaim is a claim that lists tenants, in the same forms. A token with a
// tenant gives the role [auth.Tenant].
type TenantClaim struct {
	Path string
	// Suffix is what each entry has to end in, and is not part of the tenant's name. Entries
	// without it count for nothing.
	Suffix string
}

// own are the names of bosgraph's roles at a provider. The prefix keeps roles that were made
// for other programs from having a meaning here.
func own() map[string]auth.Role {
	roles := map[string]auth.Role{}
	for _, name := range auth.RoleNames() {
		role, _ := auth.ParseRole(name)
		roles["bosgraph-"+name] = role
	}
	return roles
}

// CSM are the claims of Keycloak's realm shasta in HPE Cray System Management. Its client
// roles have the meaning that they have at CSM's API gateway: admin may call everything, and
// wlm (workload managers) everything of BOS, of which reading is what there is here.
// Realm roles of these names have no meaning there, and so none here. A tenant is a group
// that TAPMS has made, NAME-tenant-admin.
func CSM() Claims {
	client := own()
	client["admin"] = auth.Admin
	client["wlm"] = auth.Viewer
	return Claims{
		Name:    []string{"preferred_username", "sub"},
		Roles:   []RoleClaim{{Path: "resource_access.shasta.roles", Roles: client}, {Path: "realm_access.roles", Roles: own()}},
		Tenants: []TenantClaim{{Path: "groups", Suffix: "-tenant-admin"}},
	}
}

// Generic are claims for other providers: the roles are bosgraph-admin, bosgraph-viewer and
// so on, in the claim roles, groups or scope; the tenants are listed in the claim tenants.
func Generic() Claims {
	return Claims{
		Name:    []string{"preferred_username", "email", "sub"},
		Roles:   []RoleClaim{{"roles", own()}, {"groups", own()}, {"scope", own()}},
		Tenants: []TenantClaim{{Path: "tenants"}},
	}
}

// maxTenants is how many tenants of a token count. A token of the greatest size has hardly
// more.
const maxTenants = 1000

// principal reads the claims of a verified token. Claims that are missing or of another form
// count for nothing: they give no rights.
func (c Claims) principal(claims map[string]json.RawMessage) auth.Principal {
	var p auth.Principal
	for _, path := range c.Name {
		if name := values(claims, path); len(name) > 0 && name[0] != "" {
			p.Name = name[0]
			break
		}
	}
	for _, claim := range c.Roles {
		for _, name := range values(claims, claim.Path) {
			if role, ok := claim.Roles[name]; ok {
				p.Roles = p.Roles.With(role)
			}
		}
	}
	for _, claim := range c.Tenants {
		for _, name := range values(claims, claim.Path) {
			// Keycloak writes groups with or without their path. Only groups of the top count:
			// those below are under the control of those who manage the upper one.
			tenant, ok := strings.CutSuffix(strings.TrimPrefix(name, "/"), claim.Suffix)
			if ok && bos.CheckTenant(tenant) == nil && len(p.Tenants) < maxTenants {
				p.Tenants = append(p.Tenants, tenant)
			}
		}
	}
	if len(p.Tenants) > 0 {
		p.Roles = p.Roles.With(auth.Tenant)
		slices.Sort(p.Tenants)
		p.Tenants = slices.Compact(p.Tenants)
	}
	return p
}

// values returns the strings at a path: those of an array, or one.
func values(claims map[string]json.RawMessage, path string) []string {
	parts := split(path)
	for _, part := range parts[:len(parts)-1] {
		var inner map[string]json.RawMessage
		if json.Unmarshal(claims[part], &inner) != nil {
			return nil
		}
		claims = inner
	}
	last := parts[len(parts)-1]
	raw := claims[last]
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil
	}
	if last == "scope" || last == "scp" { // RFC 8693; names of roles elsewhere may contain spaces
		return strings.Fields(text)
	}
	return []string{text}
}

// split returns the parts of a path, at least one.
func split(path string) []string {
	var parts []string
	var part strings.Builder
	for i := 0; i < len(path); i++ {
		switch {
		case path[i] == '\\' && i+1 < len(path):
			i++
			part.WriteByte(path[i])
		case path[i] == '.':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(path[i])
		}
	}
	return append(parts, part.String())
}

// check refuses claims that could never give a right, and paths that are no paths.
func (c Claims) check() error {
	if len(c.Roles)+len(c.Tenants) == 0 {
		return errors.New("no claim gives a role")
	}
	paths := slices.Clone(c.Name)
	for _, claim := range c.Roles {
		paths = append(paths, claim.Path)
	}
	for _, claim := range c.Tenants {
		paths = append(paths, claim.Path)
	}
	for _, path := range paths {
		if slices.Contains(split(path), "") {
			return fmt.Errorf("%q is not the path of a claim; an example is resource_access.shasta.roles", path)
		}
	}
	return nil
}
