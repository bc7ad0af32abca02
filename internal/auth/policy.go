package auth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// Action is what a request wants to do. Every root field, subscription and route is one.
type Action uint8

// The actions.
const (
	ReadSessions    Action = iota // sessions, their status and progress: queries, subscriptions, REST
	ReadComponents                // components, in lists and below sessions
	ReadTemplates                 // session templates, over REST
	ReadServer                    // version and epoch, BOS's options, the schema (introspection)
	ReadOperations                // problems, BOS sync and metrics: how the server is doing, and what is around it
	WriteSessions                 // create, update and delete sessions
	WriteComponents               // put, patch and delete components
	WriteTenants                  // which components a tenant owns
	actionCount
)

var actionNames = [actionCount]string{"read sessions", "read components", "read templates", "read server information",
	"read operations", "write sessions", "write components", "write tenants"}

// String returns what the action does, as messages say it.
func (a Action) String() string {
	if a >= actionCount {
		return fmt.Sprintf("action %d", uint8(a))
	}
	return actionNames[a]
}

// reach is how far a role's right to an action goes.
type reach uint8

const (
	none reach = iota
	own        // of the principal's tenants
	all        // of every tenant and of none
)

// may is the policy: the reach of each role's right to each action. It is a function and no
// variable, so that nothing can change it.
func (r Role) may(a Action) reach {
	switch a {
	case ReadSessions, ReadComponents:
		// Producers read what they write: mutations answer with records, and after a
		// CONFLICT a producer has to see what is there.
		return [roleCount]reach{Admin: all, Viewer: all, Tenant: own, Producer: all, TenantProducer: own}[r]
	case ReadTemplates:
		return [roleCount]reach{Admin: all, Viewer: all, Tenant: own}[r]
	case ReadServer:
		return [roleCount]reach{Admin: all, Viewer: all, Tenant: all, Producer: all, TenantProducer: all}[r]
	case ReadOperations:
		return [roleCount]reach{Admin: all, Viewer: all}[r]
	case WriteSessions, WriteComponents:
		return [roleCount]reach{Admin: all, Producer: all, TenantProducer: own}[r]
	case WriteTenants:
		return [roleCount]reach{Admin: all, Producer: all}[r]
	default:
		return none // an action that is missing above is refused to everybody
	}
}

// reach returns how far p's right to an action goes, by the strongest of its roles.
func (p Principal) reach(a Action) reach {
	most := none
	for r := range roleCount {
		if p.Roles.Has(r) {
			most = max(most, r.may(a))
		}
	}
	return most
}

// Access is a principal that acts on behalf of a tenant, or of none. It is a value: the same
// one gives the same answers.
type Access struct {
	Principal
	tenant string // that everything is limited to; "" for no limit beyond the principal's
	key    string // see Key
}

// For returns p's access on behalf of the tenant that a request asks for: by
// Cray-Tenant-Name or connection_init, "" if it asks for none. A principal that may read
// everything is limited to that tenant's view, as in BOS. Others are refused a tenant that is not
// theirs, with the same error whether or not it exists.
func (p Principal) For(tenant string) (Access, error) {
	if tenant != "" && p.reach(ReadSessions) != all && !p.owns(tenant) {
		return Access{}, ForbidTenant()
	}
	if tenant == "" && p.reach(ReadSessions) == own && len(p.Tenants) == 1 {
		tenant = p.Tenants[0] // so that those of one tenant share, whether or not they name it
	}
	access := Access{Principal: p, tenant: tenant}
	access.key = access.makeKey()
	return access, nil
}

// reach is the principal's. What tenants own is for none of them to decide: a request for one would give it what is another's.
func (c Access) reach(a Action) reach {
	if a == WriteTenants && c.tenant != "" {
		return none
	}
	return c.Principal.reach(a)
}

// Can reports whether the access allows an action on anything at all.
func (c Access) Can(a Action) bool {
	reach := c.reach(a)
	return reach == all || reach == own && (!a.tenanted() || len(c.Tenants) > 0)
}

