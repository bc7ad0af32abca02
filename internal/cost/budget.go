package cost

import (
	"fmt"
	"hash/maphash"
	"math"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// What a request costs besides its document, in units of which a field is one. They are about as
// expensive as fields are, at 2 to 3 µs of CPU time each.
const (
	Request     = 10  // any request
	Refused     = 100 // one whose document is not valid, or asks for too much: finding out takes time
	bytesOfUnit = 256 // of the body
)

// OfBody is what a body of so many bytes costs: reading, decoding and storing it.
func OfBody(bytes int) int { return bytes / bytesOfUnit }

// Budget is what each client may ask for in a minute. It may ask for all of that at once, and gets
// it back evenly, over a minute. A nil Budget has no bound. It is safe for concurrent use.
//
// A client's account is one number: the moment at which it would have its whole budget again. The
// number of accounts is fixed. A client has the one that its name hashes to, under a seed that nobody
// knows, so no client can cost memory. Two that share an account, which is rare and changes with
// every start, share a budget that is far above what either needs.
type Budget struct {
	perMinute int
	seed      maphash.Seed
	start     time.Time
	accounts  [1 << 16]atomic.Int64 // when, in nanoseconds since start
}

// NewBudget makes a budget of so many units a minute; nil for 0.
func NewBudget(perMinute int) *Budget {
	if perMinute == 0 {
		return nil
	}
	return &Budget{perMinute: perMinute, seed: maphash.MakeSeed(), start: time.Now()}
}

// Spend takes cost from the budget of a client, or nothing if it has not as much left. The error is
// for users; its cause is an [*Exceeded].
func (b *Budget) Spend(client string, cost int) *bos.Error {
	if b == nil || cost == 0 {
		return nil
	}
	account := &b.accounts[maphash.String(b.seed, client)%uint64(len(b.accounts))]
	takes := time.Duration(min(float64(cost)*float64(time.Minute)/float64(b.perMinute), math.MaxInt64/4))
	now := time.Since(b.start)
	for {
		before := account.Load()
		after := max(time.Duration(before), now) + takes
		if over := after - now - time.Minute; over > 0 {
			return (&Exceeded{Cost: cost, Limit: b.perMinute, Wait: over}).error()
		}
		if account.CompareAndSwap(before, int64(after)) {
			return nil
		}
	}
}

// Exceeded is why a request was refused that costs more than is left of its client's budget.
type Exceeded struct {
	Cost, Limit int
	Wait        time.Duration // until the budget has as much again
}

func (e *Exceeded) Error() string { return fmt.Sprintf("%d of %d a minute", e.Cost, e.Limit) }

// Seconds are the whole seconds to wait for, at least one.
func (e *Exceeded) Seconds() int { return int(math.Ceil(e.Wait.Seconds())) }

func (e *Exceeded) error() *bos.Error {
	return &bos.Error{Code: bos.Unavailable, Reason: bos.BudgetExhausted, Err: e, Message: fmt.Sprintf(
		"this costs %d, which is more than you have left of %d a minute (--max-cost-per-minute): try again in %d s, "+
			"and ask for smaller pages or fewer fields, or subscribe instead of asking again and again", e.Cost, e.Limit, e.Seconds())}
}
