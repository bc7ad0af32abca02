package cache

import (
	"strings"
	"sync"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// recent are the records that this store has written last, so that the next change of them need not read them: mostly one producer
// reports the same components again and again, and is the only one that does. What is remembered is never believed: the script
// compares its version, as it does with what was read. So a change of a record that another has written meanwhile is decided again.
type recent struct {
	mu      sync.Mutex
	epoch   string             // of all of them
	values  map[string]*string // as they are stored, by id
	size    int                // of all, in bytes
	doubted time.Time          // when one was found to be out of date

	templates map[bos.SessionKey]string // of the sessions that failures were noted for last
}

const (
	// maxRecent is how many bytes are remembered: the records of more than 100,000 components.
	maxRecent = 32 << 20
	// maxTemplates is how many sessions' templates are remembered.
	maxTemplates = 10_000
	// recentBytes is about what a record takes besides its text and its id.
	recentBytes = 100
	// doubtful is for how long nothing is recalled after a record was out of date: where several servers write the same components,
	// to read them costs less than to be wrong.
	doubtful = time.Second
)

// recall returns the values of all ids, in their order, and the epoch that they are of; false if not all are remembered.
func (r *recent) recall(ids []string) (values []string, epoch string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.values) < len(ids) || time.Since(r.doubted) < doubtful {
		return nil, "", false
	}
	values = make([]string, len(ids))
	for i, id := range ids {
		value := r.values[id]
		if value == nil {
			return nil, "", false
		}
		values[i] = *value
	}
	return values, r.epoch, true
}

// remember keeps what a change has written in an epoch; "" is for one that depends on none, and keeps nothing. A change of no
// component, as of a session, leaves everything as it is.
func (r *recent) remember(written []versioned, epoch string) {
	if len(written) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch != r.epoch || epoch == "" {
		r.forget()
		r.epoch = epoch
	}
	for i := range written {
		switch v, known := &written[i], r.values[written[i].id]; {
		case v.value == "" || epoch == "":
			r.drop(v.id)
		case known != nil:
			r.size += len(v.value) - len(*known)
			*known = strings.Clone(v.value) // alone, and not as a part of the whole batch's
		default:
			value := strings.Clone(v.value)
			r.values[v.id] = &value
			r.size += recentBytes + len(v.id) + len(value)
		}
	}
	for id := range r.values { // in no order: of a system that is too large, some are known
		if r.size <= maxRecent {
			break
		}
		r.drop(id)
	}
}

// doubt forgets everything, because something has changed that is not known here.
func (r *recent) doubt() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	r.doubted = time.Now()
}

func (r *recent) forget() { r.values, r.size, r.templates = map[string]*string{}, 0, nil }

// recallTemplates puts in the templates of the sessions of scopes; false if not all are remembered.
func (r *recent) recallTemplates(of newest) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range of {
		template := r.templates[key]
		if template == "" {
			return false
		}
		of[key] = &named{template: template}
	}
	return true
}

// rememberTemplates keeps those of sessions. Where there is none it is read again: that looks like a template without a name.
func (r *recent) rememberTemplates(of newest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.templates == nil || len(r.templates)+len(of) > maxTemplates {
		r.templates = map[bos.SessionKey]string{}
	}
	for key, one := range of {
		if one != nil {
			r.templates[key] = one.template
		}
	}
}

func (r *recent) drop(id string) {
	if value := r.values[id]; value != nil {
		delete(r.values, id)
		r.size -= recentBytes + len(id) + len(*value)
	}
}
