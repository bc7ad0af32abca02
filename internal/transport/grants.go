package transport

import (
	"errors"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

const (
	// grantTick is how long a connection may outlive its grant.
	grantTick = time.Second
	// checkEvery is how often the tokens of connections are verified again: for as long, one
	// that was withdrawn still works.
	checkEvery = 30 * time.Second
)

// tokenEnded is what clients get whose connection has had its time.
const tokenEnded = "Forbidden: the token or the longest time of a connection has ended: connect again with a token that is valid"

// may gives the connection a grant in place of the one before.
func (c *connection) may(g auth.Grant) { c.granted.Store(&g) }

// share gives it a grant that thousands of connections in a row may have: without access
// control, or with one token, they need only one.
func (s *Streams) share(g auth.Grant, c *connection) {
	last := s.granted.Load()
	if last == nil || !last.Equal(g) {
		fresh := g // g itself would be allocated also where the last one is taken
		last = &fresh
		s.granted.Store(last)
	}
	c.granted.Store(last)
	// Afterwards: over, in between, would look at the connection's earlier grant.
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends(last.Until)
}

// grant is what the connection may do.
func (c *connection) grant() auth.Grant { return *c.granted.Load() }

// ends notes when a grant ends; the zero time for never. s is locked.
func (s *Streams) ends(until time.Time) {
	if !until.IsZero() && (s.nextEnd.IsZero() || until.Before(s.nextEnd)) {
		s.nextEnd = until
	}
}

// over are the clients whose grant has ended. They are looked for only when one must have: walking
// 10,000 connections once a second would be a third of what they cost while nothing happens.
func (s *Streams) over(now time.Time) (over []client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nextEnd.IsZero() || now.Before(s.nextEnd) {
		return nil
	}
	s.nextEnd = time.Time{}
	for _, part := range s.wheel {
		for c := range part {
			if until := c.about().grant().Until; !until.IsZero() && !now.Before(until) {
				over = append(over, c)
			} else {
				s.ends(until)
			}
		}
	}
	return over
}

// check verifies the tokens of all connections again, each once for all that have it.
func (s *Streams) check() {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.base.Done():
			return
		case <-tick.C:
			verdicts := map[auth.GrantID]error{}
			for _, c := range s.all() {
				grant := c.about().grant()
				id := grant.ID()
				err, known := verdicts[id]
				if !known {
					err = grant.Check(s.base)
					verdicts[id] = err
				}
				if err != nil && s.base.Err() == nil {
					c.expire(withdrawn(err))
				}
			}
		}
	}
}

// End ends the connections of a login.
func (s *Streams) End(login string) {
	for _, c := range s.all() {
		if c.about().grant().Login == login {
			c.expire("Forbidden: you have logged out")
		}
	}
}

// withdrawn says to a client why its token is not good any more, and nothing that is for the
// log alone.
func withdrawn(err error) string {
	var refused *auth.Error
	if errors.As(err, &refused) {
		err = refused.Public()
	}
	var known *bos.Error
	if errors.As(err, &known) {
		return "Forbidden: " + known.Message
	}
	return "Forbidden"
}
