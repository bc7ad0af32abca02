package cache

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// ErrorCabinets counts the components of error groups of a session by cabinet, in the order of the
// cabinets' numbers: as they are, or as they were when the session was frozen. Ids that the groups name are
// not read again; those of large groups are, a thousand at a time, and count as looked through.
func (s *Store) ErrorCabinets(ctx context.Context, of *bos.Session, groups []bos.ErrorGroup, frozen bool) ([]bos.CabinetErrors, error) {
	counts := map[string]int{}
	for i := range groups {
		g := &groups[i]
		if g.Whole() {
			for _, id := range g.First {
				counts[bos.CabinetOf(id)]++
			}
			continue
		}
		if err := cost.EffortOf(ctx).Scan(ctx, g.Count); err != nil {
			return nil, err
		}
		idx, _, err := s.chooseIndex(ctx, &bos.MembersOf{Session: of, Group: g.Digest, Frozen: frozen}, bos.ComponentFilter{})
		if err != nil {
			return nil, err
		}
		for after := ""; ; {
			ids, err := s.idsAfter(ctx, idx, after, bos.MaxPage)
			if err != nil {
				return nil, err
			}
			for _, id := range ids {
				counts[bos.CabinetOf(id)]++
			}
			if len(ids) < bos.MaxPage {
				break
			}
			after = ids[len(ids)-1]
		}
	}
	return bos.CountCabinets(counts), nil
}
