package bossync

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Lease is the right to be the one process of a namespace that follows BOS.
type Lease interface {
	Hold(ctx context.Context, note string) (bos.Tenure, error)
	Release(ctx context.Context) error
	// Accepted is the doubt that an operator has accepted last; empty for none.
	Accepted(ctx context.Context) (string, error)
	// During is the store for one tenure: it refuses writes once another has begun.
	During(t bos.Tenure) Store
}

// Options say what to follow, and how.
type Options struct {
	BOS      Service
	TAPMS    *Service // where tenants come from; nil for none
	Tenants  string   // a file instead; empty for none
	PageSize int      // the most components that BOS is asked for at a time
	Interval time.Duration
	Trust    Trust
	Life     time.Duration                       // how long a lease lasts that is not renewed: whole seconds
	Stale    func(stale, unread bool)            // called when what came from BOS begins or ceases to be behind, or BOS to be read, one call at a time; nil for none
	Swept    func(took time.Duration, err error) // called after each sweep, whose error says that it was not whole; nil for none
	Log      *slog.Logger
	Now      func() time.Time // the clock of this process; nil for time.Now
}

// beat is how often the lease is renewed, or asked for.
const beat = time.Second

// Sync follows a BOS while it holds the lease, and otherwise waits for it. Run is called once;
// the other methods may be called at any time, by any goroutine.
type Sync struct {
	o     Options
	lease Lease

	// reporting is held from where staleness is decided until Stale has returned. Two goroutines
	// decide it, the one that renews the lease and the one that sweeps: without that lock
	// the older decision could be reported last, and would stay until the next change. It
	// is taken before mu, and never while mu is held.
	reporting sync.Mutex
	reported  staleness

	wake chan struct{} // has the lease renewed, and so the note left, before the next beat

	mu      sync.Mutex
	state   bos.SyncState
	doubt   string    // the id of the doubt there is; empty for none
	less    string    // what BOS lists less then
	tenants []string  // that the sync keeps
	sweep   int64     // which one LastSweep is of, as its holder named it
	epoch   string    // in which that was
	looked  time.Time // when the holder's note was last read

	// known are the tenants that the sync keeps or has kept, as far as this process
	// knows. If Redis loses the removal of one, its ownership is stored again.
	known map[string]bool
}

// New makes a Sync. It does nothing before [Sync.Run].
func New(lease Lease, o Options) *Sync {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Sync{o: o, lease: lease, state: bos.SyncState{Source: o.BOS.URL, Every: o.Interval}, reported: staleness{stale: true, unread: true}, wake: make(chan struct{}, 1), known: map[string]bool{}}
}

// State returns the state of the sync, whichever process does it.
func (s *Sync) State() bos.SyncState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// SweptIn says whether the last whole sweep was made in that epoch of the namespace, by any
// replica: it has compared all of BOS with what was stored since the epoch began.
func (s *Sync) SweptIn(epoch string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sweep != 0 && s.epoch == epoch
}

// Run follows BOS until ctx ends. The lease is given up then, so that another process
// takes over at once.
func (s *Sync) Run(ctx context.Context) {
	s.reportUnseen()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for ctx.Err() == nil {
		// An empty note leaves what the holder before has said for the next to find.
		t, err := s.lease.Hold(ctx, "")
		switch {
		case err != nil && ctx.Err() == nil:
			s.o.Log.Debug("asking for the BOS sync lease failed", "error", err)
		case err == nil:
			s.readNote(t)
			if t.Held {
				s.lead(ctx, t)
			}
		}
		s.updateStale()
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// lead follows BOS for one tenure.
func (s *Sync) lead(ctx context.Context, t bos.Tenure) {
	s.o.Log.Info("took the BOS sync lease; following BOS", "url", s.o.BOS.URL, "fence", t.Fence)
	s.change(func(state *bos.SyncState) { state.Leader = true })
	// The lease is renewed by a goroutine of its own: a sweep may take minutes, and the lease lasts
	// seconds. When it is lost, the sweep under way is cancelled.
	ctx, lose := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() {
		defer lose()
		s.keepLease(ctx, t)
	})
	s.follow(ctx, t)
	lose()
	keeping.Wait()
	s.change(func(state *bos.SyncState) { state.Leader = false })
	// ctx may be over because the server stops, which is when releasing matters: the next replica
	// would otherwise wait until the lease expires.
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), beat)
	defer cancel()
	if err := s.lease.Release(release); err != nil {
		s.o.Log.Debug("releasing the BOS sync lease failed; it expires", "error", err)
	}
}

