package cache

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// leave is that a component has left the session of its old record.
type leave struct{ old, next *record }

// there is the component of the record, nil if there is none.
func (r *record) there() *bos.Component {
	if !r.present {
		return nil
	}
	return &r.component
}

// leave notes if a component leaves its session.
func (c *change) leave(o, n *record) {
	if o.present && o.component.Session != "" && (!n.present || n.component.Session != o.component.Session) {
		c.leaves = append(c.leaves, leave{o, n})
	}
}

// chronicle adds to a change what is kept of it for later: the sessions that components leave, and who fails. Which
// sessions there are is read only for that. It is no condition of the write: a session that is
// created in between is not among those that are kept of its name. A template that is remembered may be much older than that, so
// the write depends on it.
func (s *Store) chronicle(ctx context.Context, c *change) error {
	if len(c.leaves)+len(c.failures) == 0 {
		return nil
	}
	known := newest{}
	for i, l := range c.leaves {
		if i == 0 || !l.old.sameScopes(c.leaves[i-1].old) {
			l.old.addScopes(known)
		}
	}
	for i, f := range c.failures {
		if i == 0 || !f.next.sameScopes(c.failures[i-1].next) {
			f.next.addScopes(known)
		}
	}
	if len(c.leaves) == 0 && s.recent.recallTemplates(known) {
		for _, key := range slices.SortedFunc(maps.Keys(known), compareKeys) {
			c.guards = append(c.guards, guard{c.keys.Session(schema.ScopeHome(key)), schema.Session.Template.Name, known[key].template})
		}
	} else {
		if err := s.readNewest(ctx, known); err != nil {
			return err
		}
		s.recent.rememberTemplates(known)
	}
	for _, l := range c.leaves {
		past := stay{ComponentSession: l.old.component.Leave(l.next.there(), c.at), in: l.old.countedIn(known)}
		s.keepStay(c, c.keys.Stays(l.old.component.ID), past.encode())
	}
	s.noteFailures(c, known)
	return nil
}

// keepStay adds a stay to the history of a component.
func (s *Store) keepStay(c *change, key, stay string) {
	c.do("RPUSH", key, stay, strconv.FormatInt(s.options.Retention.Milliseconds(), 10))
}

// newest are the newest sessions of scopes; nil is for a scope that has none.
type newest map[bos.SessionKey]*named

// named is what is kept of a session together with its name.
type named struct {
	template string
	start    bos.Time
}

// addScopes adds those of the record.
func (r *record) addScopes(to newest) {
	for _, key := range r.scopes() {
		to[key] = nil
	}
}

// scopes are those in which the component counts by its session: where it is managed, not where it is staged.
func (r *record) scopes() (keys []bos.SessionKey) {
	bos.Contribution{Session: r.component.Session}.Scopes(r.owners, func(key bos.SessionKey) { keys = append(keys, key) })
	return keys
}

// sameScopes says whether the scopes of two records are the same, as those of neighbours mostly are.
func (r *record) sameScopes(other *record) bool {
	return r.component.Session == other.component.Session && slices.Equal(r.owners, other.owners)
}

// readNewest reads the sessions of those scopes.
func (s *Store) readNewest(ctx context.Context, of newest) error {
	f := &schema.Session
	replies := make(map[bos.SessionKey]*redis.SliceCmd, len(of))
	err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for key := range of {
			replies[key] = pipe.HMGet(ctx, s.db.Keys.Session(schema.ScopeHome(key)), f.Incarnation.Name, f.Template.Name, f.Start.Name)
		}
	})
	if err != nil {
		return err
	}
	for key, reply := range replies {
		of[key] = nil
		if has := redisdb.Texts(reply.Val()); has[0] != "" {
			of[key] = &named{has[1], bos.Time(has[2])}
		}
	}
	return nil
}

// countedIn are those of the known sessions in which the component counts.
func (r *record) countedIn(known newest) (in []started) {
	for _, key := range r.scopes() {
		if one := known[key]; one != nil {
			in = append(in, started{key.Tenant, schema.StartPosition(one.start)})
		}
	}
	return in
}

// started is a session of a known name.
type started struct {
	tenant string
	start  string // as [schema.StartPosition] writes it
}

