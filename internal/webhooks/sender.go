package webhooks

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/reread"
)

// Store is where events come from. That of a tenure refuses to move events once another process sends.
type Store interface {
	Distribute(ctx context.Context, most int, match func(*bos.Event) (targets []string)) (n int, err error)
	Queued(ctx context.Context, target, after string, most int) ([]bos.Delivery, error)
	Delivered(ctx context.Context, target, position string) error
	Failed(ctx context.Context, target string, d bos.Delivery) error
	GiveUp(ctx context.Context, target string, d bos.Delivery) error
	Targets(ctx context.Context) (map[string]string, error)
	NoteTarget(ctx context.Context, target, note string) error
	ForgetTarget(ctx context.Context, target string) error
	QueueLengths(ctx context.Context, targets []string) (outbox int, queued, dead []int, err error)
	Unnoted(ctx context.Context) (int64, error)
	NoteStalled(ctx context.Context, one *bos.Session, reason string, once bool) error
	NoteSync(ctx context.Context, reason string) error
	ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error)
	ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error)
}

// Lease is the right to be the one process of a namespace that sends.
type Lease interface {
	Hold(ctx context.Context, note string) (bos.Tenure, error)
	Release(ctx context.Context) error
	During(t bos.Tenure) Store
}

// Options say what to send, and for whom.
type Options struct {
	File      string // the configuration
	Namespace string
	Life      time.Duration               // how long a lease lasts that is not renewed: whole seconds
	Note      func(on bool, shares []int) // has writes note events, from now on, above which percentages of failures
	Sync      func() bos.SyncState        // nil where no BOS is followed
	Log       *slog.Logger
	Now       func() time.Time // nil for time.Now
}

const (
	beat          = time.Second            // how often the lease is renewed, or asked for
	outboxEvery   = 250 * time.Millisecond // how often the outbox is looked at
	distributed   = 200                    // copies of events at a time, about
	forgetAfter   = 24 * time.Hour         // what is kept of a target that is not configured any more
	seenEvery     = time.Hour              // how often it is noted that a target is configured
	mostLookEvery = 15 * time.Second       // how often sessions are looked at for stalls, at least
	countEvery    = 5 * time.Second        // how often what is pending is counted
)

// Counts are what this process has sent since it started, and, while it has the lease, what is pending.
type Counts struct {
	Delivered, Failed, GivenUp int64 // the first and last are events, the second requests
	Dropped                    int64 // events that the outbox had no room for, ever
	Sending                    bool  // this process has the lease
	Pending, Dead, Disabled    int
}

// Sender sends events while it holds the lease. Run is called once; the other methods are safe for
// concurrent use.
type Sender struct {
	o      Options
	config atomic.Pointer[Config]
	lease  Lease

	mu     sync.Mutex
	counts Counts
	ill    bool // the store could not be used the last time
}

// New reads the configuration. It sends nothing before [Sender.Run], and nothing is noted before [Sender.NoteEvents].
func New(o Options) (*Sender, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	c, err := Read(o.File)
	if err != nil {
		return nil, err
	}
	s := &Sender{o: o}
	s.config.Store(c)
	return s, nil
}

// Counts returns what was sent, and what is pending.
func (s *Sender) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