// May reports whether the access allows an action on what belongs to tenant, "" for what
// belongs to none. Actions that are not about a tenant ([ReadServer], [ReadOperations],
// [WriteTenants]) ignore it.
func (c Access) May(a Action, tenant string) bool {
	reach := c.reach(a)
	if !a.tenanted() {
		return reach == all
	}
	if c.tenant != "" && c.tenant != tenant {
		return false
	}
	return reach == all || reach == own && c.owns(tenant)
}

// MayChange reports whether the access allows an action on a component with these owners.
// A component counts in the sessions of each of them, so all of them have to be the
// principal's, and one without an owner is nobody's.
func (c Access) MayChange(a Action, owners []string) bool {
	if len(owners) == 0 {
		return c.May(a, "")
	}
	return !slices.ContainsFunc(owners, func(tenant string) bool { return !c.May(a, tenant) })
}

// tenanted reports whether the action is about what belongs to a tenant.
func (a Action) tenanted() bool {
	return a != ReadServer && a != ReadOperations && a != WriteTenants
}

// Limited reports whether the access is of somebody who may take an action on nothing but what
// belongs to its own tenants, and so must not learn what others have.
func (c Access) Limited(a Action) bool { return c.reach(a) == own }

// View is the part of the data that a list shows.
type View struct {
	All    bool   // of every tenant and of none
	Tenant string // else of this one
}

// View returns what a list shows that names no tenant: everything, or one tenant's, which is
// the one that the request acts for or the only one that the principal has. It returns a
// FORBIDDEN for no right at all, and a BAD_USER_INPUT for a choice that the client has to
// make.
func (c Access) View(a Action) (View, error) {
	switch reach := c.reach(a); {
	case reach == none || reach == own && len(c.Tenants) == 0:
		return View{}, Forbid(a)
	case c.tenant != "" && !c.May(a, c.tenant): // another role lets the principal act for it, in other things
		return View{}, Forbid(a)
	case c.tenant != "":
		return View{Tenant: c.tenant}, nil
	case reach == all:
		return View{All: true}, nil
	default:
		return View{}, bos.Errorf(bos.BadUserInput, "say for which of your tenants: send %s with one of %s", TenantHeader, listed(c.Tenants))
	}
}

// Tenant is the tenant that the access is limited to, "" for no limit beyond the principal's.
func (c Access) Tenant() string { return c.tenant }

// Key is equal for accesses that may see and change the same: what is shared among requests
// or subscribers is shared within one key. It is no secret and has no name of a person in it.
func (c Access) Key() string { return c.key }

func (c Access) makeKey() string {
	key := make([]byte, 0, 64) // on the stack, for most: this is done for every request
	anyOwn := false
	for a := range actionCount {
		reach := c.reach(a)
		anyOwn = anyOwn || reach == own
		key = append(key, '0'+byte(reach))
	}
	// Quoted: who may read everything may name any text.
	key = strconv.AppendQuote(append(key, ' '), c.tenant)
	if !anyOwn { // whose tenants they are does not matter: all viewers share one execution
		return string(key)
	}
	for _, tenant := range c.Tenants { // names without spaces: see [bos.CheckTenant]
		if c.tenant == "" || c.tenant == tenant {
			key = append(append(key, ' '), tenant...)
		}
	}
	return string(key)
}

// Forbid is the error for an action that the access does not allow on anything.
func (c Access) Forbid(a Action) *bos.Error {
	if c.reach(a) != c.Principal.reach(a) {
		return bos.Errorf(bos.Forbidden, "a request for a tenant has no right to %s: send it without %s", a, TenantHeader)
	}
	return Forbid(a)
}

// Forbid is the error of an action that a principal may not take. It does not depend on
// whether what it was about exists.
func Forbid(a Action) *bos.Error {
	return bos.Errorf(bos.Forbidden, "you have no right to %s; ask an administrator for a role that has it", a)
}

// ForbidTenant is the error of a tenant that a request names and may not act for. It does not
// depend on whether there is such a tenant.
func ForbidTenant() *bos.Error {
	return bos.Errorf(bos.Forbidden, "you may not act for the tenant that the request names")
}

// listed joins names for a message, the first ten of them.
func listed(names []string) string {
	if len(names) > 10 {
		return strings.Join(names[:10], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