// stay is a component's time in the sessions of one name: at most one of no tenant, and one of each tenant that
// owned it at the end.
type stay struct {
	bos.ComponentSession
	in []started
}

// The parts of a stay as it is stored, separated by NUL: their number is their place.
const (
	stayTimes   = iota // as in a record
	stayLasted         // seconds from joining to leaving
	stayOutcome        // its letter
	stayName
	stayIn // tenant/start, separated by ","; the start is its microsecond
	stayError
	stayParts
)

// base is the base of numbers in stays: they are most of what is kept for each component.
const base = 36

// outcomes are the letters of outcomes.
var outcomes = map[bos.ComponentOutcome]string{bos.StaySuccessful: "S", bos.StayFailed: "F", bos.StayTakenOver: "T", bos.StayRemoved: "R"}

// encode writes a stay that has ended.
func (s *stay) encode() string {
	times := bos.Stay{Joined: s.Joined.Unix()}
	for _, p := range s.Phases {
		times.Spent[slices.Index(bos.StayPhases[:], p.Phase)] = int64(p.Seconds)
	}
	in := make([]string, len(s.in))
	for i, one := range s.in {
		micros, _ := strconv.ParseInt(one.start, 10, 64) // digits only
		in[i] = one.tenant + "/" + strconv.FormatInt(micros, base)
	}
	return strings.Join([]string{
		stayTimes: string(appendStay(nil, &times)), stayLasted: strconv.FormatInt(s.Left.Unix()-s.Joined.Unix(), base),
		stayOutcome: outcomes[s.Outcome], stayName: s.Name, stayIn: strings.Join(in, ","), stayError: s.Error,
	}, "\x00")
}

// decodePast reads what encode wrote.
func decodePast(text string) (s stay, err error) {
	f := strings.SplitN(text, "\x00", stayParts)
	if len(f) < stayParts {
		return s, errors.New("has a session that can't be read")
	}
	times, err := decodeStay(f[stayTimes])
	lasted, err2 := strconv.ParseInt(f[stayLasted], base, 64)
	if err := errors.Join(err, err2); err != nil {
		return s, err
	}
	s.Name, s.Error, s.Phases = f[stayName], f[stayError], times.Phases()
	s.Joined, s.Left = time.Unix(times.Joined, 0).UTC(), time.Unix(times.Joined+lasted, 0).UTC()
	for outcome, letter := range outcomes {
		if letter == f[stayOutcome] {
			s.Outcome = outcome
		}
	}
	for _, one := range strings.FieldsFunc(f[stayIn], func(r rune) bool { return r == ',' }) {
		tenant, start, _ := strings.Cut(one, "/")
		micros, err := strconv.ParseInt(start, base, 64)
		if err != nil {
			return s, err
		}
		s.in = append(s.in, started{tenant, schema.StartAt(micros)})
	}
	return s, nil
}

// appendStay writes the times of a stay: when it began, and the seconds in each phase.
func appendStay(to []byte, s *bos.Stay) []byte {
	if s.Joined == 0 {
		return to
	}
	to = strconv.AppendInt(to, s.Joined, base)
	n := len(s.Spent)
	for n > 0 && s.Spent[n-1] == 0 {
		n--
	}
	for _, seconds := range s.Spent[:n] {
		to = append(to, '.')
		if seconds != 0 {
			to = strconv.AppendInt(to, seconds, base)
		}
	}
	if s.Failed {
		to = append(to, '!')
	}
	return to
}

// decodeStay reads what appendStay wrote.
func decodeStay(text string) (s bos.Stay, err error) {
	if text == "" {
		return s, nil
	}
	text, s.Failed = strings.CutSuffix(text, "!")
	joined, rest, _ := strings.Cut(text, ".")
	if s.Joined, err = strconv.ParseInt(joined, base, 64); err != nil {
		return s, err
	}
	for i := 0; rest != "" && i < len(s.Spent); i++ {
		var seconds string
		if seconds, rest, _ = strings.Cut(rest, "."); seconds == "" {
			continue
		}
		if s.Spent[i], err = strconv.ParseInt(seconds, base, 64); err != nil {
			return s, err
		}
	}
	return s, nil
}
