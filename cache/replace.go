package cache

import (
	"slices"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// derived collects what a batch changes in everything that is derived from the
// records, so that each key is touched once however many components change.
type derived struct {
	appear, vanish        []string            // ids of components
	errorAdd, errorRemove []string            // "<digest> <id>" in the index of all errors
	owned, disowned       map[string][]string // by tenant
	scopes                map[bos.SessionKey]*derivedScope
}

// derivedScope is the same for one scope.
type derivedScope struct {
	tally                   bos.Tally
	add, remove             []string
	stagedAdd, stagedRemove []string
	errorAdd, errorRemove   []string // "<digest> <id>"
	activeRemove, activeAdd []string
	activeSince             []string // of those added, the score
	groups                  map[string]int
	changed, removed        []string
}

// replace adds the step from old records to new ones, and everything that
// follows from it. Records that stay the same add nothing.
func (c *change) replace(old, next []record) error {
	d := derived{owned: map[string][]string{}, disowned: map[string][]string{}, scopes: map[bos.SessionKey]*derivedScope{}}
	second := strconv.FormatInt(c.at.Unix(), 10)
	for i := range old {
		o, n := &old[i], &next[i]
		n.counted = bos.Counting{}
		if n.present {
			n.counted = n.component.Counting()
		}
		if n.detailed {
			n.digest = digestRest(&n.component)
		}
		n.since = o.sinceThen(n, second)
		body := n.encode()
		if body == o.body {
			continue
		}
		id := o.component.ID
		c.values = append(c.values, versioned{c.keys.component(id), o.version, body})
		if n.digest != o.digest {
			if n.digest == "" {
				c.do("DEL", c.keys.details(id))
			} else {
				details, err := encodeRest(&n.component)
				if err != nil {
					return err
				}
				c.do("SET", c.keys.details(id), details)
			}
		}
		c.refer(o.component.Error, -1)
		c.refer(n.component.Error, 1)
		d.step(id, o, n)
	}
	c.derive(&d)
	return nil
}

// step notes what one component's change means.
func (d *derived) step(id string, o, n *record) {
	if o.present != n.present {
		put(n.present, &d.appear, &d.vanish, id)
	}
	if o.component.Error != n.component.Error {
		entry(&d.errorRemove, o.component.Error, id)
		entry(&d.errorAdd, n.component.Error, id)
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
	stays := o.sameMembers(n)
	was, is := o.activeSince(), n.activeSince()
	there := o.counted.Session == n.counted.Session && slices.Equal(o.owners, n.owners)
	o.counted.Scopes(o.owners, func(key bos.SessionKey) {
		sc := d.scope(key)
		sc.tally.Add(o.counted, key.Name, -1)
		if !stays {
			sc.member(o, key.Name, id, -1)
		}
		if was != "" && o.counted.Session == key.Name && !(there && is != "") {
			sc.activeRemove = append(sc.activeRemove, id)
		}
	})
	n.counted.Scopes(n.owners, func(key bos.SessionKey) {
		sc := d.scope(key)
		sc.tally.Add(n.counted, key.Name, 1)
		sc.changed = append(sc.changed, id)
		if !stays {
			sc.member(n, key.Name, id, 1)
		}
		if is != "" && n.counted.Session == key.Name && !(there && is == was) {
			sc.activeAdd, sc.activeSince = append(sc.activeAdd, id), append(sc.activeSince, is)
		}
	})
}

// sameMembers says whether two records of a component make the same entries in
// every scope, as most changes leave it: only the counters move.
func (r *record) sameMembers(n *record) bool {
	a, b := r.counted, n.counted
	a.Marks, b.Marks = 0, 0
	return a == b && slices.Equal(r.owners, n.owners)
}

// member notes that the component as in r joins (1) or leaves (-1) the scope. A
// component that leaves and joins again stays; see settle.
func (sc *derivedScope) member(r *record, name, id string, by int) {
	joins := by > 0
	if r.counted.Session == name {
		put(joins, &sc.add, &sc.remove, id)
		if g := r.counted.Group; g != "" {
			sc.groups[g] += by
			digest, _, _ := bos.ParseGroupKey(g)
			put(joins, &sc.errorAdd, &sc.errorRemove, string(digest)+" "+id)
		}
	}
	if r.counted.Staged == name {
		put(joins, &sc.stagedAdd, &sc.stagedRemove, id)
	}
	if !joins {
		sc.removed = append(sc.removed, id)
	}
}

func (d *derived) scope(key bos.SessionKey) *derivedScope {
	if d.scopes[key] == nil {
		d.scopes[key] = &derivedScope{groups: map[string]int{}}
	}
	return d.scopes[key]
}

// derive adds the commands for all that was noted.
func (c *change) derive(d *derived) {
	c.addMembers(c.keys.ids(), d.appear)
	c.removeMembers(c.keys.ids(), d.vanish)
	c.removeMembers(c.keys.errorIndex(), d.errorRemove)
	c.addMembers(c.keys.errorIndex(), d.errorAdd)
	for _, t := range sortedKeys(d.disowned, always) {
		c.removeMembers(c.keys.tenant(t), d.disowned[t])
	}
	for _, t := range sortedKeys(d.owned, always) {
		c.addMembers(c.keys.tenant(t), d.owned[t])
	}
	for key, sc := range d.scopes {
		h := scopeHome(key)
		c.settle(c.keys.members(h), sc.add, sc.remove)
		c.settle(c.keys.staged(h), sc.stagedAdd, sc.stagedRemove)
		c.settle(c.keys.errors(h), sc.errorAdd, sc.errorRemove)
		c.removeMembers(c.keys.active(h), without(sc.activeRemove, sc.activeAdd))
		c.addActive(c.keys.active(h), sc.activeAdd, sc.activeSince)
		c.regroup(c.keys.groups(h), sc.groups)
		to := c.scope(h)
		to.changed, to.removed, to.tally = sc.changed, without(sc.removed, sc.changed), sc.tally
		to.check = to.check || sc.tally.Active < 0
	}
}

// settle adds and removes members; what is both added and removed has stayed.
func (c *change) settle(key string, add, remove []string) {
	c.removeMembers(key, without(remove, add))
	c.addMembers(key, without(add, remove))
}

// regroup changes the sizes of error groups; the script drops the empty ones.
// Scores are negative so that the largest group comes first and equals follow by message.
func (c *change) regroup(key string, groups map[string]int) {
	for _, g := range sortedKeys(groups, func(by int) bool { return by != 0 }) {
		c.do("ZINCRBY", key, strconv.Itoa(-groups[g]), g)
	}
}

// counterFields are the fields of a tally in the hash of a session, in the order
// of counters.
var counterFields = strings.Fields("m t s f c o p a b")

func counters(t *bos.Tally) [9]int {
	return [...]int{t.Managed, t.Staged, t.Successful, t.Failed, t.Configuring, t.PoweringOff, t.PoweringOn, t.Active, t.Both}
}

// tallyOf is the tally with those counters.
func tallyOf(n [9]int) bos.Tally {
	return bos.Tally{
		Managed: n[0], Staged: n[1], Successful: n[2], Failed: n[3], Configuring: n[4],
		PoweringOff: n[5], PoweringOn: n[6], Active: n[7], Both: n[8],
	}
}

func put(joins bool, add, remove *[]string, id string) {
	if joins {
		*add = append(*add, id)
	} else {
		*remove = append(*remove, id)
	}
}

func entry(to *[]string, message, id string) {
	if message != "" {
		*to = append(*to, errorEntry(bos.DigestOf(message), id))
	}
}

// errorEntry is a component's entry in an index of errors.
func errorEntry(d bos.Digest, id string) string { return string(d) + " " + id }

func always[V any](V) bool { return true }

// without returns the sorted items that are not among others.
func without(items, others []string) []string {
	if len(items) == 0 || len(others) == 0 {
		return items
	}
	out := make(map[string]bool, len(others))
	for _, o := range others {
		out[o] = true
	}
	return slices.DeleteFunc(slices.Clone(items), func(i string) bool { return out[i] })
}
