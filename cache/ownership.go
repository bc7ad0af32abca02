package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// ownershipBatch is how many components change their owner in one write.
const ownershipBatch = 500

// PutTenant makes a tenant own those components and no others, known or not, and
// returns how many it owns. That is many writes, each whole: one that was interrupted
// is finished by sending it again. Its error says how far it came, and owned how many of
// those components the tenant owns by then; 0 if nothing was changed.
func (s *Store) PutTenant(ctx context.Context, name string, ids []string) (owned int, err error) {
	if err := bos.CheckTenant(name); err != nil {
		return 0, err
	}
	for i, id := range ids {
		if err := bos.CheckComponentID(id); err != nil {
			return 0, bos.Errorf(bos.BadUserInput, "%w", err).At("components", strconv.Itoa(i))
		}
	}
	// What is owned is read once, in pieces, while others may write. That is safe: each write below
	// decides on the owners that a component has then, so a stale list costs a write or lacks
	// one that the same call, sent again, makes.
	want := slices.Compact(slices.Sorted(slices.Values(ids)))
	have, err := s.owned(ctx, name)
	if err != nil {
		return 0, err
	}
	if err := s.roomForTenant(ctx, len(have), len(want)-len(have)); err != nil {
		return 0, err
	}
	// What is new comes first: a tenant whose components are all replaced must not
	// own none in between, for then its running sessions would be complete.
	missing, surplus := without(want, have), without(have, want)
	added, err := s.own(ctx, missing, func(owners []string) []string {
		if slices.Contains(owners, name) {
			return owners
		}
		return slices.Sorted(slices.Values(append(slices.Clone(owners), name)))
	})
	if err != nil && added > 0 {
		owned = len(want) - len(missing) + added
		return owned, interrupted(err, "Tenant %q owns %d of these %d components now", name, owned, len(want))
	}
	if err != nil {
		return 0, err
	}
	removed, err := s.own(ctx, surplus, func(owners []string) []string {
		return slices.DeleteFunc(slices.Clone(owners), func(t string) bool { return t == name })
	})
	if err != nil && added+removed > 0 {
		return len(want), interrupted(err, "Tenant %q owns these %d components now, and %d others still", name, len(want), len(surplus)-removed)
	}
	if err != nil {
		return 0, err
	}
	return len(want), nil
}

// interrupted is the error of a change of which a part has been made, which says what holds. That of its last write speaks of that alone.
func interrupted(err error, format string, args ...any) error {
	var known *bos.Error
	if !errors.As(err, &known) {
		return err
	}
	partly := *known
	partly.Message = strings.Replace(known.Message, "nothing was changed", "nothing more was changed", 1) + ". " +
		fmt.Sprintf(format, args...) + ": send the same again"
	return &partly
}

// own changes the owners of components, batch by batch, and returns of how many it did.
func (s *Store) own(ctx context.Context, ids []string, owners func([]string) []string) (done int, err error) {
	for part := range slices.Chunk(ids, ownershipBatch) {
		err := s.update(ctx, part, false, func(old []record) ([]record, error) {
			next := slices.Clone(old)
			for i := range next {
				next[i].owners = owners(old[i].owners)
			}
			return next, nil
		})
		if err != nil {
			return done, err
		}
		done += len(part)
	}
	return done, nil
}

// owned reads which ids a tenant owns, ascending.
func (s *Store) owned(ctx context.Context, name string) ([]string, error) {
	var all []string
	for low := "-"; ; {
		var page *redis.StringSliceCmd
		err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			page = pipe.ZRangeByLex(ctx, s.db.Keys.Tenant(name), &redis.ZRangeBy{Min: low, Max: "+", Count: bos.MaxBatch})
		})
		if err != nil {
			return nil, err
		}
		all = append(all, page.Val()...)
		if len(page.Val()) < bos.MaxBatch {
			return all, nil
		}
		low = "(" + all[len(all)-1]
	}
}

// Owns says of each id whether a tenant owns that component, known or not.
func (s *Store) Owns(ctx context.Context, tenant string, ids []string) ([]bool, error) {
	ranks := make([]*redis.IntCmd, len(ids))
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, id := range ids {
			ranks[i] = pipe.ZRank(ctx, s.db.Keys.Tenant(tenant), id)
		}
	})
	if err != nil {
		return nil, err
	}
	owns := make([]bool, len(ids))
	for i, rank := range ranks {
		owns[i] = rank.Err() == nil // nil for none
	}
	return owns, nil
}

// ownedAmong returns those of the ids that a tenant owns, in their order.
func (s *Store) ownedAmong(ctx context.Context, tenant string, ids []string) ([]string, error) {
	owns, err := s.Owns(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	var owned []string
	for i, id := range ids {
		if owns[i] {
			owned = append(owned, id)
		}
	}
	return owned, nil
}

// Owners returns the tenants that own each of those ids, known or not; none for most.
func (s *Store) Owners(ctx context.Context, ids []string) ([][]string, error) {
	records, err := s.readRecords(ctx, ids, false)
	if err != nil {
		return nil, err
	}
	owners := make([][]string, len(records))
	for i := range records {
		owners[i] = records[i].owners
	}
	return owners, nil
}

// OwnsAny says whether a tenant owns any component, known or not.
func (s *Store) OwnsAny(ctx context.Context, tenant string) (bool, error) {
	var n *redis.IntCmd
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { n = pipe.Exists(ctx, s.db.Keys.Tenant(tenant)) })
	return err == nil && n.Val() > 0, err
}

// without returns the sorted items that are not among others.
func without(items, others []string) []string {
	if len(items) == 0 || len(others) == 0 {
		return items
	}
	out := make(map[string]bool, len(others))
	for _, o := range others {
		out[o] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(i string) bool { return out[i] })
}