func (s *Sender) count(change func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

// NoteEvents has the writes of this process note what the configuration asks for.
func (s *Sender) NoteEvents() { s.o.Note(true, s.config.Load().FailuresAbove) }

// Run sends until ctx ends, while it has the lease. The lease is given up then.
func (s *Sender) Run(ctx context.Context, lease Lease) {
	s.lease = lease
	changed := make(chan struct{}, 1)
	var following sync.WaitGroup
	defer following.Wait()
	following.Go(func() { s.reread(ctx, changed) })
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for ctx.Err() == nil {
		t, err := s.lease.Hold(ctx, "")
		switch {
		case err != nil && ctx.Err() == nil:
			s.o.Log.Debug("asking for the webhooks lease failed", "error", err)
		case err == nil && t.Held:
			s.lead(ctx, t, changed)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// reread reads the configuration again when one of its files has changed, those among them that an unusable one names, as far as it
// could be read. One that is wrong changes nothing.
func (s *Sender) reread(ctx context.Context, changed chan<- struct{}) {
	problem, files := "", s.config.Load().files
	for ctx.Err() == nil {
		// Other files may be named now, so those that are followed are made again.
		once, stop := context.WithCancel(ctx)
		reread.New(files...).Follow(once, beat, func() {
			c, err := Read(s.o.File)
			if err == nil || !slices.Equal(c.files, files) {
				files = c.files
				stop()
			}
			if err != nil {
				if err.Error() != problem {
					problem = err.Error()
					s.o.Log.Error("webhooks configuration unusable; the earlier one stays in use", "error", err)
				}
				return
			}
			problem = ""
			s.config.Store(c)
			s.NoteEvents()
			s.o.Log.Info("webhooks configuration read again", "targets", len(c.Targets))
			select {
			case changed <- struct{}{}:
			default: // one that is waiting is enough
			}
		})
		stop()
	}
}

// lead sends for one tenure.
func (s *Sender) lead(ctx context.Context, t bos.Tenure, changed <-chan struct{}) {
	s.o.Log.Info("took the webhooks lease; sending events", "fence", t.Fence)
	s.count(func(c *Counts) { c.Sending = true })
	held, lose := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() {
		defer lose()
		s.keepLease(held, t)
	})
	store := s.lease.During(t)
	for held.Err() == nil { // once for each configuration
		part, stop := context.WithCancel(held)
		var parts sync.WaitGroup
		parts.Go(func() {
			defer stop()
			s.work(part, store)
		})
		select {
		case <-part.Done():
		case <-changed:
		}
		stop()
		parts.Wait()
	}
	lose()
	keeping.Wait()
	s.count(func(c *Counts) { c.Sending, c.Pending, c.Dead, c.Disabled = false, 0, 0, 0 })
	release, cancel := context.WithTimeout(context.WithoutCancel(ctx), beat)
	defer cancel()
	if err := s.lease.Release(release); err != nil {
		s.o.Log.Debug("releasing the webhooks lease failed; it expires", "error", err)
	}
}

// keepLease renews the lease until that fails for as long as it lasts, or it is that of another tenure.
func (s *Sender) keepLease(ctx context.Context, t bos.Tenure) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := s.lease.Hold(ctx, "")
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && time.Since(renewed) > s.o.Life:
			s.o.Log.Warn("renewing the webhooks lease failed; no longer sending events", "error", err)
			return
		case err != nil:
		case !now.Held || now.Fence != t.Fence: // of another process, or of another epoch
			s.o.Log.Warn("lost the webhooks lease; another replica sends")
			return
		default:
			renewed = time.Now()
		}
	}
}

// work distributes events and sends them, with one configuration.
func (s *Sender) work(ctx context.Context, store Store) {
	c := s.config.Load()
	couriers, err := s.couriers(ctx, c, store)
	for err != nil && ctx.Err() == nil {
		s.trouble(ctx, err)
		select {
		case <-time.After(beat):
			couriers, err = s.couriers(ctx, c, store)
		case <-ctx.Done():
		}
	}
	var sending sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		sending.Wait()
	}()
	for _, one := range couriers {
		sending.Go(func() { one.run(ctx) })
	}
	watch := &stalls{store: store, after: c.StalledAfter, sync: s.o.Sync}
	outbox, look, count, seen := time.NewTicker(outboxEvery), time.NewTicker(min(mostLookEvery, c.StalledAfter/4)), time.NewTicker(countEvery), time.NewTicker(seenEvery)
	defer outbox.Stop()
	defer look.Stop()
	defer count.Stop()
	defer seen.Stop()
	sync := &syncWatch{store: store, state: s.o.Sync, after: c.SyncLostAfter}
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-outbox.C:
			err = s.distribute(ctx, store, watch, couriers)
			if err == nil {
				err = sync.look(ctx, s.o.Now())
			}
		case <-look.C:
			err = watch.look(ctx, s.o.Now())
		case <-count.C:
			err = s.countPending(ctx, store, couriers)
		case <-seen.C:
			err = s.forgetOthers(ctx, store, c)
		}
		switch {
		case errors.Is(err, bos.ErrTenureEnded):
			return // and keepLease finds out
		case err != nil:
			s.trouble(ctx, err)
		default:
			s.recovered()
		}
	}
}

