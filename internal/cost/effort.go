// Package cost bounds what one operation may cost while it runs, and what all of them may
// hold together. The store counts what it reads, the resolvers what they make of it and the
// transports what they send: an operation has one account, which its context carries, so
// that none of them has to know the others.
package cost

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/bosgraph/bosgraph/bos"
)

// Pool is a number of bytes that all who take of it may hold together. It is safe
// for concurrent use. A nil Pool has no bound.
type Pool struct {
	size int64
	held atomic.Int64
}

// NewPool makes a pool of so many bytes.
func NewPool(size int64) *Pool { return &Pool{size: size} }

// Take takes n bytes, or none and returns false when there are not as many left.
func (p *Pool) Take(n int64) bool {
	if p == nil {
		return true
	}
	if p.held.Add(n) > p.size {
		p.held.Add(-n)
		return false
	}
	return true
}

// Give gives n bytes back.
func (p *Pool) Give(n int64) {
	if p != nil {
		p.held.Add(-n)
	}
}

// Held is how many bytes are taken.
func (p *Pool) Held() int64 { return p.held.Load() }

// Limits are what one operation may cost, and what all of them may at a time.
type Limits struct {
	Response int64         // bytes of one answer, and of what is read to make it
	Scan     int           // components and sessions that one operation may look through without an index; 0 for all
	Heavy    chan struct{} // as many heavy operations as it has room for run at a time; nil for any number
	Memory   *Pool         // what heavy operations and their answers hold together; nil for no bound
}

// What an operation may do without being heavy: far more than a status takes, and so
// little that any number of connections may do it at a time.
const (
	lightBytes = 256 << 10
	lightScan  = 5_000
	lightBatch = 1_000
)

// Effort is what one operation has cost so far. It is safe for concurrent use: an
// operation's fields are resolved concurrently.
type Effort struct {
	bounds *Limits
	line   chan struct{} // see Queue; nil where nobody waits for anybody

	mu      sync.Mutex
	bytes   int64 // held
	request int64 // of these, what the request itself may be and may replace
	taken   int64 // of the pool
	planned int64 // bytes of the answer that lists have been given
	scanned int
	first   bool // in line
	heavy   bool
}

type effortKey struct{}

// WithEffort returns a context for one operation within bounds. Done has to be called
// once its answer has been sent or dropped.
func (b *Limits) WithEffort(ctx context.Context) (context.Context, *Effort) {
	if b == nil {
		return ctx, nil
	}
	e := &Effort{bounds: b}
	return context.WithValue(ctx, effortKey{}, e), e
}

// Queue puts the operation in a line, which has room for one: of those in it, one at a time is heavy, until its answer
// has been sent. What one client asks for and does not read is then no more than an answer. It is called before
// anything is counted.
func (e *Effort) Queue(line chan struct{}) {
	if e != nil {
		e.line = line
	}
}

// EffortOf is the effort of the operation that ctx belongs to; nil if none is counted.
// All methods of a nil Effort allow everything.
func EffortOf(ctx context.Context) *Effort {
	e, _ := ctx.Value(effortKey{}).(*Effort)
	return e
}

