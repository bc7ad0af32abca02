package cache

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// completed makes complete sessions, oldest first.
func (s *suite) completed(n int) []*bos.Session {
	s.Helper()
	made := make([]*bos.Session, n)
	for i := range made {
		made[i] = s.create(fmt.Sprintf("s%03d", i))
		s.state(made[i].Name, bos.StateComplete)
	}
	return made
}

// lose removes what Redis has of a session but for the lists that have it, as an eviction may.
func (s *suite) lose(one *bos.Session) {
	s.Helper()
	s.must(s.store.db.Client.Del(s.ctx, s.store.db.Keys.HomeKeys(schema.ScopeHome(one.SessionKey))...).Err())
}

// listed is how many entries the lists of all sessions and of frozen ones have.
func (s *suite) listed() string {
	s.Helper()
	k, c := s.store.db.Keys, s.store.db.Client
	return fmt.Sprint(c.ZCard(s.ctx, k.Sessions()).Val(), c.ZCard(s.ctx, k.Frozen()).Val())
}

// overdue is when the retention of all that was frozen until now has ended.
func overdue() time.Time { return time.Now().Add(DefaultRetention + time.Hour) }

// Sessions that Redis has lost are the oldest of the list, more of them than one call removes.
func TestLostSessionsDoNotHoldUpRetention(t *testing.T) {
	conform(t, func(s *suite) {
		for _, lost := range s.completed(expireBatch + 3)[:expireBatch+1] {
			s.lose(lost)
		}
		if n, err := s.store.Expire(s.ctx, overdue()); n != 2 || err != nil {
			s.Errorf("%d expired, want the 2 that are there, and %v", n, err)
		}
		if got := s.listed(); got != "0 0" {
			s.Errorf("listed and frozen are %s", got)
		}
		s.recounted(true)
		s.equal(s.recounted(false), []string{}, "found after a repair")
	})
}

// Sessions that can't be read are the oldest of the list, more of them than one call removes. Once they can be, they are removed.
func TestSessionsThatCannotBeReadDoNotHoldUpRetention(t *testing.T) {
	conform(t, func(s *suite) {
		broken := s.completed(expireBatch + 3)[:expireBatch+1]
		saved := schema.Session.Saved.Name
		for _, one := range broken {
			s.must(s.store.db.Client.HSet(s.ctx, s.store.db.Keys.Session(schema.ScopeHome(one.SessionKey)), saved, "not a number").Err())
		}
		n, err := s.store.Expire(s.ctx, overdue())
		if want := fmt.Sprintf("%d can't be removed, the first: session /s000: ", len(broken)); n != 2 || err == nil || !strings.HasPrefix(err.Error(), want) {
			s.Errorf("%d expired, want the 2 that can be read, and %v", n, err)
		}
		for _, one := range broken {
			s.must(s.store.db.Client.HDel(s.ctx, s.store.db.Keys.Session(schema.ScopeHome(one.SessionKey)), saved).Err())
		}
		for _, want := range []int{expireBatch, 1, 0} {
			if n, err := s.store.Expire(s.ctx, overdue()); n != want || err != nil {
				s.Errorf("%d expired, want %d, and %v", n, want, err)
			}
		}
	})
}

// A failover brings a session back that was lost, at any moment before it is taken out of the list: then it stays there until it
// is removed itself.
func TestWhatAFailoverBringsBackExpires(t *testing.T) {
	conform(t, func(s *suite) {
		other := s.open(nil)
		k, c := s.store.db.Keys, other.db.Client
		for n := 1; ; n++ {
			one := s.completed(1)[0]
			key, aside := k.Session(schema.ScopeHome(one.SessionKey)), k.Session("aside")
			s.must(c.Rename(s.ctx, key, aside).Err())
			back := false
			s.after(n, func() {
				if c.ZScore(s.ctx, k.Frozen(), schema.FrozenEntry(one)).Err() == redis.Nil {
					return
				}
				back = true
				s.must(c.Rename(s.ctx, aside, key).Err())
				s.must(c.HSet(s.ctx, k.Meta(), schema.Meta.History.Name, "of another server").Err())
			})
			removed, err := s.store.Expire(s.ctx, overdue())
			s.must(err)
			s.after(0, nil)
			if !back { // it was taken out of the list before
				s.must(c.Del(s.ctx, aside).Err())
				s.recounted(true)
				if n < 5 {
					s.Errorf("only %d moments were tried", n-1)
				}
				return
			}
			if more, err := s.store.Expire(s.ctx, overdue()); removed+more != 1 || err != nil || s.listed() != "0 0" {
				s.Errorf("brought back behind exchange %d: %d expired, then %d, %v; listed and frozen are %s", n, removed, more, err, s.listed())
			}
		}
	})
}
