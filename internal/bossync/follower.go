package bossync

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Store is where what BOS has is kept, for as long as this process may.
type Store interface {
	KeepComponents(ctx context.Context, components []bos.Component) (bos.BatchResult, error)
	DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error)
	KeepSession(ctx context.Context, s bos.SourceSession) error
	MarkDeleted(ctx context.Context, key bos.SessionKey) error
	PutTenant(ctx context.Context, name string, ids []string) (owned int, err error)

	ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
		detailed, total bool) (*bos.List[*bos.Component], error)
	ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error)
}

// mirrored is what is known of a stored component.
type mirrored struct {
	digest uint64 // of BOS's record, as it was stored; 0 if what is stored is not known
	sweep  uint64 // in which it was last seen
}

// mirroredSession is what is known of a stored session.
type mirroredSession struct {
	digest uint64 // as that of a component
	start  bos.Time
	state  bos.State
	final  bool   // BOS's own saved status is kept, for good
	asked  int    // how often BOS was asked for it
	sweep  uint64 // in which it was last seen
}

// follower makes the store what BOS is, sweep by sweep, within one tenure. It
// remembers what it has stored, so that what has not changed is not even compared.
type follower struct {
	bos     *client
	tenants *tenants
	store   Store
	log     *slog.Logger
	now     func() time.Time

	pager      pager
	sweeps     uint64
	components map[string]mirrored
	sessions   map[bos.SessionKey]mirroredSession
	unfit      map[string]string // components that can't be kept, by id, and why
	refused    map[string]string // sessions of this sweep that can't
	running    bool              // some session is not complete
	problem    string            // what was wrong, though the sweep was whole
}

// load reads what is stored already.
func (f *follower) load(ctx context.Context) error {
	f.components, f.sessions = map[string]mirrored{}, map[bos.SessionKey]mirroredSession{}
	f.unfit, f.refused = map[string]string{}, map[string]string{}
	for page := (bos.Page{First: bos.MaxPage}); ; {
		list, err := f.store.ListComponents(ctx, nil, bos.ComponentFilter{}, page, false, false)
		if err != nil {
			return err
		}
		for _, c := range list.Items {
			f.components[c.ID] = mirrored{}
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
			if _, newer := f.sessions[s.SessionKey]; newer || s.Source != bos.SourceBOS || s.Deleted {
				continue
			}
			f.sessions[s.SessionKey] = mirroredSession{start: s.StartTime, state: s.State, final: s.Status.Saved != nil && s.Status.Saved.Final}
		}
		if !list.More {
			return nil
		}
		page.After = list.Positions[len(list.Positions)-1]
	}
}

// sweep reads all of BOS and stores what is different. Its error says that the sweep
// was not whole: what was seen is stored, and nothing has been taken for gone.
func (f *follower) sweep(ctx context.Context) error {
	f.sweeps++
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
	began := f.bos.busy
	if err := f.sweepComponents(ctx); err != nil {
		f.pager.failed()
		return err
	}
	f.pager.wentWell()
	if err := f.completeSessions(ctx, listed, max(f.bos.busy-began, time.Second)); err != nil {
		return err
	}
	if err := f.dropSessions(ctx); err != nil {
		return err
	}
	if f.problem = f.unfitness(); odd != nil {
		f.problem = shown(odd)
		f.log.Debug("tenants can't be followed; going on with what is known", reasons(odd)...)
	}
	return nil
}

// sweepComponents reads all components, page by page, and stores those that differ.
func (f *follower) sweepComponents(ctx context.Context) error {
	left := len(f.components) // known and not seen yet
	for after := ""; ; {
		known := len(f.components)
		p, err := f.readPage(ctx, after)
		if err != nil {
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
	if left > 0 {
		return f.dropComponents(ctx)
	}
	return nil
}

// batchSize is how many components are written at a time.
const batchSize = 1000

// keepPage stores what has changed on a page.
func (f *follower) keepPage(ctx context.Context, p page) error {
	for id, why := range p.unfit {
		f.unfit[id] = why
	}
	for from := 0; from < len(p.changed); from += batchSize {
		to := min(from+batchSize, len(p.changed))
		part := p.changed[from:to]
		result, err := f.store.KeepComponents(ctx, part)
		if err != nil {
			return err
		}
		for i, c := range part {
			f.components[c.ID] = mirrored{digest: p.digests[from+i], sweep: f.sweeps}
			delete(f.unfit, c.ID)
		}
		for _, refused := range result.Refused {
			f.unfit[part[refused.Index].ID] = refused.Err.Error()
		}
	}
	return nil
}

// dropComponents removes what BOS has not shown in this sweep and does not have when
// it is asked for it. What is too much for one sweep is left to the next.
func (f *follower) dropComponents(ctx context.Context) error {
	var missing []string
	for id, known := range f.components {
		if known.sweep != f.sweeps {
			missing = append(missing, id)
		}
	}
	for range maxQuestions {
		if len(missing) == 0 {
			break
		}
		asked, there, err := f.still(ctx, missing)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return f.bos.failed(componentsPath, fmt.Sprintf("it left out components that it has, %q among them", first(there)), nil)
		}
		if _, err := f.store.DeleteComponents(ctx, missing[:asked]); err != nil {
			return err
		}
		for _, id := range missing[:asked] {
			delete(f.components, id)
			delete(f.unfit, id)
		}
		missing = missing[asked:]
	}
	return nil
}

// maxQuestions is how many requests of a sweep may ask for what is missing.
const maxQuestions = 20

func first(set map[string]bool) string {
	for one := range set {
		return one
	}
	return ""
}

// unfitness sums up what can't be kept; empty for nothing.
func (f *follower) unfitness() string {
	for _, all := range []map[string]string{f.refused, f.unfit} {
		for id, why := range all {
			if n := len(f.unfit) + len(f.refused); n > 1 {
				return fmt.Sprintf("%d records from BOS can't be kept as they are, that of %q among them: %s", n, id, why)
			}
			return fmt.Sprintf("the record of %q from BOS can't be kept as it is: %s", id, why)
		}
	}
	return ""
}
