package cache

import (
	"slices"
	"strconv"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// derived collects what a batch changes in the indexes of the namespace; what it changes in
// scopes is in their changes. So each key is touched once however many components change.
type derived struct {
	appear, vanish        []string            // ids of components
	errorAdd, errorRemove []string            // "<digest> <id>" in the index of all errors
	owned, disowned       map[string][]string // by tenant
}

// replace adds the step from old records to new ones, and everything that
// follows from it. Records that stay the same add nothing.
func (c *change) replace(old, next []record) (err error) {
	d := derived{owned: map[string][]string{}, disowned: map[string][]string{}}
	second, epoch := strconv.FormatInt(c.at.Unix(), 10), ""
	if len(old) < wholeBatch {
		c.version = noBatch + c.version
	}
	c.values = make([]versioned, 0, len(old))
	size := 0 // of all values, about: most change by a few letters
	for i := range old {
		size += len(c.version) + len(old[i].body) + 32
	}
	values, ends := make([]byte, 0, size), make([]int, 0, len(old)) // one behind the other
	for i := range old {
		o, n := &old[i], &next[i]
		n.counted = bos.Contribution{}
		if n.present {
			n.counted = n.component.Contribution()
		}
		// Details that were not read have not been changed either: the digest of the old record
		// stays.
		if n.detailed {
			n.digest = digestRest(&n.component)
		}
		n.since, n.phaseSince = o.sinceThen(n, second), o.phaseSinceThen(n, second)
		n.component.Stay = o.there().NextStay(n.there(), c.at)
		// What the record counts as is part of it, so one that is the same in all else is
		// written again after the rules have changed.
		begin := len(values)
		values = n.append(values, c.version)
		if body := values[min(begin+len(c.version), len(values)):]; string(body) == o.body {
			values = values[:begin]
			continue
		}
		id := o.component.ID
		// Read together, they nearly always have the same: it is not looked up for each of them.
		if o.epoch != epoch {
			epoch = o.epoch
			c.within(epoch)
		}
		c.values, ends = append(c.values, versioned{id: id, version: o.version}), append(ends, len(values))
		if n.digest != o.digest {
			details := ""
			if n.digest != "" {
				if details, err = encodeRest(&n.component); err != nil {
					return err
				}
			}
			c.plain = append(c.plain, plain{c.keys.Details(id), details})
		}
		c.refer(o.component.Error, -1)
		c.refer(n.component.Error, 1)
		c.step(&d, id, o, n)
		c.leave(o, n)
		c.fail(o, n)
	}
	text, begin := string(values), 0
	for i, end := range ends {
		c.values[i].value, begin = text[begin:end], end
	}
	c.derive(&d)
	return nil
}

// step notes what one component's change means.
func (c *change) step(d *derived, id string, o, n *record) {
	if o.present != n.present {
		put(n.present, &d.appear, &d.vanish, id)
	}
	if o.component.Error != n.component.Error {
		o.errorEntry(&d.errorRemove)
		n.errorEntry(&d.errorAdd)
	}
	for _, t := range o.owners {
		if !slices.Contains(n.owners, t) {
			d.disowned[t] = append(d.disowned[t], id)
		}
	}
	for _, t := range n.owners {
		if !slices.Contains(o.owners, t) {
			d.owned[t] = append(d.owned[t], id)
		}
	}
	// The old contribution is taken away from its scopes and the new one added to its own, also
	// where they are the same: what was stored decides what is taken away, not today's rules.
	// Members and active ones are left alone where nothing about them changes, which is
	// nearly always: each command on an index costs more than all of the counters.
	stays := o.sameMembers(n)
	there := o.counted.Session == n.counted.Session && o.counted.Staged == n.counted.Staged && slices.Equal(o.owners, n.owners)
	cabinet := "" // where none of its counters moves
	if !there || !o.counted.SameCounts(n.counted) {
		cabinet = bos.CabinetOf(id)
	}
	stayed, left := o.ended(n, c.at.Unix())
	o.counted.Scopes(o.owners, func(key bos.SessionKey) {
		sc := c.scope(key)
		if left && o.counted.Session == key.Name {
			sc.stays = append(sc.stays, stayed)
		}
		sc.tally.Add(o.counted, key.Name, -1)
		if cabinet != "" {
			sc.cabinets.of(cabinet).Add(o.counted, key.Name, -1)
		}
		if !stays {
			sc.member(o, key.Name, id, -1)
		}
		if o.failedIn(key.Name) && !(there && n.failedIn(key.Name)) {
			sc.failedRemove = append(sc.failedRemove, id)
		}
		if o.counted.WaitIn(key.Name) != "" && !(there && n.counted.WaitIn(key.Name) != "") {
			sc.waitRemove = append(sc.waitRemove, id)
		}
	})
	n.counted.Scopes(n.owners, func(key bos.SessionKey) {
		sc := c.scope(key)
		sc.tally.Add(n.counted, key.Name, 1)
		if cabinet != "" {
			sc.cabinets.of(cabinet).Add(n.counted, key.Name, 1)
		}
		// Also where no counter moves: its watchers see more of a component than what is
		// counted.
		sc.changed = append(sc.changed, id)
		cancel(&sc.removed, id) // what left and came back is changed, for its watchers
		if !stays {
			sc.member(n, key.Name, id, 1)
		}
		if n.failedIn(key.Name) && !(there && o.failedIn(key.Name)) {
			sc.failedAdd = append(sc.failedAdd, id)
		}
		if is, waits := n.waitingIn(key.Name); waits {
			if was, waited := o.waitingIn(key.Name); !there || !waited || is != was {
				cancel(&sc.waitRemove, id)
				sc.waitAdd, sc.waitScore = append(sc.waitAdd, id), append(sc.waitScore, is)
			}
		}
	})
}

// failedIn says whether the record counts as failed in the session of that name.
func (r *record) failedIn(name string) bool {
	return r.counted.Session == name && r.counted.Marks&bos.MarkFailed != 0
}

// sameMembers says whether two records of a component make the same entries in
// every scope, as most changes leave it: only the counters move.
func (r *record) sameMembers(n *record) bool {
	a, b := r.counted, n.counted
	a.Marks, a.Status, a.Wait = b.Marks, b.Status, b.Wait
	return a == b && slices.Equal(r.owners, n.owners)
}

// member notes that the component as in r joins (1) or leaves (-1) the scope. A
// component that leaves and joins again stays.
func (sc *scopeChange) member(r *record, name, id string, by int) {
	joins := by > 0
	if r.counted.Session == name {
		put(joins, &sc.add, &sc.remove, id)
		if g := r.counted.Group; g != "" {
			if sc.groups == nil {
				sc.groups = map[string]int{}
			}
			sc.groups[g] += by
			put(joins, &sc.errorAdd, &sc.errorRemove, schema.ErrorEntry(bos.GroupDigest(g), id))
		}
	}
	if r.counted.Staged == name {
		put(joins, &sc.stagedAdd, &sc.stagedRemove, id)
	}
	if !joins {
		sc.removed = append(sc.removed, id)
	}
}

// derive adds the commands for all that was noted.
func (c *change) derive(d *derived) {
	c.addMembers(c.keys.IDs(), d.appear)
	c.removeMembers(c.keys.IDs(), d.vanish)
	c.removeMembers(c.keys.ErrorIndex(), d.errorRemove)
	c.addMembers(c.keys.ErrorIndex(), d.errorAdd)
	for _, t := range sortedKeys(d.disowned, always) {
		c.removeMembers(c.keys.Tenant(t), d.disowned[t])
	}
	for _, t := range sortedKeys(d.owned, always) {
		c.addMembers(c.keys.Tenant(t), d.owned[t])
	}
	c.resize(d.owned, d.disowned)
	for key, sc := range c.scopes {
		h := schema.ScopeHome(key)
		c.settle(c.keys.Members, h, sc.add, sc.remove)
		c.settle(c.keys.Staged, h, sc.stagedAdd, sc.stagedRemove)
		c.settle(c.keys.Errors, h, sc.errorAdd, sc.errorRemove)
		c.settle(c.keys.Failed, h, sc.failedAdd, sc.failedRemove)
		if len(sc.waitAdd)+len(sc.waitRemove) > 0 {
			c.removeMembers(c.keys.Waiting(h), sc.waitRemove)
			c.addWaiting(c.keys.Waiting(h), sc.waitAdd, sc.waitScore)
		}
		if len(sc.groups) > 0 {
			c.regroup(c.keys.Groups(h), sc.groups)
		}
		// Only fewer active ones can make a session complete. Where as many came as went it has
		// not become empty, and the script need not have the keys for freezing it.
		sc.check = sc.check || sc.tally.Active < 0
	}
}

// settle adds and removes members of one of a scope's indexes. Most writes do neither, and need not even its name.
func (c *change) settle(of func(schema.Home) string, h schema.Home, add, remove []string) {
	if len(add)+len(remove) > 0 {
		c.removeMembers(of(h), remove)
		c.addMembers(of(h), add)
	}
}

// regroup changes the sizes of error groups; the script drops the empty ones.
// Scores are negative so that the largest group comes first and equals follow by message.
func (c *change) regroup(key string, groups map[string]int) {
	for _, g := range sortedKeys(groups, func(by int) bool { return by != 0 }) {
		c.do("ZINCRBY", key, strconv.Itoa(-groups[g]), g)
	}
}

// resize changes how much tenants own; the script drops those that own nothing.
// Scores are negative as those of error groups are: who owns most comes first.
func (c *change) resize(owned, disowned map[string][]string) {
	by := map[string]int{}
	for t, ids := range owned {
		by[t] += len(ids)
	}
	for t, ids := range disowned {
		by[t] -= len(ids)
	}
	for _, t := range sortedKeys(by, func(n int) bool { return n != 0 }) {
		c.do("ZINCRBY", c.keys.Tenants(), strconv.Itoa(-by[t]), t)
	}
}

// put notes an id with those that join, or with those that leave. One that has just left, and joins again, does neither.
func put(joins bool, add, remove *[]string, id string) {
	if !joins {
		*remove = append(*remove, id)
	} else if !cancel(remove, id) {
		*add = append(*add, id)
	}
}

// cancel takes back that an id leaves, if that was noted last: what a component leaves is noted before what it joins,
// and one component after the other.
func cancel(remove *[]string, id string) bool {
	last := len(*remove) - 1
	if last < 0 || (*remove)[last] != id {
		return false
	}
	*remove = (*remove)[:last]
	return true
}

// errorEntry notes the record's entry in the index of errors; a component without error has none.
func (r *record) errorEntry(to *[]string) {
	if r.component.Error == "" {
		return
	}
	digest := bos.GroupDigest(r.counted.Group) // to make it of the text costs more than all else here
	if digest == "" {
		digest = bos.DigestOf(r.component.Error)
	}
	*to = append(*to, schema.ErrorEntry(digest, r.component.ID))
}

func always[V any](V) bool { return true }
