package cache

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// model is what a namespace has to hold, in plain maps: it counts again from the
// records whenever it is asked, and knows no keys, scripts or versions. What a
// record may be and what it counts as it leaves to bos, which has tests of its
// own. Every transition answers with the outcome that the store has to report.
type model struct {
	components map[string]bos.Component
	owners     map[string]map[string]bool // id, tenant
	sessions   map[bos.SessionKey]*modelSession
	history    []*modelSession // gone at their source, their name taken since
	clock      clock
	since      map[string]time.Time    // by id, since when a component has its status
	stays      map[string][]*modelStay // by id, oldest first
	phaseSince map[string]time.Time    // by id, since when it has its phase in its session
	note       func()                  // called between the calls of a chain
	rest       func()                  // of a call that is two writes, after the first
	failures   []modelFailure
}

// modelSession is one incarnation. Its id and, where it ended by itself, its end
// are the store's to choose: they are learned from the first read that shows them.
type modelSession struct {
	bos.Session
	frozen   *modelStatus
	ended    bos.Time
	revision int64
	went     map[bos.Point]bool    // how it was at times while it ran
	stays    map[bos.Phase][]int64 // in phases, in seconds
}

type modelStatus struct {
	Tally     bos.Tally
	Groups    []bos.ErrorGroup
	ByCabinet []bos.CabinetCounts
	Members   map[string]bos.Component
}

func newModel() *model {
	return &model{
		components: map[string]bos.Component{}, owners: map[string]map[string]bool{},
		sessions: map[bos.SessionKey]*modelSession{}, since: map[string]time.Time{}, stays: map[string][]*modelStay{},
		phaseSince: map[string]time.Time{},
		clock:      clock{now: time.Now().Add(-24 * time.Hour).Truncate(time.Millisecond).UTC()},
	}
}

// count summarises a scope.
func (m *model) count(key bos.SessionKey) modelStatus {
	all := slices.Collect(maps.Values(m.components))
	tally, groups := bos.Summarize(key, all, func(id string) bool { return m.owners[id][key.Tenant] })
	members := map[string]bos.Component{}
	for _, id := range m.members(key, inSession(key.Name)) {
		members[id] = m.components[id]
	}
	return modelStatus{tally, groups, m.byCabinet(key), members}
}

// modelCabinets are those of modelIDs.
var modelCabinets = []struct {
	name string
	ids  []string
}{{"x9", []string{"x9c0s0b0n0", "x9c1s7b1n0"}}, {"x10", []string{"x10c0s0b0n0"}}, {"other", []string{"x1", "x2", "x3", "x10c0s0b0n00", "x10c0s0b0"}}}

// byCabinet counts the components of each cabinet as if they were all.
func (m *model) byCabinet(key bos.SessionKey) (all []bos.CabinetCounts) {
	for _, cabinet := range modelCabinets {
		var of []bos.Component
		for _, id := range cabinet.ids {
			if c, ok := m.components[id]; ok {
				of = append(of, c)
			}
		}
		tally, _ := bos.Summarize(key, of, func(id string) bool { return m.owners[id][key.Tenant] })
		if tally.Managed > 0 {
			tally.Both, tally.PowerOnCalled, tally.PowerOffGracefully, tally.PowerOffForcefully = 0, 0, 0, 0
			tally.BeyondPoweringOn, tally.BeyondPoweringOff, tally.BeyondConfiguring = 0, 0, 0
			all = append(all, bos.CabinetCounts{Cabinet: cabinet.name, Counts: tally})
		}
	}
	return all
}

