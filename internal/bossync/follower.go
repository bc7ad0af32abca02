package bossync

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Store is where what BOS has is kept, for as long as this process may.
type Store interface {
	KeepComponents(ctx context.Context, components []bos.Component) (bos.BatchResult, error)
	DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error)
	KeepSession(ctx context.Context, s bos.SourceSession) error
	ReviseSession(ctx context.Context, s bos.SourceSession) error
	Swept(ctx context.Context, running []bos.SessionKey) error
	MarkDeleted(ctx context.Context, key bos.SessionKey) error
	PutTenant(ctx context.Context, name string, ids []string) (owned int, err error)
	KeepTemplates(ctx context.Context, put []bos.Template, remove []bos.TemplateKey) error
	KeepOptions(ctx context.Context, options json.RawMessage) error
	// Current fails with [bos.ErrTenureEnded] once another tenure or epoch has begun.
	Current(ctx context.Context) error

	ListTemplates(ctx context.Context, tenant string) ([]bos.Template, error)
	ReadOptions(ctx context.Context) (json.RawMessage, error)
	ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
		detailed, total bool) (*bos.List[*bos.Component], error)
	ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error)
	ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error)
}

// mirrored is what is known of a stored component.
type mirrored struct {
	digest uint64 // of BOS's record, as it was stored; 0 if what is stored is not known
	sweep  uint64 // in which it was last seen
	member bool   // of a session, or staged in one, as it is stored
}

// mirroredSession is what is known of a stored session.
type mirroredSession struct {
	digest uint64 // as that of a component
	start  bos.Time
	state  bos.State
	final  bool   // BOS's own saved status is kept, for good
	asked  int    // how often BOS was asked for it
	sweep  uint64 // in which it was last seen

	due       time.Time // when BOS is asked about its end again
	other     string    // fingerprint of another saved status that BOS has reported once; empty for none
	revisions int       // how often its end has changed
}

// follower makes the store agree with BOS, sweep by sweep, within one tenure. It
// remembers a digest of each record that it has stored: reading 100,000 records back from Redis
// in every sweep would cost more than all else. That memory is right only while nobody else
// writes what comes from BOS: the fence of the tenure holds back other followers, and servers that follow no
// BOS refuse to while one is followed here (internal/app). Only one goroutine uses
// a follower, so it has no lock.
type follower struct {
	bos     *client
	tenants *tenants
	store   Store
	epoch   string // of the namespace, as the tenure began
	log     *slog.Logger
	now     func() time.Time

	interval time.Duration
	trust    Trust
	accepted func(context.Context) (string, error) // the doubt that an operator has accepted last

	pager      pager
	sweeps     uint64
	before     uint64 // the last sweep before this one that has read all of BOS; 0 for none
	doubt      *doubt // nil while there is none
	components map[string]mirrored
	sessions   map[bos.SessionKey]mirroredSession
	templates  templates
	unfit      map[string]unfit           // components that can't be kept as they are, by id
	refused    map[bos.SessionKey]string  // sessions of this sweep that can't be kept, and why
	unsaved    map[bos.SessionKey]unsaved // complete sessions whose saved status BOS did not give
	running    bool                       // some session is not complete
	problem    string                     // what was wrong, though the sweep was whole
	cause      error                      // of the problem, for the log; nil if the problem says it all
}

// load reads which components and sessions are stored. Their digests stay unknown, because what
// is stored is not BOS's text: so the first sweep of a tenure compares every record in the
// store, and finds what Redis may have lost.
func (f *follower) load(ctx context.Context) error {
	f.components, f.sessions = map[string]mirrored{}, map[bos.SessionKey]mirroredSession{}
	f.unfit, f.refused = map[string]unfit{}, map[bos.SessionKey]string{}
	f.unsaved = map[bos.SessionKey]unsaved{}
	for page := (bos.Page{First: bos.MaxPage}); ; {
		list, err := f.store.ListComponents(ctx, nil, bos.ComponentFilter{}, page, false, false)
		if err != nil {
			return err
		}
		for _, c := range list.Items {
			f.components[c.ID] = mirrored{member: member(c)}
		}
		if !list.More {
			break
		}
		page.After = list.Positions[len(list.Positions)-1]
	}
	for page := (bos.Page{First: bos.MaxPage}); ; {
		list, err := f.store.ListSessions(ctx, bos.SessionFilter{}, page, bos.Want{Status: true}, false)
		if err != nil {
			return err
		}
		for _, s := range list.Items {
			// Newest first: of several incarnations of a name, BOS has the first one, if any. Those of
			// producers are not BOS's to change, and deleted ones are history.
			if _, newer := f.sessions[s.SessionKey]; newer || s.Source != bos.SourceBOS || s.Deleted {
				continue
			}
			f.sessions[s.SessionKey] = mirroredSession{
				start: s.StartTime, state: s.State, final: s.Status.Saved != nil && s.Status.Saved.Final, due: f.firstDue(),
			}
		}
		if !list.More {
			return nil
		}
		page.After = list.Positions[len(list.Positions)-1]
	}
}

