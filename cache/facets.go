package cache

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// facetChunk is how many entries of a facet are read at a time. Sessions of one value are
// neighbours, and those beyond the chunk are skipped: most values have fewer.
const facetChunk = 100

// SessionFacet returns values that sessions have, each once, ascending: at most first, of those
// that begin with prefix. Each round trip reads at most facetChunk entries and finds a value at
// least, so there are at most as many as values, and one more, however many sessions there are.
func (s *Store) SessionFacet(ctx context.Context, of bos.Facet, prefix string, first int) ([]string, error) {
	values := []string{}
	within := index{prefix: schema.FacetValues(of) + prefix}
	for low, high := within.bounds(""); ; {
		var chunk *redis.StringSliceCmd
		err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
			chunk = pipe.ZRangeByLex(ctx, s.db.Keys.Facets(), &redis.ZRangeBy{Min: low, Max: high, Count: facetChunk})
		})
		if err != nil {
			return nil, err
		}
		for _, entry := range chunk.Val() {
			value := schema.FacetValue(of, entry)
			if n := len(values); n > 0 && values[n-1] == value {
				continue
			}
			if values = append(values, value); len(values) == first {
				return values, nil
			}
		}
		if len(chunk.Val()) < facetChunk {
			return values, nil
		}
		low = "[" + schema.FacetAfter(of, values[len(values)-1])
	}
}

// list adds a session to the index of facets, unlist removes it. A session may have neither template nor tenant.
func (c *change) list(s *bos.Session) { c.addMembers(c.keys.Facets(), schema.FacetEntries(s)) }

func (c *change) unlist(s *bos.Session) { c.removeMembers(c.keys.Facets(), schema.FacetEntries(s)) }
