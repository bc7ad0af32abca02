package cache

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// Reads are bounded by the effort of the operation that they are for. Where values can be
// long, Redis is asked for their sizes first, so that what would be too much is never
// sent: a reply is in memory as a whole before anybody can look at it.

const (
	// unsized is how many long values are read without asking for their sizes, where all
	// of them fit into an answer even if each is as long as the rest of a record can be.
	unsized    = 16
	mostDetail = 2 << 20
	// pieceBytes is how much is read at a time: while records are decoded, they are in
	// memory twice.
	pieceBytes = 8 << 20
)

// tooMany is the error of a read that has to bring all that it was asked for.
func tooMany() error {
	return bos.Errorf(bos.BadUserInput, "the records that this reads hold too many bytes for one request: name fewer at a time")
}

// detailSizes are the sizes of the rests of records.
func (s *Store) detailSizes(ctx context.Context, ids []string) ([]int64, error) {
	return s.sizes(ctx, len(ids), func(pipe redis.Pipeliner, i int) *redis.IntCmd { return pipe.StrLen(ctx, s.db.Keys.Details(ids[i])) })
}

// textSizes are the sizes of long error texts.
func (s *Store) textSizes(ctx context.Context, digests []bos.Digest) ([]int64, error) {
	return s.sizes(ctx, len(digests), func(pipe redis.Pipeliner, i int) *redis.IntCmd {
		return pipe.HStrLen(ctx, s.db.Keys.Texts(), string(digests[i]))
	})
}

// initialSizes are the sizes of sessions' initial components. A session is in one of its
// homes only.
func (s *Store) initialSizes(ctx context.Context, reads []bos.SessionRead) ([]int64, error) {
	homes := func(r bos.SessionRead) [2]schema.Home {
		return [2]schema.Home{schema.ScopeHome(r.SessionKey), schema.HistoryHome(r.Incarnation)}
	}
	// At both homes: where a session is would take a round trip of its own to find out, and at
	// the other one there is nothing, which has the size 0.
	both, err := s.sizes(ctx, 2*len(reads), func(pipe redis.Pipeliner, i int) *redis.IntCmd {
		return pipe.HStrLen(ctx, s.db.Keys.Extras(homes(reads[i/2])[i%2]), schema.Extras.Initial.Name)
	})
	if err != nil {
		return nil, err
	}
	sizes := make([]int64, len(reads))
	for i := range sizes {
		sizes[i] = both[2*i] + both[2*i+1]
	}
	return sizes, nil
}

// sizes asks for n sizes in one round trip. Of what is not there the size is 0.
func (s *Store) sizes(ctx context.Context, n int, ask func(pipe redis.Pipeliner, i int) *redis.IntCmd) ([]int64, error) {
	replies := make([]*redis.IntCmd, n)
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i := range replies {
			replies[i] = ask(pipe, i)
		}
	})
	if err != nil {
		return nil, err
	}
	sizes := make([]int64, n)
	for i, r := range replies {
		sizes[i] = r.Val()
	}
	return sizes, nil
}

// fitting is how many of the first sizes fit into so many bytes, and their sum: one at
// least, so that every read makes progress.
func fitting(sizes []int64, room int64) (n int, sum int64) {
	for n < len(sizes) && (n == 0 || sum+sizes[n] <= room) {
		sum += sizes[n]
		n++
	}
	return n, sum
}

// fitUnsized reports whether n long values fit into an answer whatever their sizes are.
// A page of a REST list is bounded far below that: its last few records have to be asked
// for their sizes like all before, or the list ends in an error.
func fitUnsized(effort *cost.Effort, n int) bool {
	return n <= unsized && int64(n)*mostDetail <= effort.Limit()
}

// readFirst reads the records of the first ids: as many as the operation has room for,
// and at least one. detailed reads the rest of each, too.
func (s *Store) readFirst(ctx context.Context, ids []string, detailed bool) ([]record, error) {
	effort := cost.EffortOf(ctx)
	if effort == nil || !detailed {
		return s.readTexted(ctx, ids, detailed, false)
	}
	if fitUnsized(effort, len(ids)) {
		records, err := s.readTexted(ctx, ids, true, false)
		if err == nil {
			err = effort.Hold(ctx, bytesOf(records))
		}
		return records, err
	}
	sizes, err := s.detailSizes(ctx, ids)
	if err != nil {
		return nil, err
	}
	n, sum := fitting(sizes, effort.Room())
	if err := effort.Hold(ctx, sum); err != nil {
		return nil, err
	}
	records := make([]record, 0, n)
	for ids, sizes = ids[:n], sizes[:n]; len(ids) > 0; {
		piece, _ := fitting(sizes, pieceBytes)
		part, err := s.readTexted(ctx, ids[:piece], true, false)
		if err != nil {
			return nil, err
		}
		if records = append(records, part...); len(part) < piece {
			break
		}
		ids, sizes = ids[piece:], sizes[piece:]
	}
	return records, nil
}

