package load

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Mix says what is written, through the server, while the crowd watches.
type Mix struct {
	Writers  []Writer
	Every    time.Duration // between two batches of a writer
	Duration time.Duration
}

// MixOutcome is what became of a [Mix].
type MixOutcome struct {
	Took               time.Duration // from the first batch to the last answer
	Batches            int
	Due                int           // each batch to each client that watches its session
	Unseen             int           // of those, what was not shown up to a second after the last batch
	P50, P99, Max      time.Duration // from the answer of a batch to the first message that shows it
	WriteP50, WriteP99 time.Duration // from sending a batch to its answer
	Messages           int           // to all clients
	Bytes              int           // of all messages
	Reads              int           // of sessions, by the server
	ScriptReads        int           // of those, with error groups
	CPU                time.Duration // that the load process itself has used
	Lost               int           // clients that the server has dropped
}

// sighting is a message that has shown a client a revision.
type sighting struct {
	client   *client
	revision int64
	at       time.Time
	size     int // in bytes
}

// journal keeps all messages, in the order in which they came: which batch one shows
// is not known before the batch has been answered.
type journal struct {
	mu   sync.Mutex
	seen []sighting
}

func (j *journal) add(s sighting) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen = append(j.seen, s)
}

func (j *journal) all() []sighting {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.seen
}

// Mix lets writers write, and returns what arrived.
func (s *Service) Mix(m Mix, result *MixOutcome) error {
	ctx, cancel := context.WithTimeout(context.Background(), m.Duration+patience)
	defer cancel()
	c := s.crowd
	cpu, err := computing()
	if err != nil {
		return err
	}
	calls, err := commands(ctx, c.publisher.redis)
	if err != nil {
		return err
	}
	// Stored before the first batch and taken away at the end: outside of a measurement nothing is noted.
	j := &journal{}
	c.journal.Store(j)
	defer c.journal.Store(nil)
	start := time.Now()
	made, err := c.write(ctx, m)
	if err != nil {
		return err
	}
	*result = MixOutcome{Took: time.Since(start), Lost: int(c.lost.Load())}
	// Not until all have come, as elsewhere: a client that is shown the third batch need not be
	// shown the second, so how many messages there will be is not known.
	time.Sleep(drain)
	result.show(c, m, made, j.all())
	after, err := commands(ctx, c.publisher.redis)
	if err != nil {
		return err
	}
	// Redis counts what scripts do as well: a read of a session is one HMGET, by
	// itself or within the script that reads the error groups, too. The script that
	// writes does three for a batch: how far the namespace is, whether the records are a whole batch,
	// and the counters of its one session.
	result.Reads = after["hmget"] - calls["hmget"] - 3*(after["evalsha"]-calls["evalsha"])
	result.ScriptReads = after["evalsha_ro"] - calls["evalsha_ro"]
	result.CPU, err = computing()
	result.CPU -= cpu
	return err
}

// show compares what was written with what arrived.
func (r *MixOutcome) show(c *crowd, m Mix, made [][]batch, seen []sighting) {
	var latencies, writes histogram
	bySession := map[string][]batch{}
	for i, w := range m.Writers {
		bySession[w.Session] = made[i]
		r.Batches += len(made[i])
		for _, b := range made[i] {
			writes.add(b.took)
		}
	}
	for _, one := range c.clients[:c.Clients] {
		r.Due += len(bySession[one.session])
	}
	next := make(map[*client]int, c.Clients) // the first batch that a client has not been shown
	for _, s := range seen {
		r.Messages++
		r.Bytes += s.size
		batches := bySession[s.client.session]
		// A message shows its batch and all before it that were not shown yet.
		for next[s.client] < len(batches) && batches[next[s.client]].revision <= s.revision {
			latencies.add(s.at.Sub(batches[next[s.client]].answered)) // one that came before counts as none
			next[s.client]++
		}
	}
	r.Unseen = r.Due - latencies.count()
	r.P50, r.P99, r.Max = latencies.quantile(0.5), latencies.quantile(0.99), latencies.quantile(1)
	r.WriteP50, r.WriteP99 = writes.quantile(0.5), writes.quantile(0.99)
}

// commands is how often Redis has run each command so far.
func commands(ctx context.Context, client *redis.Client) (map[string]int, error) {
	text, err := client.Info(ctx, "commandstats").Result()
	if err != nil {
		return nil, err
	}
	calls := map[string]int{}
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(line, ":calls=")
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(rest, ",")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("INFO commandstats says %q", line)
		}
		calls[strings.TrimPrefix(name, "cmdstat_")] = n
	}
	return calls, nil
}
