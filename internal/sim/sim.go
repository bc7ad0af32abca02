package sim

import (
	"context"
	"log/slog"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Producer is what the simulator writes through. One call is one atomic write of
// at most [bos.MaxBatch] components.
type Producer interface {
	CreateSession(ctx context.Context, n bos.NewSession) (*bos.Session, error)
	UpdateSession(ctx context.Context, key bos.SessionKey, u bos.SessionUpdate) (*bos.Session, error)
	DeleteSession(ctx context.Context, key bos.SessionKey) (id string, err error)
	PutComponents(ctx context.Context, components []bos.ComponentPatch) (bos.BatchResult, error)
	PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error)
	PutTenant(ctx context.Context, name string, ids []string) (owned int, err error)
}

// Options say what to simulate.
type Options struct {
	Components int     // how many; 0 for 1,000
	Seed       uint64  // the same seed gives the same progress of events
	Speed      float64 // simulated seconds per second; 0 for 1
	Logger     *slog.Logger
}

// tick is how often, in real time, changed components are written.
const tick = 500 * time.Millisecond

// The wait before a call that failed for the producer's fault is made again.
const (
	firstRetry = tick
	lastRetry  = 10 * time.Second
)

// Simulator runs one simulated system.
type Simulator struct {
	producer Producer
	world    *world
	step     time.Duration // simulated time that passes in a tick
	log      *slog.Logger
}

// New makes a simulator; nothing is written until it runs.
func New(producer Producer, o Options) *Simulator {
	if o.Components == 0 {
		o.Components = 1000
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Simulator{
		producer: producer,
		world:    newWorld(o.Seed, o.Components),
		step:     time.Duration(float64(tick) * o.Speed),
		log:      o.Logger,
	}
}

// Run simulates until ctx ends, which is no error. It is to be called once.
func (s *Simulator) Run(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	// Simulated time counts ticks, not the clock: a producer that can't keep up
	// slows the simulation down instead of making it leap.
	for now := time.Duration(0); ; now += s.step {
		for _, c := range s.world.advance(now, time.Now()) {
			if !s.make(ctx, c) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// make makes one call, and repeats it while the producer fails, because later calls
// depend on it. It returns false once ctx has ended.
func (s *Simulator) make(ctx context.Context, c command) bool {
	for wait := firstRetry; ctx.Err() == nil; wait = min(2*wait, lastRetry) {
		err := c.call(ctx, s.producer, s.log)
		switch bos.CodeOf(err) {
		case "":
			return true
		case bos.Unavailable, bos.Internal:
			if ctx.Err() != nil {
				return false
			}
			s.log.Warn("simulator write failed; trying again", "call", c.name(), "in", wait, "error", err)
		default:
			// Someone else changed or deleted what this is about: their right.
			s.log.Warn("simulator write was refused", "call", c.name(), "error", err)
			return true
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
	return false
}