// couriers makes those of the targets. One that is disabled stays so until its configuration changes.
func (s *Sender) couriers(ctx context.Context, c *Config, store Store) ([]*courier, error) {
	notes, err := store.Targets(ctx)
	if err != nil {
		return nil, err
	}
	var all []*courier
	for _, t := range c.Targets {
		one := &courier{s: s, config: c, target: t, store: store, wake: make(chan struct{}, 1)}
		if json.Unmarshal([]byte(notes[t.Name]), &one.state) != nil || one.state.Config != t.digest {
			one.state = State{}
		}
		one.state.Removed = time.Time{}
		one.note(ctx, one.state)
		all = append(all, one)
		delete(notes, t.Name)
	}
	return all, s.forget(ctx, store, notes)
}

// forgetOthers forgets the targets that are not in a configuration.
func (s *Sender) forgetOthers(ctx context.Context, store Store, c *Config) error {
	notes, err := store.Targets(ctx)
	if err != nil {
		return err
	}
	for _, t := range c.Targets {
		delete(notes, t.Name)
	}
	return s.forget(ctx, store, notes)
}

// forget notes which targets are not configured, and removes what is left of those that no sender has had in its
// configuration for a while. Not at once: while a configuration is rolled out, replicas with and without a target may take turns.
func (s *Sender) forget(ctx context.Context, store Store, notes map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(notes)) {
		var left State
		if json.Unmarshal([]byte(notes[name]), &left) == nil && s.o.Now().Sub(left.Seen) < forgetAfter {
			if !left.Removed.IsZero() {
				continue
			}
			left.Removed = s.o.Now()
			text, _ := json.Marshal(left) // it always can
			if err := store.NoteTarget(ctx, name, string(text)); err != nil {
				return err
			}
			continue
		}
		s.o.Log.Info("webhook target is not configured any more; its events were removed", "target", name)
		if err := store.ForgetTarget(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// distribute gives the events of the outbox to the queues of the targets that want them.
func (s *Sender) distribute(ctx context.Context, store Store, watch *stalls, couriers []*courier) error {
	for most := max(distributed/len(couriers), 10); ; {
		var passed []bos.Event
		woken := map[*courier]bool{}
		n, err := store.Distribute(ctx, most, func(e *bos.Event) []string {
			passed = append(passed, *e)
			var targets []string
			for _, c := range couriers {
				if c.target.wants(e) {
					targets = append(targets, c.target.Name)
					woken[c] = true
				}
			}
			return targets
		})
		if n > 0 {
			for i := range passed {
				watch.pass(&passed[i])
			}
			for c := range woken {
				select {
				case c.wake <- struct{}{}:
				default: // it has one to find
				}
			}
		}
		if err != nil || n < most {
			return err
		}
	}
}

// countPending counts what waits, for the metrics, and logs that the outbox had no room for events.
func (s *Sender) countPending(ctx context.Context, store Store, couriers []*courier) error {
	names, disabled := make([]string, len(couriers)), 0
	for i, c := range couriers {
		names[i] = c.target.Name
		if c.disabled.Load() {
			disabled++
		}
	}
	outbox, queued, dead, err := store.QueueLengths(ctx, names)
	if err != nil {
		return err
	}
	now, err := store.Unnoted(ctx)
	if err != nil {
		return err
	}
	if before := s.Counts().Dropped; now > before {
		s.o.Log.Error("webhook events dropped: too many are pending", "events", now-before)
	}
	s.count(func(c *Counts) {
		c.Pending, c.Dead, c.Disabled, c.Dropped = outbox, 0, disabled, now
		for i := range couriers {
			c.Pending, c.Dead = c.Pending+queued[i], c.Dead+dead[i]
		}
	})
	return nil
}

// trouble logs an error of the store, once until it is over.
func (s *Sender) trouble(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, bos.ErrTenureEnded) {
		return
	}
	s.mu.Lock()
	first := !s.ill
	s.ill = true
	s.mu.Unlock()
	if first {
		s.o.Log.Warn("sending webhooks is interrupted; trying again", "error", err)
	}
}

func (s *Sender) recovered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ill = false
}
