package cache

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// comparisons remembers for a while which course each running session is compared
// with. Whoever follows an estimate has it made with every change, and the course of
// a session that has completed never changes.
type comparisons struct {
	mu    sync.Mutex
	known map[string]comparison // by incarnation of the running session
}

type comparison struct {
	course bos.Course // empty for none
	until  time.Time
}

const (
	comparisonLife = time.Minute
	maxComparisons = 100 // some 50 KB each
	candidates     = 3   // that are looked at for one to compare with
)

func (e *comparisons) get(incarnation string, now time.Time) (bos.Course, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.known[incarnation]
	return c.course, ok && now.Before(c.until)
}

func (e *comparisons) put(incarnation string, course bos.Course, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known == nil || len(e.known) >= maxComparisons {
		e.known = map[string]comparison{}
	}
	e.known[incarnation] = comparison{course, now.Add(comparisonLife)}
}

// compare gives sessions whose end is to be estimated the course that they are
// compared with: that of the latest one like it before that has come to its end.
// Those that are not known take three round trips, however many they are.
func (s *Store) compare(ctx context.Context, reads []bos.SessionRead, found []*bos.Session) error {
	now := s.options.Now()
	var running []*bos.Session
	for i, one := range found {
		if one == nil || !reads[i].Estimate || one.Status == nil || one.State != bos.StateRunning {
			continue
		}
		if course, known := s.comparisons.get(one.Incarnation, now); known {
			one.Status.Earlier = course
		} else {
			running = append(running, one)
		}
	}
	if len(running) == 0 {
		return nil
	}
	chosen, err := s.choose(ctx, running)
	if err != nil {
		return err
	}
	var whose []*bos.Session
	var courses []bos.SessionRead
	for i, one := range chosen {
		if one != nil {
			whose, courses = append(whose, running[i]), append(courses, readOf(one, bos.Want{Status: true, Course: true}))
		}
	}
	compared, err := s.ReadSessions(ctx, courses)
	if err != nil {
		return err
	}
	for i, one := range compared {
		if one != nil { // nil: deleted meanwhile
			whose[i].Status.Earlier = one.Status.Course
		}
	}
	for _, one := range running {
		s.comparisons.put(one.Incarnation, one.Status.Earlier, now)
	}
	return nil
}

// choose returns for each session the one that it is compared with, nil for none.
func (s *Store) choose(ctx context.Context, sessions []*bos.Session) ([]*bos.Session, error) {
	before, err := s.before(ctx, sessions, candidates)
	if err != nil {
		return nil, err
	}
	complete, err := s.complete(ctx, slices.Concat(before...))
	if err != nil {
		return nil, err
	}
	ended := map[string]*bos.Session{} // by position
	for _, one := range complete {
		if t := one.Status.Tally; t.Managed > 0 && t.Active == 0 {
			ended[sessionPosition(one)] = one
		}
	}
	chosen := make([]*bos.Session, len(sessions))
	for i, positions := range before {
		for _, p := range positions {
			if chosen[i] = ended[p]; chosen[i] != nil {
				break
			}
		}
	}
	return chosen, nil
}
