// Package auth decides who sends a request, and what they may see and change.
//
// A request carries a token ([FromHeader], [FromInit]). A [Verifier] makes a [Principal] of
// it: internal/auth/tokens from a file of digests, internal/auth/oidc from a signed token of
// an identity provider. What a principal may do is decided by [Access.May] alone, so that
// REST, queries, subscriptions and pages cannot disagree.
package auth

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Verifier makes a principal of the text of a token. Its errors are [*Error]s. It is safe
// for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, token string) (Principal, error)
}

// Principal is a person or program that has proven who it is.
type Principal struct {
	// ID is the same for the same person or program in every token, and differs between
	// two of the same name. It is for budgets and the audit log.
	ID string
	// Name is for people: pages and logs. It may contain any character.
	Name string
	// Roles say what it may do.
	Roles Roles
	// Tenants are those that [Tenant] and [TenantProducer] are about, sorted, each once.
	Tenants []string
	// Expires is the moment from which the token is refused; zero if it has no end.
	Expires time.Time
}

// MaxSession is how long a connection may live on one token, however long the token is
// valid: what a provider has withdrawn meanwhile takes effect with the next connection.
const MaxSession = 12 * time.Hour

// Until returns when a connection that begins now has to end.
func (p Principal) Until(now time.Time) time.Time {
	end := now.Add(MaxSession)
	if !p.Expires.IsZero() && p.Expires.Before(end) {
		return p.Expires
	}
	return end
}

// owns reports whether tenant is one of p's. No one owns what has no tenant.
func (p Principal) owns(tenant string) bool {
	_, found := slices.BinarySearch(p.Tenants, tenant)
	return found && tenant != ""
}

// Anyone is the principal of all requests while access control is off.
func Anyone() Principal {
	return Principal{ID: "anyone", Name: "anyone", Roles: Roles(0).With(Admin)}
}

// Role is one of the sets of rights that a principal may have. It may have several.
type Role uint8

// The roles. What each of them may do is the table in policy.go.
const (
	Admin          Role = iota // reads and changes everything
	Viewer                     // reads everything
	Tenant                     // reads what belongs to its tenants
	Producer                   // writes sessions and components, of all tenants
	TenantProducer             // writes sessions and components, of its tenants only
	roleCount
)

var roleNames = [roleCount]string{"admin", "viewer", "tenant", "producer", "tenant-producer"}

// String returns the role's name, as files and claims have it.
func (r Role) String() string {
	if r >= roleCount {
		return "role " + strconv.Itoa(int(r))
	}
	return roleNames[r]
}

// ParseRole finds a role by its name.
func ParseRole(name string) (Role, bool) {
	i := slices.Index(roleNames[:], name)
	if i < 0 {
		return 0, false
	}
	return Role(i), true
}

// RoleNames lists the names of all roles, for messages and documents.
func RoleNames() []string { return slices.Clone(roleNames[:]) }

// Roles is a set of roles. Its zero value is empty.
type Roles uint8

// With returns the set with r in it.
func (s Roles) With(r Role) Roles { return s | 1<<r }

// Has reports whether r is in the set.
func (s Roles) Has(r Role) bool { return s&(1<<r) != 0 }

// String lists the roles' names, separated by commas.
func (s Roles) String() string {
	var names []string
	for r := range roleCount {
		if s.Has(r) {
			names = append(names, r.String())
		}
	}
	return strings.Join(names, ",")
}
