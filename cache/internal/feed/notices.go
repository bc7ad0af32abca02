package feed

import (
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// parse adds the notices of a message (see [schema.Channels]), and returns its first and its last revision.
func parse(to []bos.Notice, message string) (notices []bos.Notice, first, last int64) {
	for line := range strings.SplitSeq(message, "\n") {
		if !strings.Contains(line, "/") { // as every scope does
			last = redisdb.ParseRevision(line)
			if first == 0 {
				first = last
			}
			continue
		}
		scope, record := strings.CutPrefix(line, schema.RecordNotice)
		to = append(to, bos.Notice{Scope: bos.ParseSessionKey(scope), Revision: last, Record: record})
	}
	return to, first, last
}

// connected begins to count what is received, from that revision on; 0 for whichever comes first. What was written before, the
// listener reads.
func (f *Feed) connected(next int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.proved, f.next, f.missed = time.Now(), next, false
}

// reached notes that a message with these revisions was received. Every write has one and a place in a message, also one that nobody
// is to be notified of, so that a gap between messages shows what was lost.
func (f *Feed) reached(first, last int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen.Revision = max(f.seen.Revision, last)
	f.missed = f.missed || f.next != 0 && first != f.next
	f.next = last + 1
}

// proof is a probe that came back. It also dates what is received: notices do not name
// their epoch, but those that come after a probe on one connection are not of an
// earlier one. What came before it, of whichever epoch, counts no more. It reports whether a notice was missed since the one before.
func (f *Feed) proof(probe string) (at redisdb.Position, missed bool) {
	epoch, revision, _ := strings.Cut(probe, " ")
	at = redisdb.Position{Epoch: epoch, Revision: redisdb.ParseRevision(revision)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.proved = time.Now()
	missed, f.missed = f.missed || f.next != 0 && f.next <= at.Revision, false
	f.next = max(f.next, at.Revision+1)
	if f.seen.Epoch != "" && at.Epoch != f.seen.Epoch { // revisions have begun again, and the listener reads everything
		missed, f.next = false, at.Revision+1
	}
	if at.Epoch != f.seen.Epoch || at.Revision > f.seen.Revision {
		f.seen = at
	}
	return at, missed
}

// silent says that no probe has come back for so long that the connection can't be
// trusted: it may be half open, or end at a node that is no part of the cluster any
// more.
func (f *Feed) silent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Since(f.proved) >= 3*f.interval
}