// sweep reads all of BOS and stores what is different. Its error says that the sweep
// was not whole: what was seen is stored, and nothing was removed that BOS may have.
func (f *follower) sweep(ctx context.Context) error {
	f.sweeps++
	// The order matters. Tenants come first, because a component counts for its owners when it is
	// written. Sessions come next, so that a component never names a session of which nothing is
	// known; they complete only after the components have been read, so that the snapshot has the
	// last counts.
	odd, err := f.tenants.follow(ctx, f.store)
	if err != nil {
		return err
	}
	listed, err := f.listSessions(ctx)
	if err != nil {
		return err
	}
	if err := f.keepSessions(ctx, listed); err != nil {
		return err
	}
	// What follows may keep BOS busy for as long again as the components have, so that many
	// sessions that end together do not delay the next sweep without bound.
	began := f.bos.busy
	if err := f.sweepComponents(ctx); err != nil {
		return err
	}
	f.pager.wentWell()
	if err := f.settle(ctx, listed, max(f.bos.busy-began, time.Second)); err != nil {
		return err
	}
	if err := f.followTemplates(ctx, listed); err != nil {
		return err
	}
	// A sweep that wrote nothing has relied on what is remembered of what is stored.
	if err := f.store.Current(ctx); err != nil {
		return err
	}
	f.before = f.sweeps
	f.problem = f.worst(odd)
	return nil
}

// worst is what is shown of all that was wrong in a whole sweep, with the tenants as well: one problem at a time. What makes
// statuses stale comes first, so that nothing else hides why they are.
func (f *follower) worst(tenants error) string {
	if tenants != nil {
		f.log.Debug("reading tenants failed; keeping the known ones", reasons(tenants)...)
	}
	f.cause = nil
	switch {
	case f.doubt != nil:
		return f.doubt.text
	case f.behind():
		return f.unfitness()
	case tenants != nil:
		f.cause = errors.Unwrap(tenants)
		return shown(tenants)
	}
	return cmp.Or(f.restless(), f.unfitness(), f.without(), f.templates.problem)
}

// settle does what takes all pages: it notes what sessions have come to, completes those that BOS has completed, and then removes what BOS does
// not have any more. A session that BOS calls complete while much of its components has
// vanished waits: BOS completes whatever has no components
// (src/bos/operators/session_completion.py), and that would be for good.
func (f *follower) settle(ctx context.Context, listed []listed, budget time.Duration) error {
	// Also of sessions that are about to complete or to be removed: their start and their failures come before their end.
	var running []bos.SessionKey
	for key, known := range f.sessions {
		if known.state == bos.StateRunning {
			running = append(running, key)
		}
	}
	if err := f.store.Swept(ctx, running); err != nil {
		return err
	}
	a := f.absent()
	hold := muchOf(len(a.components), len(f.components))
	if !hold {
		if err := f.endSessions(ctx, listed, budget); err != nil {
			return err
		}
	}
	if err := f.remove(ctx, a); err != nil {
		return err
	}
	if hold && f.doubt == nil {
		return f.endSessions(ctx, listed, budget)
	}
	return nil
}

// endSessions follows the ends of sessions: those that are new, and those that BOS has
// changed.
func (f *follower) endSessions(ctx context.Context, listed []listed, budget time.Duration) error {
	if err := f.completeSessions(ctx, listed, budget); err != nil {
		return err
	}
	return f.followEnds(ctx, listed)
}

// sweepComponents reads all components, page by page, and stores those that differ.
func (f *follower) sweepComponents(ctx context.Context) error {
	left := len(f.components) // known and not seen yet
	for after := ""; ; {
		known := len(f.components)
		p, err := f.readPage(ctx, after)
		if err != nil {
			f.pager.failed() // not for an error of the store: BOS would be asked for up to 500 times as many pages
			return err
		}
		if err := f.keepPage(ctx, p); err != nil {
			return err
		}
		left -= len(p.ids) - (len(f.components) - known)
		// A short page is the last one, unless something that is known would be
		// missing then: BOS is asked whether anything follows.
		if len(p.ids) == 0 || len(p.ids) < f.pager.size && left == 0 {
			break
		}
		after = p.ids[len(p.ids)-1]
	}
	return nil
}

// batchSize is how many components are written at a time. A write is one script, and Redis serves
// nobody else meanwhile: a batch of whole records takes it some ten milliseconds, and mutations
// of the largest size allowed would take five times that.
const batchSize = 1000

// keepPage stores what has changed on a page.
func (f *follower) keepPage(ctx context.Context, p page) error {
	for _, c := range p.changed {
		delete(f.unfit, c.ID)
	}
	maps.Copy(f.unfit, p.unfit)
	for from := 0; from < len(p.changed); from += batchSize {
		to := min(from+batchSize, len(p.changed))
		part := p.changed[from:to]
		result, err := f.store.KeepComponents(ctx, part)
		if err != nil {
			return err
		}
		// Refused records, too, are remembered with their digest: the same record would be refused
		// again in every sweep. Only one without room is tried again, because that may change.
		refusals := map[int]*bos.Error{}
		for _, refused := range result.Refused {
			refusals[refused.Index] = refused.Err
		}
		for i, c := range part {
			now := mirrored{digest: p.digests[from+i], sweep: f.sweeps, member: member(&c)}
			if refusal := refusals[i]; refusal != nil {
				stored := f.components[c.ID].member
				f.unfit[c.ID] = unfit{why: refusal.Error(), member: now.member || stored}
				now.member = stored
				if refusal.Code == bos.Conflict { // there was no room: it is the record's turn again when there is
					now.digest = 0
				}
			}
			f.components[c.ID] = now
		}
	}
	return nil
}
