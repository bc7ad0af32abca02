package cache

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// change is one atomic write in the making: versions and fields it depends on,
// and what it does. See lua/write.lua, which runs it.
type change struct {
	keys      schema.Keys
	at        time.Time // the moment of all that it notes
	epoch     string    // see within
	version   string    // of the values that it writes
	shares    string    // see [Store.NoteEvents]
	values    []versioned
	plain     []plain
	guards    []guard
	commands  []command
	texts     map[bos.Digest]*reference
	scopes    map[bos.SessionKey]*scopeChange
	latestKey bos.SessionKey // of the scope that was asked for last: mostly it is again
	latest    *scopeChange
	ends      bool      // a session completes by it, if it is made as it was decided
	leaves    []leave   // see [Store.chronicle], which makes commands of them
	failures  []failure // as well
}

// versioned is the record of a component that the write replaces, and the version that it must have until then, with which its
// value begins: "" for one that must not be there. An empty value deletes it.
type versioned struct{ id, version, value string }

// itself replaces a record by itself: the write depends on it.
func (r *record) itself() versioned { return versioned{r.component.ID, r.version, r.stored()} }

// plain is a value that belongs to a versioned one, and has no version of its own. An empty one is deleted.
type plain struct{ key, value string }

// guard is a field of a hash that must still have this value, for what has no version of its
// own: the fence of a lease, the record of a session.
type guard struct{ key, field, value string }

// command is one of Redis, on one key; COPY has a second. Commands run in the order in which
// they were added, which matters: a session is copied to its history before its home is cleared
// for the next one.
type command struct {
	name, key, to string
	args          []string
}

// reference is by how much one text's references change. Changes of a batch are added up first:
// a text that moves from one component to another must not reach zero in between, as the script
// removes it then. Its text is "" where only the digest is known: nothing is stored then.
type reference struct {
	by   int
	text string
}

// scopeChange is what a write does to one scope: to its counters and its record, which the
// script applies, and to its members, errors and groups, of which derive makes commands.
type scopeChange struct {
	changed, removed []string  // ids, for the change log
	tally            bos.Tally // by how much the counters change
	record           bool      // the session's record changes
	check            bool      // complete it if nothing is active in it any more
	freeze           bool      // as complete
	keep             bool      // freeze it in the state that it has: it was deleted
	revise           bool      // its frozen status is another than it was
	start            bool      // it runs from now on, and did not before
	swept            bool      // a sweep of BOS has stored all of it
	past             bool      // its end is no news

	add, remove             []string
	stagedAdd, stagedRemove []string
	errorAdd, errorRemove   []string // "<digest> <id>"
	failedAdd, failedRemove []string
	waitRemove, waitAdd     []string
	waitScore               []int64 // of those added
	groups                  map[string]int
	cabinets                cabinetChanges
	stays                   []schema.PhaseStay // that have ended
}

// newChange begins a write. All that it notes has the moment at which it began, also if it is
// decided again: each attempt makes a new one.
func (s *Store) newChange() *change {
	return &change{
		keys: s.db.Keys, at: s.options.Now(), version: rand.Text()[:10] + " ", shares: *s.shares.Load(),
		texts: map[bos.Digest]*reference{}, scopes: map[bos.SessionKey]*scopeChange{},
	}
}

// scope returns what the write does to a scope, for adding to it.
func (c *change) scope(key bos.SessionKey) *scopeChange {
	if c.latest != nil && c.latestKey == key {
		return c.latest
	}
	sc := c.scopes[key]
	if sc == nil {
		sc = &scopeChange{}
		c.scopes[key] = sc
	}
	c.latestKey, c.latest = key, sc
	return sc
}

// do adds a command on one key; redis' reply to it does not matter.
func (c *change) do(name, key string, args ...string) {
	c.commands = append(c.commands, command{name: name, key: key, args: args})
}

// copy copies what is at a key, if anything is.
func (c *change) copy(from, to string) {
	c.commands = append(c.commands, command{name: "COPY", key: from, to: to})
}

// chunk is how many items one command takes, well below what Lua's stack holds.
const chunk = 500

// doAll adds a command for many items, in as many commands as it takes. Each has the first words in front of its items.
func (c *change) doAll(name, key string, items []string, first ...string) {
	for part := range slices.Chunk(items, chunk) {
		c.do(name, key, append(slices.Clip(first), part...)...)
	}
}

// addMembers adds ids to an index. All have the same score, so that Redis keeps them in the
// order of their bytes, which pages resume from by id.
func (c *change) addMembers(key string, ids []string) {
	c.doAll("ZADD", key, ids, "0")
}