// Room is how many bytes the operation may still hold.
func (e *Effort) Room() int64 {
	if e == nil {
		return 1 << 40
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return max(0, e.bounds.Response-e.bytes)
}

// Hold counts bytes before they are held: what is read for an answer, what it is made of
// before it is encoded, and the answer itself, each of which may be as large as an answer.
// It waits for its turn when that makes the operation a heavy one, until ctx ends. The
// error is for users.
func (e *Effort) Hold(ctx context.Context, n int64) error {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bytes += n
	if e.bytes > 3*e.bounds.Response+e.request {
		e.bytes -= n
		return TooLarge(e.bounds.Response)
	}
	if e.bytes <= lightBytes {
		return nil
	}
	if err := e.wait(ctx); err != nil {
		return err
	}
	return e.take(e.bytes - e.taken)
}

// HoldRequest counts bytes that decoding a large request takes. They are bounded by what a body may
// have, and not by what an answer may: a write may be larger than any answer, and reads about as much
// again of what it replaces.
func (e *Effort) HoldRequest(ctx context.Context, n int64) error {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	e.request += 2 * n
	e.mu.Unlock()
	return e.Hold(ctx, n)
}

// TooLarge refuses an answer of more than that many bytes.
func TooLarge(bytes int64) *bos.Error {
	return bos.Errorf(bos.BadUserInput, "this needs more than the %d bytes that one answer may have (--max-response): "+
		"ask for smaller pages (first), or leave out fields with long texts", bytes)
}

// take takes n more bytes of the pool. e is locked.
func (e *Effort) take(n int64) error {
	if !e.bounds.Memory.Take(n) {
		return bos.Errorf(bos.Unavailable, "the server holds as many bytes of answers as it may (--max-response-memory): try again in a moment")
	}
	e.taken += n
	return nil
}

// Scans says whether scans are counted.
func (e *Effort) Scans() bool { return e != nil && e.bounds.Scan > 0 }

// Scan counts components, and sessions that come before one, before they are looked through without an index.
func (e *Effort) Scan(ctx context.Context, n int) error {
	return e.scan(ctx, n, "filter by ids, session, stagedSession or error, which are indexed, list a session's components, or send several requests")
}

// ScanSessions counts sessions of a list likewise.
func (e *Effort) ScanSessions(ctx context.Context, n int) error {
	return e.scan(ctx, n, "limit the list of sessions by startedAfter and startedBefore, which are indexed, or send several requests")
}

// scan counts records. Beyond the limit, instead says what else to ask for.
func (e *Effort) scan(ctx context.Context, n int, instead string) error {
	if !e.Scans() {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if n > e.bounds.Scan-e.scanned {
		return bos.Errorf(bos.BadUserInput, "this looks through %d records, and one request may look through %d (--max-scan): %s",
			e.scanned+n, e.bounds.Scan, instead)
	}
	if e.scanned += n; e.scanned <= lightScan {
		return nil
	}
	return e.wait(ctx)
}

// Batch counts items of a mutation before they are applied.
func (e *Effort) Batch(ctx context.Context, items int) error {
	if items <= lightBatch {
		return nil
	}
	return e.Heavy(ctx)
}

// Heavy makes the operation a heavy one from the beginning: it waits for its turn.
func (e *Effort) Heavy(ctx context.Context) error {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.wait(ctx)
}

// wait waits until the operation may be a heavy one. e is locked: its other fields
// wait for the same.
func (e *Effort) wait(ctx context.Context) error {
	if e.heavy || e.bounds.Heavy == nil {
		return nil
	}
	if e.line != nil && !e.first {
		select {
		case e.line <- struct{}{}:
			e.first = true
		case <-ctx.Done():
			return bos.Errorf(bos.Unavailable, "a large answer that came before on this connection has not been read: read it, or ask again on another")
		}
	}
	select {
	case e.bounds.Heavy <- struct{}{}:
		e.heavy = true
		return nil
	case <-ctx.Done():
		return bos.Errorf(bos.Unavailable, "as many large requests are under way as may be at a time (--max-heavy): try again in a moment")
	}
}

// Executed says that nothing is computed any more: the next heavy operation may run
// while this one's answer is being sent. What is held from now on are bytes of the
// answer alone.
func (e *Effort) Executed(bytes int64) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if keep := max(0, min(bytes, e.taken)); keep < e.taken {
		e.bounds.Memory.Give(e.taken - keep)
		e.taken = keep
	}
	e.bytes = e.taken
	e.leave()
}

func (e *Effort) leave() {
	if e.heavy {
		e.heavy = false
		<-e.bounds.Heavy
	}
}

// Done gives back all that is held. It may be called again.
func (e *Effort) Done() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bounds.Memory.Give(e.taken)
	e.bytes, e.taken = 0, 0
	e.leave()
	if e.first {
		e.first = false
		<-e.line
	}
}

// Limit is how many bytes the answer may have.
func (e *Effort) Limit() int64 {
	if e == nil {
		return 1 << 40
	}
	return e.bounds.Response
}

// Plan counts bytes of the answer before its values are resolved. It is false, and
// counts nothing, if the answer would be too large with them.
func (e *Effort) Plan(n int64) bool {
	if e == nil {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.planned+n > e.bounds.Response-planReserve {
		return false
	}
	e.planned += n
	return true
}

// planReserve is what is left for all that is not planned: single objects and errors.
const planReserve = 64 << 10

// Pool is what large requests take their memory of.
func (b *Limits) Pool() *Pool {
	if b == nil {
		return nil
	}
	return b.Memory
}