func (s *Sync) change(change func(*bos.SyncState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
}

// keepLease renews the lease until that fails for as long as it lasts, or it is that of
// another tenure.
func (s *Sync) keepLease(ctx context.Context, t bos.Tenure) {
	// By the clock of this process alone: Redis' own may jump at a failover. The lease may have
	// expired before Life has passed here, but writes of an ended tenure are refused anyway.
	tick := time.NewTicker(beat)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.wake:
		}
		s.updateStale()
		now, err := s.lease.Hold(ctx, s.note())
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && time.Since(renewed) > s.o.Life:
			s.o.Log.Warn("renewing the BOS sync lease failed; no longer following BOS", "error", err)
			return
		case err != nil:
		case now.Epoch != t.Epoch:
			s.o.Log.Warn("Redis epoch changed: data loss is possible; comparing BOS with what is stored", "epoch", now.Epoch)
			return
		case !now.Held || now.Fence != t.Fence:
			s.o.Log.Warn("lost the BOS sync lease; another replica takes over")
			return
		default:
			renewed = time.Now()
		}
	}
}

// follow makes sweep after sweep until ctx or the tenure ends. What it remembers of what
// is stored is that of its tenure, and so of one epoch: after another has begun, nothing of
// that is known any more, and the next tenure compares everything with what is stored.
func (s *Sync) follow(ctx context.Context, t bos.Tenure) {
	f := &follower{
		bos: newClient(s.o.BOS), tenants: &tenants{file: s.o.Tenants}, store: s.lease.During(t), epoch: t.Epoch, log: s.o.Log, now: time.Now,
		interval: s.o.Interval, trust: s.o.Trust, accepted: s.lease.Accepted,
		pager: newPager(s.o.PageSize),
	}
	defer f.bos.close()
	if s.o.TAPMS != nil {
		f.tenants.tapms = newClient(*s.o.TAPMS)
		defer f.tenants.tapms.close()
	}
	f.tenants.load(slices.Collect(maps.Keys(s.known)))
	// What is stored is read once in a tenure, and again only if that failed: from then on no other
	// process writes what comes from BOS.
	p := pace{interval: s.o.Interval}
	loaded := false
	for ctx.Err() == nil {
		began := s.o.Now()
		f.bos.busy = 0
		var err error
		if !loaded {
			err = f.load(ctx)
			loaded = err == nil
		}
		if err == nil {
			err = f.sweep(ctx)
		}
		// The end of ctx makes requests fail, which says nothing about BOS and is not to be reported.
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, bos.ErrTenureEnded) {
			s.o.Log.Warn("BOS sweep interrupted: the tenure of the BOS sync lease has ended", "error", err)
			return
		}
		took := s.o.Now().Sub(began)
		busy := f.running || f.doubt != nil // a BOS that comes back is to be noticed soon
		pause, every := p.next(took, f.bos.busy, busy, err != nil)
		s.report(f, began, every, err)
		if s.o.Swept != nil {
			s.o.Swept(took, err)
		}
		s.wait(ctx, f, pause, err == nil && !busy)
	}
}

// report notes how a sweep went.
func (s *Sync) report(f *follower, began time.Time, every time.Duration, err error) {
	s.mu.Lock()
	before, asOf := s.state.Problem, s.state.AsOf()
	switch {
	case err != nil:
		s.state.Problem = shown(err)
	case f.doubt != nil: // what is shown is still what was there before
		s.state.Problem = f.problem
	default:
		s.state.LastSweep, s.state.Every, s.state.Problem = began, every, f.problem
		s.sweep, s.epoch = began.UnixNano(), f.epoch
	}
	if err == nil {
		// With the first sweep there is no earlier moment: it is still one that does not advance.
		s.state.Behind, s.state.BehindSince = f.behind(), cmp.Or(asOf, began)
	}
	was := s.doubt
	s.doubt, s.less = "", ""
	if f.doubt != nil {
		s.doubt, s.less = f.doubt.id, f.doubt.less
	}
	s.state.Doubt = s.doubt != ""
	if s.doubt != was {
		// An operator accepts the doubt of the note: a beat later it could still be that of an earlier one.
		select {
		case s.wake <- struct{}{}:
		default: // it is due already
		}
	}
	s.tenants = f.tenants.names()
	s.know(s.tenants)
	problem := s.state.Problem
	s.mu.Unlock() // before updateStale, which takes reporting first
	level := slog.LevelDebug
	if problem != before { // a problem that lasts is logged once
		level = slog.LevelWarn
	}
	switch {
	case err != nil:
		s.o.Log.Log(context.Background(), level, "BOS sweep failed; trying again", reasons(err)...)
	case problem != "":
		attributes := []any{"problem", problem}
		if f.cause != nil {
			attributes = append(attributes, "cause", f.cause)
		}
		s.o.Log.Log(context.Background(), level, "BOS sweep skipped records", attributes...)
	case before != "":
		s.o.Log.Info("BOS sync recovered")
	}
	s.updateStale()
}

// wait waits for the next sweep. While no session runs, sweeps are rare, and BOS is
// only asked whether there is one.
func (s *Sync) wait(ctx context.Context, f *follower, pause time.Duration, idle bool) {
	end := time.NewTimer(pause)
	defer end.Stop()
	look := time.NewTicker(s.o.Interval)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case <-look.C:
			if !idle {
				continue
			}
			if active, err := f.active(ctx); active || err != nil { // what is wrong, the sweep finds out
				return
			}
		}
	}
}
