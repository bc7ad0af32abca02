package cache

import (
	"sync"
	"time"
)

// recent are the records that this store has written last, so that the next change of them need not read them: a producer that
// reports the same components again and again is the only one that writes them. What is remembered is never believed: the script
// compares its version, as it does with what was read. So a change of a record that another has written meanwhile is decided again.
type recent struct {
	mu         sync.Mutex
	epoch      string            // of all of them
	young, old map[string]string // stored values by id; the old ones are forgotten when there are too many young ones
	size       int               // of the young ones, in bytes
	doubted    time.Time         // when one was found to be out of date
}

const (
	// maxRecent is how many bytes of records are remembered, half of them young.
	maxRecent = 32 << 20
	// recentBytes is about what one takes besides its text and its id.
	recentBytes = 100
	// doubtful is for how long nothing is recalled after a record was out of date: where several servers write the same components,
	// reading them is cheaper than to be wrong.
	doubtful = time.Second
)

// recall returns the values of all ids, in their order, and the epoch that they are of; false if not all are remembered.
func (r *recent) recall(ids []string) (values []string, epoch string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young)+len(r.old) < len(ids) || time.Since(r.doubted) < doubtful {
		return nil, "", false
	}
	values = make([]string, len(ids))
	for i, id := range ids {
		if values[i], ok = r.young[id]; !ok {
			if values[i], ok = r.old[id]; !ok {
				return nil, "", false
			}
		}
	}
	return values, r.epoch, true
}

// remember keeps what a change has written in an epoch.
func (r *recent) remember(written []versioned, epoch string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch != r.epoch {
		r.forget()
		r.epoch = epoch
	}
	if epoch == "" {
		return
	}
	for _, v := range written {
		delete(r.old, v.id)
		if v.value == "" {
			delete(r.young, v.id)
			continue
		}
		if _, known := r.young[v.id]; !known {
			r.size += recentBytes + len(v.id) + len(v.value)
		}
		r.young[v.id] = v.value
	}
	if r.size > maxRecent/2 {
		r.young, r.old, r.size = map[string]string{}, r.young, 0
	}
}

// doubt forgets everything, because something has changed that is not known here.
func (r *recent) doubt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	r.doubted = time.Now()
}

func (r *recent) forget() { r.young, r.old, r.size = map[string]string{}, map[string]string{}, 0 }