// members are the ids of a scope's components, ascending.
func (m *model) members(key bos.SessionKey, in func(c *bos.Component) bool) []string {
	ids := []string{}
	for id, c := range m.components {
		if (key.Tenant == "" || m.owners[id][key.Tenant]) && in(&c) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func inSession(name string) func(*bos.Component) bool {
	return func(c *bos.Component) bool { return c.Session == name || c.StagedSession() == name }
}

// status is what a read of the session has to show.
func (m *model) status(s *modelSession) modelStatus {
	if s.frozen != nil {
		return *s.frozen
	}
	return m.count(s.SessionKey)
}

func (m *model) freeze(s *modelSession) {
	if s.frozen == nil {
		s.State = bos.StateComplete
		m.keep(s)
	}
}

// keep freezes a session in the state that it has.
func (m *model) keep(s *modelSession) {
	if s.frozen == nil {
		st := m.count(s.SessionKey)
		s.frozen = &st
	}
}

// complete freezes what the last write has left with nothing to do.
func (m *model) complete() {
	for key, s := range m.sessions {
		if s.SelfCompleting() && m.count(key).Tally.Active == 0 {
			m.freeze(s)
		}
	}
}

// The outcomes of calls, as texts that compare.

func failed(err error) string { return string(bos.CodeOf(err)) }

func batchOutcome(r bos.BatchResult, err error) string {
	if err != nil {
		return failed(err)
	}
	out := fmt.Sprintf("applied %d", r.Applied)
	for _, refused := range r.Refused {
		out += fmt.Sprintf(", %d %s", refused.Index, refused.Err.Code)
	}
	return out
}

func countOutcome(n int, err error) string {
	if err != nil {
		return failed(err)
	}
	return fmt.Sprint(n)
}

// batch runs items one after the other, each by itself.
func (m *model) batch(items []bos.ComponentPatch, apply func(p bos.ComponentPatch) error) string {
	var r bos.BatchResult
	before := maps.Clone(m.components)
	for i, p := range items {
		err := bos.CheckComponentID(p.ID)
		if err == nil {
			err = apply(p)
		}
		if err != nil {
			r.Refused = append(r.Refused, bos.Refusal{Index: i, Err: err.(*bos.Error)})
		} else {
			r.Applied++
		}
	}
	m.date(before)
	m.time(before)
	m.complete()
	return batchOutcome(r, nil)
}

func (m *model) store(c bos.Component) error {
	if err := c.Check(); err != nil {
		return err
	}
	m.components[c.ID] = c
	return nil
}

func (m *model) put(items []bos.ComponentPatch) string {
	return m.batch(items, func(p bos.ComponentPatch) error { return m.store(p.NewComponent()) })
}

func (m *model) patch(items []bos.ComponentPatch) string {
	return m.batch(items, func(p bos.ComponentPatch) error {
		old, ok := m.components[p.ID]
		if !ok {
			return bos.Errorf(bos.NotFound, "unknown")
		}
		return m.store(p.Apply(old))
	})
}

func (m *model) delete(ids []string) string {
	items := make([]bos.ComponentPatch, len(ids))
	for i, id := range ids {
		items[i].ID = id
	}
	return m.batch(items, func(p bos.ComponentPatch) error {
		if _, ok := m.components[p.ID]; !ok {
			return bos.Errorf(bos.NotFound, "unknown")
		}
		delete(m.components, p.ID)
		return nil
	})
}

func (m *model) putTenant(name string, ids []string) string {
	for _, id := range ids {
		if err := bos.CheckComponentID(id); err != nil {
			return failed(err)
		}
	}
	owned, added := map[string]bool{}, false
	for _, id := range ids {
		if m.owners[id] == nil {
			m.owners[id] = map[string]bool{}
		}
		added = added || !m.owners[id][name]
		m.owners[id][name], owned[id] = true, true
	}
	m.rest = func() {
		for id, tenants := range m.owners {
			if !owned[id] {
				delete(tenants, name)
			}
		}
		m.complete()
	}
	if !added { // there is no first write
		m.finish()
	}
	return countOutcome(len(owned), nil)
}

// finish does the rest of a call.
func (m *model) finish() {
	if rest := m.rest; rest != nil {
		m.rest = nil
		rest()
	}
}

func (m *model) create(n bos.NewSession) string {
	made, err := n.Create("", time.Time{})
	if err != nil {
		return failed(err)
	}
	if old := m.sessions[n.SessionKey]; old != nil {
		if !old.Deleted {
			return string(bos.Conflict)
		}
		m.history = append(m.history, old)
	}
	m.sessions[n.SessionKey] = &modelSession{Session: *made, went: map[bos.Point]bool{}, stays: map[bos.Phase][]int64{}}
	return ""
}

// ours is the session if a producer may change it.
func (m *model) ours(key bos.SessionKey) (s *modelSession, code bos.Code) {
	s = m.sessions[key]
	switch {
	case s == nil || s.Deleted:
		return nil, bos.NotFound
	case s.Source != bos.SourceProducer:
		return nil, bos.Conflict
	}
	return s, ""
}

func (m *model) update(key bos.SessionKey, u bos.SessionUpdate) string {
	s, code := m.ours(key)
	if s == nil {
		return string(code)
	}
	next, err := s.Update(u)
	if err != nil {
		return failed(err)
	}
	s.Session = *next
	if s.State == bos.StateComplete {
		m.freeze(s)
	}
	m.complete()
	return ""
}

func (m *model) deleteSession(key bos.SessionKey) string {
	s, code := m.ours(key)
	if s == nil {
		return string(code)
	}
	delete(m.sessions, key)
	return ""
}

func (m *model) markDeleted(key bos.SessionKey) string {
	s := m.sessions[key]
	if s == nil {
		return string(bos.NotFound)
	}
	s.Deleted, s.Removal = true, bos.RemovalDeleted
	m.keep(s)
	return ""
}

// expire removes all that is frozen.
func (m *model) expire() string {
	n := len(m.history)
	m.history = nil
	for key, s := range m.sessions {
		if s.frozen != nil {
			delete(m.sessions, key)
			n++
		}
	}
	return countOutcome(n, nil)
}

// print describes all there is, or all that belongs to one scope: equal texts
// mean that nothing has changed.
func (m *model) print(scope *bos.SessionKey) string {
	all := []any{}
	for _, id := range sortedKeys(m.owners, always) {
		if _, ok := m.components[id]; !ok && scope == nil {
			all = append(all, id, sortedKeys(m.owners[id], always))
		}
	}
	for _, id := range sortedKeys(m.components, always) {
		c := m.components[id]
		if scope == nil || inSession(scope.Name)(&c) && (scope.Tenant == "" || m.owners[id][scope.Tenant]) {
			all = append(all, c, c.Shape, sortedKeys(m.owners[id], always))
		}
	}
	for _, key := range modelScopes() {
		if s := m.sessions[key]; s != nil && (scope == nil || key == *scope) {
			record := s.Session
			record.Incarnation = "" // learned, not changed
			all = append(all, record)
		}
	}
	for _, s := range m.history { // one that expires is news for its name
		if scope == nil || s.SessionKey == *scope {
			all = append(all, s.SessionKey)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}
