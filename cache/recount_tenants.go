package cache

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// tenantSizes verifies that the index of tenants says how much each of them owns.
func (r *recount) tenantSizes(ctx context.Context) error {
	// Both ways: a tenant may be listed that owns nothing, and one may own something and
	// not be listed.
	names := map[string]bool{}
	if err := r.walk(ctx, r.db.Keys.Tenants(), func(entries []string) error {
		for _, name := range entries {
			names[name] = true
		}
		return nil
	}); err != nil {
		return err
	}
	if err := r.scan(ctx, schema.Kinds.Tenant, 0, func(found []string, _ uint64) error {
		for _, key := range found {
			names[strings.TrimPrefix(key, r.db.Keys.Tenant(""))] = true
		}
		return nil
	}); err != nil {
		return err
	}
	for _, name := range sortedKeys(names, always) {
		if err := r.verifyTenantSize(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// verifyTenantSize compares one tenant, and repairs it as verifySums does a scope: by
// taking away an offset, which is right whatever is owned meanwhile, once.
func (r *recount) verifyTenantSize(ctx context.Context, name string) error {
	exclusive, err := r.exclusive(ctx)
	if err != nil {
		return err
	}
	// Both in one transaction: a tenant that gets a component in between would look miscounted.
	var size *redis.FloatCmd
	var owns *redis.IntCmd
	if err := r.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		size, owns = pipe.ZScore(ctx, r.db.Keys.Tenants(), name), pipe.ZCard(ctx, r.db.Keys.Tenant(name))
	}); err != nil {
		return err
	}
	have, want := -int(size.Val()), int(owns.Val()) // scores are negative, so that who owns most comes first
	if have == want {
		return nil
	}
	r.found(r.db.Keys.Tenants(), fmt.Sprintf("says that %s owns %d instead of %d", name, have, want))
	c := r.newChange()
	exclusive(c)
	c.do("ZINCRBY", r.db.Keys.Tenants(), strconv.Itoa(have-want), name)
	return r.repair(ctx, c)
}
