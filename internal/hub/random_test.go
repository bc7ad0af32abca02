package hub

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/live"
)

// TestEverybodyEndsOnTheTrueStateAfterAnyFault lets watchers come and go, sessions
// change, and everything fail, at random; then nothing more fails.
func TestEverybodyEndsOnTheTrueStateAfterAnyFault(t *testing.T) {
	for seed := range 100 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			simulate(t, func(w *world) { (&chaos{world: w, dice: rand.New(rand.NewPCG(uint64(seed), 0))}).run() })
		})
	}
}

type chaos struct {
	*world
	dice       *rand.Rand
	epochs     int
	statuses   map[string][]*follower[*bos.Status]
	components map[string][]*follower[*live.ComponentsUpdate]
}

var chaosNames = []string{"a", "b", "c"}

func (c *chaos) run() {
	c.statuses, c.components = map[string][]*follower[*bos.Status]{}, map[string][]*follower[*live.ComponentsUpdate]{}
	for _, name := range chaosNames {
		c.write(name)
	}
	for range 300 {
		c.step(chaosNames[c.dice.IntN(len(chaosNames))])
	}
	c.feed.set(0)
	c.store.fail(nil)
	c.store.delay(0)
	for _, name := range chaosNames {
		c.change(name)
	}
	c.pass(4*interval + 2*repair)
	for _, name := range chaosNames {
		c.check(name)
	}
}

func (c *chaos) step(name string) {
	switch n := c.dice.IntN(100); {
	case n < 40:
		c.change(name)
	case n < 50:
		c.statuses[name] = append(c.statuses[name], c.status(name, bos.Want{Groups: c.dice.IntN(9)}))
	case n < 55:
		c.components[name] = append(c.components[name], c.world.components(name, time.Duration(c.dice.IntN(2))*time.Second))
	case n < 60 && len(c.statuses[name]) > 0:
		i := c.dice.IntN(len(c.statuses[name]))
		c.statuses[name][i].stop()
		c.statuses[name] = append(c.statuses[name][:i], c.statuses[name][i+1:]...)
	case n < 65:
		c.feed.set(c.dice.IntN(4))
	case n < 70:
		c.store.fail([]error{nil, errDown}[c.dice.IntN(2)])
	case n < 73:
		c.store.delay(time.Duration(c.dice.IntN(300)) * time.Millisecond)
	case n < 75: // all is lost, and written again
		c.epochs++
		c.store.renew(fmt.Sprint("epoch ", c.epochs))
		for _, name := range chaosNames {
			c.change(name)
		}
	case n < 80:
		c.hub.Interrupted()
		c.hub.Subscribed()
	default:
		c.pass(time.Duration(c.dice.IntN(3000)) * time.Millisecond)
	}
}

// change changes a session or its components. Its notice may be lost.
func (c *chaos) change(name string) {
	if c.dice.IntN(2) == 0 {
		c.write(name)
		return
	}
	c.notify(name, c.store.place(key(name), fmt.Sprint(name, c.dice.IntN(20)), false), false)
}

func (c *chaos) check(name string) {
	c.store.mu.Lock()
	epoch, revision := c.store.epoch, c.store.revisions[key(name)]
	c.store.mu.Unlock()
	for i, f := range c.statuses[name] {
		updates := f.take()
		if len(updates) == 0 || f.ended() != nil {
			c.Errorf("%s: status watch %d has seen %d updates, %v", name, i, len(updates), f.ended())
			continue
		}
		if s := updates[len(updates)-1]; s.Revision != revision || s.Epoch != epoch || s.Stale || s.Read < f.need {
			c.Errorf("%s: status watch %d ends on %+v, want revision %d of %s", name, i, s.Metadata, revision, epoch)
		}
		for j := 1; j < len(updates); j++ {
			if a, b := updates[j-1], updates[j]; b.Epoch == a.Epoch && b.Revision < a.Revision || b.Read < a.Read {
				c.Errorf("%s: status watch %d is shown %+v after %+v", name, i, b.Metadata, a.Metadata)
			}
		}
	}
	c.checkComponents(name, epoch)
}

// checkComponents wants every watch to have been shown all that changed since its
// last beginning.
func (c *chaos) checkComponents(name, epoch string) {
	c.store.mu.Lock()
	entries := c.store.log[key(name)]
	c.store.mu.Unlock()
	for i, f := range c.components[name] {
		reported, begun, need := map[string]int64{}, int64(-1), false
		for _, s := range f.take() {
			if s.Value.Resync && s.Epoch == epoch && !s.Again {
				begun = s.Revision
				clear(reported)
			}
			need = need || s.Whole && s.Read >= f.need
			for _, component := range s.Value.Components {
				reported[component.ID] = s.Revision
			}
		}
		if begun < 0 || !need || f.ended() != nil {
			c.Errorf("%s: component watch %d has no beginning in %s, or has ended: %v", name, i, epoch, f.ended())
			continue
		}
		for _, e := range entries {
			if e.revision > begun && reported[e.id] < e.revision {
				c.Errorf("%s: component watch %d was not shown %s at %d", name, i, e.id, e.revision)
			}
		}
	}
}
