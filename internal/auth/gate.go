package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"
	"unique"

	"github.com/bosgraph/bosgraph/bos"
)

// Gate says for whom a request acts. It is safe for concurrent use.
type Gate struct {
	verifier Verifier // nil while access control is off
	anyone   Access   // of everybody, then
	log      *slog.Logger

	mu     sync.Mutex
	logged map[Reason]*repeated
}

// repeated is a line of the log that was written, and how often it was not.
type repeated struct {
	at       time.Time
	withheld int
}

// refusalGap is between two lines of the log about tokens that were refused for one reason.
// Anybody can send tokens, as many as they like.
const refusalGap = time.Second

// NewGate makes a gate of a verifier. Nil for no access control: everybody may do everything.
func NewGate(v Verifier, log *slog.Logger) *Gate {
	anyone, _ := Anyone().For("") // no tenant is never refused
	return &Gate{verifier: v, anyone: anyone, log: log, logged: map[Reason]*repeated{}}
}

// Open reports whether access control is off.
func (g *Gate) Open() bool { return g.verifier == nil }

// Admit verifies credentials. Its errors are [*bos.Error]s, for the client.
func (g *Gate) Admit(ctx context.Context, c Credentials) (Grant, error) {
	if g.Open() {
		access := g.anyone
		if c.Tenant != "" {
			var err error
			if access, err = Anyone().For(c.Tenant); err != nil {
				return Grant{}, err
			}
		}
		return Grant{Access: access, tenant: c.Tenant}, nil
	}
	p, err := g.verifier.Verify(ctx, c.Token)
	if err != nil {
		return Grant{}, g.Refused(err)
	}
	access, err := p.For(c.Tenant)
	if err != nil {
		return Grant{}, err
	}
	return Grant{Access: access, Until: p.Until(time.Now()), gate: g, token: unique.Make(c.Token), tenant: c.Tenant}, nil
}

// Refused logs why credentials were refused, and returns what the client gets instead.
func (g *Gate) Refused(err error) error {
	refused, ok := err.(*Error)
	if !ok {
		return err
	}
	if withheld, ok := g.due(refused.Reason); ok && refused.Reason != Missing {
		g.log.Warn("token refused", "reason", string(refused.Reason), "error", refused.Detail, "withheld", withheld)
	}
	return refused.Public()
}

// due reports whether a line about a refusal is to be written, and how many were not since
// the last.
func (g *Gate) due(r Reason) (withheld int, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	last := g.logged[r]
	if last != nil && now.Sub(last.at) < refusalGap {
		last.withheld++
		return 0, false
	}
	if last != nil {
		withheld = last.withheld
	}
	g.logged[r] = &repeated{at: now}
	return withheld, true
}

// Grant is an access, and for how long a connection may have it.
type Grant struct {
	Access Access
	Until  time.Time // when the connection has to end; zero for never
	Login  string    // the login of a cookie that it comes from, whose end is its own; "" for none

	gate   *Gate                 // nil while access control is off
	token  unique.Handle[string] // thousands of connections may have the same one
	tenant string                // that was asked for
}

// Later is the grant of a WebSocket that has sent no token yet, or one that is not accepted: no right at all. Its
// connection_init may bring one.
func Later(c Credentials) Grant { return Grant{tenant: c.Tenant} }

// Begin returns the grant of a WebSocket whose request had g and whose connection_init has
// brought these credentials. A token replaces that of the request, and so does a tenant.
func (g *Gate) Begin(ctx context.Context, of Grant, c Credentials) (Grant, error) {
	if c.Tenant == "" {
		c.Tenant = of.tenant
	}
	if c.Token != "" || of.gate == nil {
		return g.Admit(ctx, c)
	}
	c.Token = of.token.Value()
	grant, err := g.Admit(ctx, c)
	grant.Login = of.Login
	return grant, err
}

// GrantID is equal for grants that are checked alike.
type GrantID struct {
	token       unique.Handle[string]
	tenant, key string
}

// ID returns g's identity.
func (g Grant) ID() GrantID { return GrantID{g.token, g.tenant, g.Access.Key()} }

// Equal says whether two grants permit the same, for as long.
func (g Grant) Equal(h Grant) bool {
	return g.gate == h.gate && g.ID() == h.ID() && g.Login == h.Login && g.Until.Equal(h.Until)
}

// Check verifies the token again, and returns why a connection with this grant has to end, nil
// if it need not: the token is not accepted any more, or gives other rights. A token that
// cannot be checked at the moment stays good until [Grant.Until].
func (g Grant) Check(ctx context.Context) error {
	if g.gate == nil {
		return nil
	}
	p, err := g.gate.verifier.Verify(ctx, g.token.Value())
	if ReasonOf(err) == Unavailable {
		return nil
	}
	if err != nil {
		return err
	}
	access, err := p.For(g.tenant)
	if err == nil && access.Key() != g.Access.Key() {
		err = bos.Errorf(bos.Forbidden, "your rights have changed: connect again")
	}
	return err
}

type grantKey struct{}

// WithGrant returns a context for requests with that grant.
func WithGrant(ctx context.Context, g Grant) context.Context {
	return context.WithValue(ctx, grantKey{}, g)
}

// WithAccess returns a context for requests of an access that has no end.
func WithAccess(ctx context.Context, c Access) context.Context {
	return WithGrant(ctx, Grant{Access: c})
}

// GrantOf returns the grant of a context: one without any right, unless [WithGrant] has given
// it another.
func GrantOf(ctx context.Context) Grant {
	g, _ := ctx.Value(grantKey{}).(Grant)
	return g
}

// AccessOf returns the access of [GrantOf].
func AccessOf(ctx context.Context) Access { return GrantOf(ctx).Access }
