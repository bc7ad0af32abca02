package cache

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// Capacity says how much a namespace may hold; 0 stands for the default of each. The defaults are
// far above any system, and there because anybody who may write could otherwise fill
// Redis with names.
//
// What a name costs is bounded by the same. A component counts in at most two names,
// its session and the one it is staged in, each without a tenant and in every tenant
// that owns it, whether or not such sessions exist: so there are at most twice as many
// scopes as components and ownerships together, and of each of these at most
// Components.
//
// Each is compared with what is there before a write is decided on, so writers at the
// same time may exceed it by what they are writing: each by one call's components, one
// session, or one tenant and what it owns. What creates nothing does not ask.
type Capacity struct {
	Components int // that exist, and as many that tenants own, known or not
	Sessions   int // that are kept, history included
	Tenants    int // that own something
}

// DefaultCapacity are the defaults of Capacity: 20 times the components of the largest
// systems; for a retention of 90 days, 1,000 sessions a day; and more tenants than
// there are cabinets to divide among them.
var DefaultCapacity = Capacity{Components: 2_000_000, Sessions: 100_000, Tenants: 10_000}

// orDefault fills in the defaults.
func (b Capacity) orDefault() Capacity {
	for _, bound := range []struct {
		of        *int
		byDefault int
	}{
		{&b.Components, DefaultCapacity.Components}, {&b.Sessions, DefaultCapacity.Sessions}, {&b.Tenants, DefaultCapacity.Tenants},
	} {
		if *bound.of == 0 {
			*bound.of = bound.byDefault
		}
	}
	return b
}

// full is the error of a bound that is reached. It names the option, as nothing else can be
// done here.
func full(what string, bound int, option string) *bos.Error {
	return bos.Errorf(bos.Conflict, "no more than %d %s can be kept here: delete some, or start all servers with a larger %s", bound, what, option)
}

// cardinality is how many members a sorted set has.
func (s *Store) cardinality(ctx context.Context, key string) (int, error) {
	var n *redis.IntCmd
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { n = pipe.ZCard(ctx, key) })
	if err != nil {
		return 0, err
	}
	return int(n.Val()), nil
}

// space is for how many components there is room, within one attempt at a write.
type space struct {
	store *Store
	known bool // left is set
	left  int
}

// take takes the room of one component, if there is any. Only the first asks Redis.
func (p *space) take(ctx context.Context) error {
	bound := p.store.options.Capacity.Components
	if !p.known {
		n, err := p.store.cardinality(ctx, p.store.db.Keys.IDs())
		if err != nil {
			return err
		}
		// Counted down from here on, so that a batch of 5,000 new ones asks once.
		p.known, p.left = true, bound-n
	}
	if p.left <= 0 {
		return full("components", bound, "--max-components")
	}
	p.left--
	return nil
}

// roomForSession says whether one more session may be created.
func (s *Store) roomForSession(ctx context.Context) error {
	n, err := s.cardinality(ctx, s.db.Keys.Sessions())
	if err == nil && n >= s.options.Capacity.Sessions {
		return full("sessions", s.options.Capacity.Sessions, "--max-sessions, or a shorter --retention")
	}
	return err
}

// roomForTenant says whether a tenant that owns some ids may own that many more.
func (s *Store) roomForTenant(ctx context.Context, owns, more int) error {
	if more <= 0 {
		return nil
	}
	var sizes *redis.ZSliceCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		sizes = pipe.ZRangeWithScores(ctx, s.db.Keys.Tenants(), 0, -1)
	}); err != nil {
		return err
	}
	bounds, all := s.options.Capacity, more
	for _, tenant := range sizes.Val() {
		all -= int(tenant.Score) // minus what it owns
	}
	switch {
	case owns == 0 && len(sizes.Val()) >= bounds.Tenants:
		return full("tenants", bounds.Tenants, "--max-tenants")
	case all > bounds.Components:
		return full("components of tenants", bounds.Components, "--max-components")
	}
	return nil
}