// removeMembers removes ids from an index, whether or not they are there.
func (c *change) removeMembers(key string, ids []string) {
	c.doAll("ZREM", key, ids)
}

// refer counts a reference to an error's text, if it is one that is kept apart.
func (c *change) refer(text string, by int) {
	if longError(text) {
		c.referTo(bos.DigestOf(text), by).text = text
	}
}

// referTo is refer for a text of which only the digest is known: it is stored already.
func (c *change) referTo(d bos.Digest, by int) *reference {
	if c.texts[d] == nil {
		c.texts[d] = &reference{}
	}
	c.texts[d].by += by
	return c.texts[d]
}

// errConflict says that what the change depends on has changed meanwhile.
var errConflict = errors.New("versions differ")

// within makes the change depend on the epoch that it was decided in: revisions, and
// with them versions, may come again in another. "" is for a change that depends on
// no version.
func (c *change) within(epoch string) {
	switch {
	case epoch == "" || epoch == c.epoch:
	case c.epoch == "":
		c.epoch = epoch
	default:
		c.epoch += " and " + epoch // decided in two, it is refused in each
	}
}

// run runs the change: all of it, or nothing. A store of a tenure adds that the tenure
// has not ended.
func (s *Store) run(ctx context.Context, c *change) (err error) {
	revision := ""
	if s.options.Trace != nil {
		if done := s.options.Trace(ctx); done != nil {
			defer func() { s.passTrace(ctx, revision, done(revision, err)) }()
		}
	}
	if s.tenure != nil {
		c.guards = append(c.guards, guard{s.tenureKey, schema.Lease.Fence.Name, s.tenure.Fence})
		c.within(s.tenure.Epoch)
	}
	// One id for all attempts: whichever of them was applied, the others get its answer.
	id := rand.Text()
	names, args := c.arguments(id)
	for range attempts {
		reply, err := s.submit(ctx, names, args)
		if err != nil {
			return redisdb.Explain(err)
		}
		switch reply[0] {
		case "ok":
			revision = reply[1]
			s.recent.remember(c.values, c.epoch)
			return s.replicated(ctx, s.db.Keys.Answer(id))
		case "conflict":
			if len(c.values) > 0 { // else it was a session or a lease that has changed
				s.recent.doubt()
			}
			return errConflict
		case "ends":
			c.ends = true
			names, args = c.arguments(id)
		case "schema":
			return redisdb.CheckSchema(reply[1])
		case "unproven":
			// Another epoch begins before anything is written. What was read in the one
			// before does not count any more: the guard of within will say so.
			if _, err := s.db.Position(ctx); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the write script answered %q", reply)
		}
	}
	return bos.Errorf(bos.Unavailable, "Redis fails over again and again: nothing was changed, try again in a moment")
}

