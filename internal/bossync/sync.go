package bossync

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Lease is the right to be the one process of a namespace that follows BOS.
type Lease interface {
	Hold(ctx context.Context, note string) (bos.Tenure, error)
	Release(ctx context.Context) error
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
	Life     time.Duration // how long a lease lasts that is not renewed: whole seconds
	Stale    func(bool)    // told when what came from BOS begins or ceases to be behind; nil for nobody
	Log      *slog.Logger
}

// beat is how often the lease is renewed, or asked for.
const beat = time.Second

// Sync follows a BOS while it holds the lease, and otherwise waits for it.
type Sync struct {
	o     Options
	lease Lease

	mu       sync.Mutex
	standing bos.SyncStanding
	tenants  []string // that the sync keeps
	stale    bool
}

// New makes a Sync. It does nothing before [Sync.Run].
func New(lease Lease, o Options) *Sync {
	return &Sync{o: o, lease: lease, standing: bos.SyncStanding{Source: o.BOS.URL, Every: o.Interval}, stale: true}
}

// Standing tells how the sync stands, whichever process does it.
func (s *Sync) Standing() bos.SyncStanding {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.standing
}

// note is what the holder of the lease tells the others, as JSON.
type note struct {
	LastSweep time.Time     `json:"lastSweep,omitzero"`
	Every     time.Duration `json:"every"` // nanoseconds
	Problem   string        `json:"problem,omitempty"`
	Tenants   []string      `json:"tenants,omitempty"`
}

func (s *Sync) note() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, _ := json.Marshal(note{s.standing.LastSweep, s.standing.Every, s.standing.Problem, s.tenants}) // it always can
	return string(text)
}

// heard takes over what the holder of the lease has told.
func (s *Sync) heard(text string) {
	var n note
	if text == "" || json.Unmarshal([]byte(text), &n) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standing.LastSweep, s.standing.Every, s.standing.Problem, s.tenants = n.LastSweep, n.Every, n.Problem, n.Tenants
}

// judge says when what came from BOS begins or ceases to be behind.
func (s *Sync) judge() {
	s.mu.Lock()
	stale := s.standing.Stale(time.Now())
	changed := stale != s.stale
	s.stale = stale
	s.mu.Unlock()
	if changed && s.o.Stale != nil {
		s.o.Stale(stale)
	}
}

// Run follows BOS until ctx ends. The lease is given up then, so that another process
// can go on at once.
func (s *Sync) Run(ctx context.Context) {
	if s.o.Stale != nil {
		s.o.Stale(true) // nothing has been seen yet
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for ctx.Err() == nil {
		// An empty note leaves what the holder before has said for the next to find.
		t, err := s.lease.Hold(ctx, "")
		switch {
		case err != nil && ctx.Err() == nil:
			s.o.Log.Debug("the lease can't be asked for", "error", err)
		case err == nil:
			s.heard(t.Note)
			if t.Held {
				s.lead(ctx, t)
			}
		}
		s.judge()
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// lead follows BOS for one tenure.
func (s *Sync) lead(ctx context.Context, t bos.Tenure) {
	s.o.Log.Info("following BOS", "url", s.o.BOS.URL, "fence", t.Fence)
	s.tell(func(standing *bos.SyncStanding) { standing.Leader = true })
	ctx, lose := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() {
		defer lose()
		s.keepLease(ctx, t)
	})
	s.follow(ctx, t)
	lose()
	keeping.Wait()
	s.tell(func(standing *bos.SyncStanding) { standing.Leader = false })
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), beat)
	defer cancel()
	if err := s.lease.Release(release); err != nil {
		s.o.Log.Debug("the lease could not be given up; it runs out", "error", err)
	}
}

func (s *Sync) tell(change func(*bos.SyncStanding)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.standing)
}

// keepLease renews the lease until that fails for as long as it lasts, or it is that of
// another tenure.
func (s *Sync) keepLease(ctx context.Context, t bos.Tenure) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.judge()
		now, err := s.lease.Hold(ctx, s.note())
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && time.Since(renewed) > s.o.Life:
			s.o.Log.Warn("no longer following BOS: the lease could not be renewed", "error", err)
			return
		case err != nil:
		case !now.Held || now.Fence != t.Fence:
			s.o.Log.Warn("no longer following BOS: the lease was lost")
			return
		case now.Epoch != t.Epoch:
			s.o.Log.Warn("Redis has been away and may have come back with less: comparing everything anew")
			return
		default:
			renewed = time.Now()
		}
	}
}

// follow makes sweep after sweep until ctx ends.
func (s *Sync) follow(ctx context.Context, t bos.Tenure) {
	f := &follower{
		bos: newClient(s.o.BOS), tenants: &tenants{file: s.o.Tenants}, store: s.lease.During(t), log: s.o.Log, now: time.Now,
		pager: newPager(s.o.PageSize),
	}
	defer f.bos.close()
	if s.o.TAPMS != nil {
		f.tenants.tapms = newClient(*s.o.TAPMS)
		defer f.tenants.tapms.close()
	}
	f.tenants.load(s.tenants)
	p := pace{interval: s.o.Interval}
	loaded := false
	for ctx.Err() == nil {
		began := time.Now()
		f.bos.busy = 0
		var err error
		if !loaded {
			err = f.load(ctx)
			loaded = err == nil
		}
		if err == nil {
			err = f.sweep(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		took := time.Since(began)
		pause, every := p.next(took, f.bos.busy, f.running, err != nil)
		s.report(f, began, every, err)
		s.wait(ctx, f, pause, err == nil && !f.running)
	}
}

// report notes how a sweep went.
func (s *Sync) report(f *follower, began time.Time, every time.Duration, err error) {
	s.mu.Lock()
	before := s.standing.Problem
	if err == nil {
		s.standing.LastSweep, s.standing.Every, s.standing.Problem = began, every, f.problem
	} else {
		s.standing.Problem = shown(err)
	}
	s.tenants = f.tenants.names()
	problem := s.standing.Problem
	s.mu.Unlock()
	level := slog.LevelDebug
	if problem != before { // the same again and again is told once
		level = slog.LevelWarn
	}
	switch {
	case err != nil:
		s.o.Log.Log(context.Background(), level, "a sweep of BOS was not whole; trying again", reasons(err)...)
	case problem != "":
		s.o.Log.Log(context.Background(), level, "BOS is followed, but not in everything", "problem", problem)
	case before != "":
		s.o.Log.Info("BOS is followed without problems again")
	}
	s.judge()
}

// reasons are what the log is told of an error: what users see of it, and what is
// behind that.
func reasons(err error) []any {
	told := []any{"error", err}
	if cause := errors.Unwrap(err); cause != nil {
		told = append(told, "cause", cause)
	}
	return told
}

// shown is what users are told of an error.
func shown(err error) string {
	var known *bos.Error
	if errors.As(err, &known) {
		return known.Message
	}
	return "an internal error; the server's log has it"
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
			if astir, err := f.astir(ctx); astir || err != nil { // what is wrong, the sweep finds out
				return
			}
		}
	}
}
