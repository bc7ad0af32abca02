package loaders

import (
	"context"
	"sync"
	"time"

	"github.com/vikstrous/dataloadgen"
)

// wait is how long a batch waits at most to be complete. It is complete, and goes
// at once, when every root field that loads something has asked for it; only one
// that asks twice for the same, or for nothing, leaves a batch to wait.
const wait = 5 * time.Millisecond

// loader loads values by key, each once. It is safe for concurrent use once it is
// initialized.
//
// Where no more than one load is expected, as in most responses, nothing is batched: the
// caller reads for itself. A batch would cost it a goroutine, whose stack has to grow
// first, and a timer.
type loader[K comparable, V any] struct {
	read     func(context.Context, []K) ([]V, error)
	expected int

	mu    sync.Mutex
	batch *dataloadgen.Loader[K, V]         // made when it is first used; nil if nothing is batched
	one   loaded[K, V]                      // what was loaded first without a batch,
	once  map[K]func() (value V, err error) // and the rest, which hardly ever is anything
}

type loaded[K comparable, V any] struct {
	key  K
	load func() (value V, err error) // nil for none
}

// init prepares for so many loads.
func (l *loader[K, V]) init(read func(context.Context, []K) ([]V, error), expected int) {
	l.read, l.expected = read, expected
}

// load returns the value of a key, which others may be loading already.
func (l *loader[K, V]) load(ctx context.Context, key K) (V, error) {
	l.mu.Lock()
	if l.expected > 1 {
		batch := l.batches()
		l.mu.Unlock()
		return batch.Load(ctx, key)
	}
	load := l.known(key)
	if load == nil {
		load = sync.OnceValues(func() (V, error) { return l.single(ctx, key) })
		l.remember(key, load)
	}
	l.mu.Unlock()
	return load()
}

func (l *loader[K, V]) single(ctx context.Context, key K) (value V, err error) {
	found, err := l.read(ctx, []K{key})
	if err != nil {
		return value, err
	}
	return found[0], nil
}

// prime sets the value of a key, unless it is known already.
func (l *loader[K, V]) prime(key K, value V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.expected > 1 {
		l.batches().Prime(key, value)
		return
	}
	if l.known(key) == nil {
		l.remember(key, func() (V, error) { return value, nil })
	}
}

// known is how a key was loaded; nil if it was not. l is locked.
func (l *loader[K, V]) known(key K) func() (V, error) {
	if l.one.load != nil && l.one.key == key {
		return l.one.load
	}
	return l.once[key]
}

func (l *loader[K, V]) remember(key K, load func() (V, error)) {
	if l.one.load == nil {
		l.one = loaded[K, V]{key, load}
		return
	}
	if l.once == nil {
		l.once = map[K]func() (V, error){}
	}
	l.once[key] = load
}

// batches makes the loader of batches. l is locked.
func (l *loader[K, V]) batches() *dataloadgen.Loader[K, V] {
	if l.batch == nil {
		l.batch = dataloadgen.NewLoader(func(ctx context.Context, keys []K) ([]V, []error) {
			found, err := l.read(ctx, keys)
			if err != nil {
				return nil, []error{err} // that of every key
			}
			return found, nil
		}, dataloadgen.WithWait(wait), dataloadgen.WithBatchCapacity(l.expected))
	}
	return l.batch
}
