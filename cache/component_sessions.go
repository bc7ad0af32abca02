package cache

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// ComponentSessions returns a page of the sessions that have managed a component, newest first: that in which it is
// now, and those that it has left, also if it has been deleted since. Sessions themselves are read with what is wanted of them;
// nil reads none.
func (s *Store) ComponentSessions(ctx context.Context, of bos.ComponentView, page bos.Page, want *bos.Want) (*bos.List[*bos.ComponentSession], error) {
	after, err := parseStayPosition(page.After)
	if err != nil {
		return nil, err
	}
	all, err := s.stays(ctx, of.ID)
	if err != nil {
		return nil, err
	}
	list := &bos.List[*bos.ComponentSession]{}
	var reads []started
	for _, one := range placed(all, of.Tenant) {
		if page.After != "" && one.compare(after) <= 0 {
			continue
		}
		if list.More = len(list.Items) == page.First; list.More {
			break
		}
		list.Items, list.Positions = append(list.Items, &one.ComponentSession), append(list.Positions, one.String())
		reads = append(reads, one.session)
	}
	if want == nil {
		return list, nil
	}
	return list, s.withSessions(ctx, list.Items, reads, *want)
}

// CountsIn returns the sessions in which a component counts by its session: that of no tenant first.
func (s *Store) CountsIn(ctx context.Context, of bos.ComponentView, want bos.Want) ([]*bos.Session, error) {
	records, err := s.readRecords(ctx, []string{of.ID}, false)
	if err != nil {
		return nil, err
	}
	var reads []bos.SessionRead
	for _, key := range records[0].scopes() {
		if of.Tenant == nil || key.Tenant == *of.Tenant {
			reads = append(reads, bos.SessionRead{SessionKey: key, Want: want})
		}
	}
	found, err := s.ReadSessions(ctx, reads)
	return present(found), err
}

// stays are those of a component as of one moment, newest first, at most [bos.MaxStays].
func (s *Store) stays(ctx context.Context, id string) ([]stay, error) {
	var stored *redis.StringCmd
	var past *redis.StringSliceCmd
	if err := s.db.Atomically(ctx, func(pipe redis.Pipeliner) {
		stored, past = pipe.Get(ctx, s.db.Keys.Component(id)), pipe.LRange(ctx, s.db.Keys.Stays(id), -bos.MaxStays, -1)
	}); err != nil {
		return nil, err
	}
	var held int64
	for _, text := range past.Val() {
		held += int64(len(text))
	}
	if err := cost.EffortOf(ctx).Hold(ctx, held); err != nil {
		return nil, err
	}
	now, err := s.presentStay(ctx, id, stored.Val())
	if err != nil {
		return nil, err
	}
	all := now
	for _, text := range slices.Backward(past.Val()) {
		one, err := decodePast(text)
		if err != nil {
			return nil, fmt.Errorf("the stored history of component %q can't be read: %w", id, err)
		}
		all = append(all, one)
	}
	return all[:min(len(all), bos.MaxStays)], nil
}

// presentStay is the stay in the session that manages a component now, if one does.
func (s *Store) presentStay(ctx context.Context, id, stored string) ([]stay, error) {
	var r record
	digest, err := r.decode(id, stored)
	if err != nil || !r.present || r.component.Session == "" {
		return nil, err
	}
	if digest != "" {
		texts, err := s.readTexts(ctx, []bos.Digest{digest})
		if err != nil {
			return nil, err
		}
		r.component.Error = texts[digest]
	}
	known := newest{}
	r.addScopes(known)
	if err := s.readNewest(ctx, known); err != nil {
		return nil, err
	}
	return []stay{{r.component.InSession(s.options.Now()), r.countedIn(known)}}, nil
}

// placedStay is a stay in one session, with its place among all of the component.
type placedStay struct {
	bos.ComponentSession
	stayPosition
	session started
}

// stayPosition orders stays: the newest first, and those in several sessions of one name by tenant.
type stayPosition struct {
	joined int64
	nth    int // of those that were joined in the same second
	tenant string
}