// arguments lays the change out for the script: the keys that are its own, and what to do with them.
func (c *change) arguments(writeID string) (names, args []string) {
	words := 24 + 2*len(c.values) + len(c.plain) + 3*len(c.guards) + 3*len(c.texts) + 5*len(c.scopes) // about
	for i := range c.commands {
		words += 1 + len(c.commands[i].args)
	}
	names = make([]string, 0, 1+len(c.values)+len(c.plain)+len(c.guards)+len(c.commands)+3*len(c.scopes))
	args = make([]string, 0, words)
	names = append(names, c.keys.Answer(writeID))
	add := func(words ...string) { args = append(args, words...) }
	add(c.epoch, strconv.FormatInt(c.at.UnixMilli(), 10), c.shares, strconv.Itoa(c.batch()), c.version)

	add(strconv.Itoa(len(c.values)), strconv.Itoa(len(c.plain)))
	for i := range c.values {
		names = append(names, c.keys.Component(c.values[i].id))
		args = append(args, c.values[i].value)
	}
	for i := range c.plain {
		names = append(names, c.plain[i].key)
		args = append(args, c.plain[i].value)
	}
	for first, end := 0, 0; first < len(c.values); first = end {
		version := c.values[first].version
		for end = first + 1; end < len(c.values) && c.values[end].version == version; end++ {
		}
		if n := end - first; n > 1 {
			add("*" + strconv.Itoa(n))
		}
		add(version)
	}
	// Commands on one key follow each other, so this finds nearly all that repeat.
	step := func(key string) string {
		if names[len(names)-1] == key {
			return "="
		}
		names = append(names, key)
		return "+"
	}
	add(strconv.Itoa(len(c.guards)))
	for _, g := range c.guards {
		step(g.key)
		add(strconv.Itoa(len(names)), g.field, g.value)
	}
	scopes := slices.SortedFunc(maps.Keys(c.scopes), compareKeys)
	ending := slices.DeleteFunc(slices.Clone(scopes), func(key bos.SessionKey) bool { return !c.scopes[key].check || c.freezes(c.scopes[key]) })
	add(strconv.Itoa(len(ending)))
	ends := len(args) // their first word: the number of a key, which has none yet
	for _, key := range ending {
		add("", string(schema.AppendMoves(nil, &c.scopes[key].tally)))
	}
	add(strconv.Itoa(len(c.commands)), strconv.Itoa(len(names)))
	for i := range c.commands {
		do := &c.commands[i]
		head := do.name + " " + strconv.Itoa(len(do.args)) + step(do.key)
		if do.to != "" {
			head += step(do.to)
		}
		add(head)
		args = append(args, do.args...)
	}
	// What a batch takes from one component and gives to another cancels out, and is not sent.
	digests := sortedKeys(c.texts, func(r *reference) bool { return r.by != 0 })
	add(strconv.Itoa(len(digests)))
	for _, d := range digests {
		add(string(d), strconv.Itoa(c.texts[d].by), c.texts[d].text)
	}
	add(strconv.Itoa(len(scopes)), strconv.Itoa(len(names)+1), strconv.Itoa(len(c.keys.Session(""))+1))
	var text, head []byte // of one scope after the other
	last := ""            // the head before: many in a batch are the same
	for _, key := range scopes {
		h, sc := schema.ScopeHome(key), c.scopes[key]
		if len(ending) > 0 && ending[0] == key {
			args[ends] = strconv.Itoa(len(names) + 1)
			ends, ending = ends+2, ending[1:]
		}
		// The script steps over as many keys as the flags say: both sides have to
		// agree. Most writes can't freeze anything, and are spared the keys of what is
		// frozen.
		names = c.keys.AppendScopeKeys(names, h, c.freezes(sc))
		text = append(append(append(text[:0], strings.Join(sc.changed, ",")...), ' '), strings.Join(sc.removed, ",")...)
		ids := len(text)
		text = schema.AppendStays(sc.cabinets.appendMoves(text), sc.stays)
		packed := len(text) > ids
		head = schema.AppendTally(append(c.appendFlags(head[:0], sc, packed), ' '), &sc.tally)
		if string(head) != last {
			last = string(head)
		}
		// Each word costs the script time, and a batch over many scopes has thousands of them.
		whole := string(text)
		args = append(args, whole[:ids], last)
		if packed {
			args = append(args, whole[ids:])
		}
	}
	return names, args
}

// wholeBatch is how many records a write has to make to be noted as a batch: a note takes less than 100 bytes, and to read the
// versions of fewer records costs no more than to look for one.
var wholeBatch = 16

// noBatch is in front of the version of a write that is too small for a batch: nobody looks for one then.
const noBatch = "-"

// batch is how many values have the write's own version: others stay as they are, or are deleted. 0 is for too few.
func (c *change) batch() (n int) {
	for i := range c.values {
		if strings.HasPrefix(c.values[i].value, c.version) {
			n++
		}
	}
	if n < wholeBatch {
		return 0
	}
	return n
}

// freezes says whether the change freezes a session, or may do so: where a record changes, too, what the session is like then is not
// known before.
func (c *change) freezes(sc *scopeChange) bool {
	return sc.freeze || sc.keep || sc.check && (sc.record || c.ends)
}

// appendFlags adds the letters of what the script is to do to a scope besides counting.
func (c *change) appendFlags(to []byte, sc *scopeChange, packed bool) []byte {
	f := &schema.WriteFlags
	for _, one := range [...]struct {
		on   bool
		flag schema.WriteFlag
	}{{sc.record, f.Record}, {sc.check && c.freezes(sc), f.Check}, {sc.freeze, f.Freeze}, {sc.keep, f.Keep}, {sc.revise, f.Revise}, {sc.start, f.Start}, {sc.swept, f.Swept}, {sc.past, f.Past}, {packed, f.Packed}} {
		if one.on {
			to = append(to, one.flag.Letter...)
		}
	}
	return to
}

// compareKeys orders scopes.
func compareKeys(a, b bos.SessionKey) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Name, b.Name))
}

// sortedKeys are the keys of those values that are to be kept, in order: maps have none, and
// the commands of one change should not depend on chance.
func sortedKeys[K cmp.Ordered, V any](m map[K]V, keep func(V) bool) []K {
	var keys []K
	for k, v := range m {
		if keep(v) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
