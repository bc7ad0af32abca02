package metrics

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Sessions is the store, as far as sessions are read from it.
type Sessions interface {
	// CountSessions returns how many are stored, and how many of these change no more.
	CountSessions(ctx context.Context) (stored, frozen int, err error)
	ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error)
	ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error)
}

// tracker knows the sessions that are not complete, and notices when they end. The store keeps
// thousands that are complete for each of those, and has no list of them: so those that are known
// are read by name, and the list only from the newest to the last that is not known yet. It is
// for one goroutine at a time.
type tracker struct {
	store          Sessions
	started, ended func(*bos.Session)

	running map[incarnation]*bos.Session // nil until they were read once
	still   map[incarnation]stillness    // of those that run
	frozen  int
	missing int       // that the counts promise, and no list has
	newest  string    // position of the newest session, as of then
	read    time.Time // when that was
}

// stillness is since when the counts of a session have been the same, as far as this replica has seen.
type stillness struct {
	counts bos.Tally
	since  time.Time
}

type incarnation struct {
	bos.SessionKey
	id string
}

// wanted is what is read of a session.
var wanted = bos.Want{Status: true, GroupCount: true}

// endedBefore is how much earlier than the last read a session may have ended that was not known:
// the clocks of its source and of this server differ.
const endedBefore = time.Minute

// refresh reads what has changed. What has ended is reported once; after an error the next call
// reports the rest.
func (t *tracker) refresh(ctx context.Context, now time.Time) error {
	// Before the sessions: what begins meanwhile is found the next time.
	stored, frozen, err := t.store.CountSessions(ctx)
	if err != nil {
		return err
	}
	if err := t.readKnown(ctx); err != nil {
		return err
	}
	if err := t.find(ctx, stored-frozen); err != nil {
		return err
	}
	t.frozen, t.read = frozen, now
	t.observe(now)
	return nil
}

// observe notes which sessions have moved since the last read.
func (t *tracker) observe(now time.Time) {
	still := make(map[incarnation]stillness, len(t.running))
	for key, s := range t.running {
		if s.State != bos.StateRunning {
			continue
		}
		before, known := t.still[key]
		if !known || before.counts != s.Status.Tally {
			before = stillness{s.Status.Tally, now}
		}
		still[key] = before
	}
	t.still = still
}

// readKnown reads the sessions that were not complete.
func (t *tracker) readKnown(ctx context.Context) error {
	for part := range slices.Chunk(slices.Collect(maps.Keys(t.running)), bos.MaxPage) {
		reads := make([]bos.SessionRead, len(part))
		for i, key := range part {
			reads[i] = bos.SessionRead{SessionKey: key.SessionKey, Incarnation: key.id, Want: wanted}
		}
		found, err := t.store.ReadSessions(ctx, reads)
		if err != nil {
			return err
		}
		for i, s := range found {
			switch {
			case s == nil: // a session of a producer that was deleted: nothing is kept of it
				t.ended(t.running[part[i]])
				delete(t.running, part[i])
			case s.Over():
				t.ended(s)
				delete(t.running, part[i])
			default:
				t.running[part[i]] = s
			}
		}
	}
	return nil
}

// find reads the list, newest first, until all that are not complete are known and nothing that is
// new is left. What the counts promise and the whole list has not, is not looked for again.
func (t *tracker) find(ctx context.Context, unfinished int) error {
	first := t.running == nil
	if first {
		t.running = map[incarnation]*bos.Session{}
	}
	newest := ""
	var ended []*bos.Session // reported when all is read: after an error they are read again
	for page := (bos.Page{First: bos.MaxPage}); ; {
		list, err := t.store.ListSessions(ctx, bos.SessionFilter{}, page, wanted, false)
		if err != nil {
			if first {
				t.running = nil // or all that has ended would be new the next time
			}
			return err
		}
		for i, s := range list.Items {
			newest = max(newest, list.Positions[i])
			if t.meet(s) && !first && list.Positions[i] > t.newest {
				ended = append(ended, s)
			}
		}
		if !list.More {
			t.missing = max(unfinished-len(t.running), 0)
			break
		}
		page.After = list.Positions[len(list.Positions)-1]
		if len(t.running)+t.missing >= unfinished && (first || page.After <= t.newest) {
			break
		}
	}
	t.newest = newest
	for _, s := range ended {
		t.ended(s)
	}
	return nil
}

// meet takes note of a session in the list, and says whether it has ended since the last read. History
// that the BOS sync brings is new here, too, but has ended long ago.
func (t *tracker) meet(s *bos.Session) (ended bool) {
	key := incarnation{s.SessionKey, s.Incarnation}
	if !s.Over() {
		if t.running[key] == nil {
			t.started(s)
		}
		t.running[key] = s
		return false
	}
	end, err := s.EndTime.UTC()
	return err == nil && end.After(t.read.Add(-endedBefore))
}
