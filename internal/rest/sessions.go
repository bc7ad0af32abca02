package rest

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// How many sessions are listed at a time, and how many are read whole: few, for each
// may bring the names of 100,000 components, and fewer where they do.
const (
	sessionsPage = 500
	wholeAtOnce  = 20
)

// sessions lists sessions, newest first. BOS: in no order.
func (h *handler) sessions(w http.ResponseWriter, r *request) error {
	f := h.sessionFilter(r.query)
	if tenant := tenantOf(r.Request); tenant != "" {
		f.Tenant = &tenant
	}
	return stream(h, w, r, h.sessionPages(r.Context(), f))
}

// sessionPages reads the sessions that pass, but for those that are history: BOS
// has forgotten them.
func (h *handler) sessionPages(ctx context.Context, f bos.SessionFilter) iter.Seq2[[]sessionRecord, error] {
	return func(yield func([]sessionRecord, error) bool) {
		for page := (bos.Page{First: sessionsPage}); ; {
			list, err := h.store.ListSessions(ctx, f, page, bos.Want{}, false)
			if err != nil {
				yield(nil, err)
				return
			}
			for items, n := list.Items, wholeAtOnce; len(items) > 0; {
				n = min(n, len(items))
				whole, err := h.whole(ctx, items[:n], f)
				// Too many bytes: fewer at a time, down to one, which is answered however large it is.
				if n > 1 && bos.CodeOf(err) == bos.BadUserInput {
					n /= 2
					continue
				}
				if !yield(whole, err) || err != nil {
					return
				}
				items = items[n:]
			}
			if !list.More {
				return
			}
			page.After = list.Positions[len(list.Positions)-1]
		}
	}
}

// whole reads sessions whole, but for those that were deleted meanwhile, or pass no more.
func (h *handler) whole(ctx context.Context, listed []*bos.Session, f bos.SessionFilter) ([]sessionRecord, error) {
	reads := make([]bos.SessionRead, len(listed))
	for i, s := range listed {
		reads[i] = bos.SessionRead{SessionKey: s.SessionKey, Incarnation: s.Incarnation, Want: bos.Want{Details: true, Initial: true}}
	}
	if len(reads) > 1 { // one is answered however large it is
		ctx, _ = pageBounds.WithEffort(ctx)
	}
	found, err := h.store.ReadSessions(ctx, reads)
	if err != nil {
		return nil, err
	}
	var whole []sessionRecord
	for _, s := range found {
		if s != nil && !s.Deleted && f.Match(s) {
			whole = append(whole, sessionRecord{s})
		}
	}
	return whole, nil
}

// sessionFilter reads the parameters of a list, which have been checked. A session passes
// whose age is exactly the one given.
func (h *handler) sessionFilter(q map[string]string) (f bos.SessionFilter) {
	if text, ok := q["status"]; ok {
		state := bos.State(text)
		f.Status = &state
	}
	f.StartedBefore = h.started(q, "min_age", time.Microsecond)
	f.StartedAfter = h.started(q, "max_age", -time.Microsecond)
	return f
}

// started is when sessions of the age that a parameter names were started, moved by
// an instant; nil if it is not there.
func (h *handler) started(q map[string]string, parameter string, by time.Duration) *bos.Time {
	text, ok := q[parameter]
	if !ok {
		return nil
	}
	text = strings.ToLower(strings.TrimSpace(text))
	number, _ := strconv.ParseInt(strings.TrimRight(text, "mhdw"), 10, 64)
	minutes := map[byte]int64{'m': 1, 'h': 60, 'd': 24 * 60, 'w': 7 * 24 * 60}[text[len(text)-1]]
	now := h.Now()
	// No session is older than 1970. BOS: a date before the year 1 ends in 500.
	at := time.Unix(max(now.Unix()-number*minutes*60, 0), int64(now.Nanosecond())).UTC().Add(by)
	t := bos.Time(at.Format("2006-01-02T15:04:05.000000"))
	return &t
}

// session answers with one session's record.
func (h *handler) session(w http.ResponseWriter, r *request) error {
	found, err := h.readSession(r.Context(), r, bos.SessionRead{Want: bos.Want{Details: true, Initial: true}})
	if err != nil {
		return err
	}
	return send(w, sessionRecord{found})
}

// readSession reads of the session that a path names what read asks for.
func (h *handler) readSession(ctx context.Context, r *request, read bos.SessionRead) (*bos.Session, error) {
	key := bos.SessionKey{Tenant: tenantOf(r.Request), Name: r.id}
	if key.Check() != nil { // so there is none
		return nil, notFoundFor("Session", key.Tenant, key.Name)
	}
	read.SessionKey = key
	found, err := h.store.ReadSessions(ctx, []bos.SessionRead{read})
	if err != nil {
		return nil, err
	}
	if found[0] == nil || found[0].Deleted {
		return nil, notFoundFor("Session", key.Tenant, key.Name)
	}
	return found[0], nil
}

// sessionRecord is a session's record on its way out.
type sessionRecord struct{ *bos.Session }

// MarshalJSON writes it as BOS does.
func (r sessionRecord) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// orNull makes null of an empty text.
func orNull[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}