// holdShort counts the short parts of records, if they are not short.
func holdShort(ctx context.Context, short []string) error {
	var n int64
	for _, value := range short {
		n += int64(len(value))
	}
	if n <= shortBytes {
		return nil
	}
	return cost.EffortOf(ctx).Hold(ctx, n)
}

// shortBytes is more than a page of short parts takes; their labels may be any texts.
const shortBytes = 256 << 10

// scanRecords reads what filters look at of components, nil for one that is not there. lacking has
// the digests of long error texts, which are not read.
func (s *Store) scanRecords(ctx context.Context, ids []string) (found []*bos.Component, lacking []bos.Digest, err error) {
	found, lacking = make([]*bos.Component, len(ids)), make([]bos.Digest, len(ids))
	for from := 0; from < len(ids); from += bos.MaxPage {
		part := ids[from:min(from+bos.MaxPage, len(ids))]
		short, _, _, err := s.fetchRecords(ctx, part, false, false)
		if err != nil {
			return nil, nil, err
		}
		for i, id := range part {
			var r record
			digest, err := r.decode(id, short[i])
			if err != nil {
				return nil, nil, err
			}
			if r.present {
				found[from+i], lacking[from+i] = &r.component, digest
			}
		}
	}
	return found, lacking, nil
}

// bytesOf is about how many bytes the texts of records hold.
func bytesOf(records []record) (n int64) {
	for i := range records {
		c := &records[i].component
		if d := c.DesiredState; d != nil {
			n += artifactBytes(d.BootArtifacts) + int64(len(d.Configuration)+len(d.BSSToken))
		}
		if a := c.ActualState; a != nil {
			n += artifactBytes(a.BootArtifacts) + int64(len(a.BSSToken))
		}
		if st := c.StagedState; st != nil {
			n += artifactBytes(st.BootArtifacts) + int64(len(st.Configuration))
		}
	}
	return n
}

func artifactBytes(b bos.BootArtifacts) int64 {
	return int64(len(b.Kernel) + len(b.KernelParameters) + len(b.Initrd))
}

// fittingTexts is which of the long texts there is room for, and the first record, by its
// position, whose text is not among them.
func (s *Store) fittingTexts(ctx context.Context, long map[bos.Digest][]int) (digests []bos.Digest, first int, err error) {
	digests, first = sortedKeys(long, always), -1
	effort := cost.EffortOf(ctx)
	if effort == nil {
		return digests, first, nil
	}
	byPosition(digests, long)
	if fitUnsized(effort, len(digests)) {
		return digests, first, nil
	}
	sizes, err := s.textSizes(ctx, digests)
	if err != nil {
		return nil, first, err
	}
	n, _ := fitting(sizes, effort.Room())
	if n < len(digests) {
		first = long[digests[n]][0]
	}
	return digests[:n], first, nil
}

// What the texts of error groups may come to: of one session as much as an answer may
// have by default, of each of many as much as a page of them does no harm with.
const (
	textsOfOne  = 32 << 20
	textsOfEach = 256 << 10
)

// textsEach is 0 where no groups are read, so that reads of several callers are the same.
func textsEach(ctx context.Context, r bos.SessionRead, sessions int) int64 {
	if r.Groups == 0 {
		return 0
	}
	one := min(textsOfOne, cost.EffortOf(ctx).Limit())
	return max(one/int64(sessions), min(one, textsOfEach))
}

// byPosition orders digests by the first record that has each.
func byPosition(digests []bos.Digest, at map[bos.Digest][]int) {
	slices.SortFunc(digests, func(a, b bos.Digest) int { return at[a][0] - at[b][0] })
}

// firstSessions is how many of the first reads there is room for, and at least one.
func (s *Store) firstSessions(ctx context.Context, reads []bos.SessionRead) (int, error) {
	effort := cost.EffortOf(ctx)
	if effort == nil || len(reads) < 2 || !slices.ContainsFunc(reads, func(r bos.SessionRead) bool { return r.Initial }) {
		return len(reads), nil
	}
	sizes, err := s.initialSizes(ctx, reads)
	if err != nil {
		return 0, err
	}
	n, _ := fitting(sizes, effort.Room())
	return n, nil
}

// pointBytes is what a tally takes in memory.
const pointBytes = 160

// holdSessions counts the long parts of sessions that were read.
func holdSessions(ctx context.Context, found []*bos.Session) error {
	effort := cost.EffortOf(ctx)
	if effort == nil {
		return nil
	}
	var n int64
	for _, one := range found {
		if one == nil {
			continue
		}
		if d := one.Details; d != nil {
			n += int64(len(d.InitialComponents) + len(d.Limit) + len(d.Error))
		}
		if one.Status != nil {
			for _, g := range one.Status.Errors {
				n += int64(len(g.Message))
			}
			n += int64(len(one.Status.Progress)+len(one.Status.ByCabinet)) * pointBytes
		}
	}
	return effort.Hold(ctx, n)
}