// placed are the stays in each session, as far as a tenant may see them (nil: all). One in no session, as none was known
// when the component left, is shown by its name to those who may see all.
func placed(all []stay, tenant *string) (shown []placedStay) {
	same := map[int64]int{}
	for _, one := range slices.Backward(all) {
		at := stayPosition{joined: one.Joined.Unix(), nth: same[one.Joined.Unix()]}
		same[at.joined]++
		in := one.in
		if len(in) == 0 {
			in = []started{{}}
		}
		for _, session := range slices.Backward(in) {
			if tenant != nil && (session.start == "" || session.tenant != *tenant) {
				continue
			}
			shows := one.ComponentSession
			shows.Tenant, at.tenant = session.tenant, session.tenant
			shown = append(shown, placedStay{shows, at, session})
		}
	}
	slices.Reverse(shown)
	return shown
}

// compare is above 0 for what comes after other.
func (p stayPosition) compare(other stayPosition) int {
	return cmp.Or(cmp.Compare(other.joined, p.joined), cmp.Compare(other.nth, p.nth), cmp.Compare(p.tenant, other.tenant))
}

func (p stayPosition) String() string {
	return strconv.FormatInt(p.joined, 10) + " " + strconv.Itoa(p.nth) + " " + p.tenant
}

// parseStayPosition reads what String wrote, or nothing of "".
func parseStayPosition(text string) (p stayPosition, err error) {
	if text == "" {
		return p, nil
	}
	words := strings.SplitN(text, " ", 3)
	if len(words) == 3 {
		p.tenant = words[2]
		if p.joined, err = strconv.ParseInt(words[0], 10, 64); err == nil {
			p.nth, err = strconv.Atoi(words[1])
		}
	}
	if len(words) != 3 || err != nil {
		return p, noCursor()
	}
	return p, nil
}

// withSessions reads the sessions of stays, as far as they are still there.
func (s *Store) withSessions(ctx context.Context, items []*bos.ComponentSession, of []started, want bos.Want) error {
	keys := make([]bos.SessionKey, len(items))
	for i, item := range items {
		keys[i] = item.SessionKey
	}
	incarnations, err := s.incarnations(ctx, keys, of)
	if err != nil {
		return err
	}
	var reads []bos.SessionRead
	var places []int
	for i, incarnation := range incarnations {
		if incarnation != "" {
			reads, places = append(reads, bos.SessionRead{SessionKey: keys[i], Incarnation: incarnation, Want: want}), append(places, i)
		}
	}
	found, err := s.ReadSessions(ctx, reads)
	for i, one := range found {
		items[places[i]].Session = one
	}
	return err
}

// incarnations returns those of the names that started at those times, "" for none: of several, which are one session
// whose end BOS has changed, the last.
func (s *Store) incarnations(ctx context.Context, keys []bos.SessionKey, of []started) ([]string, error) {
	type reply struct {
		starts *redis.StringSliceCmd
		now    *redis.StringCmd
	}
	replies := make([]reply, len(keys))
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) {
		for i, key := range keys {
			if of[i].start == "" {
				continue
			}
			h, from := schema.ScopeHome(key), of[i].start+":"
			replies[i] = reply{
				pipe.ZRevRangeByLex(ctx, s.db.Keys.History(h), &redis.ZRangeBy{Min: "[" + from, Max: "(" + from + behind, Count: mostEnds}),
				pipe.HGet(ctx, s.db.Keys.Session(h), schema.Session.Incarnation.Name),
			}
		}
	}); err != nil {
		return nil, err
	}
	found := make([]string, len(keys))
	for i, r := range replies {
		if r.starts == nil || len(r.starts.Val()) == 0 {
			continue
		}
		from := of[i].start + ":"
		found[i] = r.starts.Val()[0][len(from):]
		// Clocks of servers differ, and earlier builds made random incarnations: their order does not prove which of one start is current.
		if slices.Contains(r.starts.Val(), from+r.now.Val()) {
			found[i] = r.now.Val()
		}
	}
	return found, nil
}
