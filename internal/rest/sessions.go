package rest

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// How many sessions are listed at a time, and how many are read whole: few, for each
// may bring the names of 100,000 components.
const (
	sessionsPage = 500
	wholeAtOnce  = 20
)

// sessions lists sessions, newest first. BOS: in no order.
func (h *handler) sessions(w http.ResponseWriter, r *http.Request) error {
	f, err := h.sessionFilter(r.URL.Query())
	if err != nil {
		return err
	}
	if tenant := tenantOf(r); tenant != "" {
		f.Tenant = &tenant
	}
	return stream(h, w, r, h.sessionPages(r.Context(), f))
}

// sessionPages reads the sessions that pass, but for those that are history: BOS
// has forgotten them.
func (h *handler) sessionPages(ctx context.Context, f bos.SessionFilter) iter.Seq2[[]session, error] {
	return func(yield func([]session, error) bool) {
		for page := (bos.Page{First: sessionsPage}); ; {
			list, err := h.store.ListSessions(ctx, f, page, bos.Want{}, false)
			if err != nil {
				yield(nil, err)
				return
			}
			for part := range slices.Chunk(list.Items, wholeAtOnce) {
				whole, err := h.whole(ctx, part)
				if !yield(whole, err) || err != nil {
					return
				}
			}
			if !list.More {
				return
			}
			page.After = list.Positions[len(list.Positions)-1]
		}
	}
}

// whole reads sessions whole, but for those that have gone.
func (h *handler) whole(ctx context.Context, listed []*bos.Session) ([]session, error) {
	reads := make([]bos.SessionRead, len(listed))
	for i, s := range listed {
		reads[i] = bos.SessionRead{SessionKey: s.SessionKey, Incarnation: s.Incarnation, Want: bos.Want{Details: true, Initial: true}}
	}
	found, err := h.store.ReadSessions(ctx, reads)
	if err != nil {
		return nil, err
	}
	var whole []session
	for _, s := range found {
		if s != nil && !s.Deleted {
			whole = append(whole, sessionOf(s))
		}
	}
	return whole, nil
}

// sessionFilter reads the parameters of a list. A session passes whose age is
// exactly the one given.
func (h *handler) sessionFilter(q url.Values) (f bos.SessionFilter, err error) {
	if q.Has("status") {
		state := bos.State(q.Get("status"))
		switch state {
		case bos.StatePending, bos.StateRunning, bos.StateComplete:
		default:
			return f, badRequest("'%s' is not one of ['pending', 'running', 'complete']", state)
		}
		f.Status = &state
	}
	if f.StartedBefore, err = h.started(q, "min_age", time.Microsecond); err != nil {
		return f, err
	}
	f.StartedAfter, err = h.started(q, "max_age", -time.Microsecond)
	return f, err
}

// ages are the ages that can be asked for: a number and a unit, of which the first
// letter counts. BOS: _age_to_timestamp, which searches the text for every unit; what
// has several, or none, gives ages that nobody has asked for, and is refused here.
var ages = regexp.MustCompile(`(?i)^(?:0|([0-9]{1,7})(m|h|d|w)[a-z]*)$`)

// started is when sessions of the age that a parameter names were started, moved by
// an instant; nil if it is not there.
func (h *handler) started(q url.Values, parameter string, by time.Duration) (*bos.Time, error) {
	if !q.Has(parameter) {
		return nil, nil
	}
	text := q.Get(parameter)
	match := ages.FindStringSubmatch(text)
	if match == nil {
		return nil, badRequest("Error parsing age field: '%s' is no age: write a number of minutes, hours, days or weeks, as 90m, 6h, 1d or 2w", text)
	}
	minutes := map[string]int64{"": 0, "m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}[strings.ToLower(match[2])]
	number, _ := strconv.ParseInt(match[1], 10, 64) // no digits for 0
	now := h.Now()
	at := time.Unix(max(now.Unix()-number*minutes*60, 0), int64(now.Nanosecond())).UTC().Add(by)
	t := bos.Time(at.Format("2006-01-02T15:04:05.000000"))
	return &t, nil
}

// session answers with one session's record.
func (h *handler) session(w http.ResponseWriter, r *http.Request) error {
	found, err := h.readSession(r, bos.Want{Details: true, Initial: true})
	if err != nil {
		return err
	}
	return send(w, sessionOf(found))
}

// readSession reads the session that a path names.
func (h *handler) readSession(r *http.Request, want bos.Want) (*bos.Session, error) {
	key := bos.SessionKey{Tenant: tenantOf(r), Name: r.PathValue("id")}
	if key.Check() != nil { // so there is none
		return nil, noSession(key.Tenant, key.Name)
	}
	found, err := h.store.ReadSessions(r.Context(), []bos.SessionRead{{SessionKey: key, Want: want}})
	if err != nil {
		return nil, err
	}
	if found[0] == nil || found[0].Deleted {
		return nil, noSession(key.Tenant, key.Name)
	}
	return found[0], nil
}

// session is BOS's record of a session.
type session struct {
	Components      string        `json:"components"`
	IncludeDisabled bool          `json:"include_disabled"`
	Limit           string        `json:"limit"`
	Name            string        `json:"name"`
	Operation       bos.Operation `json:"operation"`
	Stage           bool          `json:"stage"`
	Status          sessionStatus `json:"status"`
	TemplateName    string        `json:"template_name"`
	Tenant          *string       `json:"tenant"`
}

type sessionStatus struct {
	EndTime   *bos.Time `json:"end_time"`
	Error     *string   `json:"error"`
	StartTime bos.Time  `json:"start_time"`
	Status    bos.State `json:"status"`
}

func sessionOf(s *bos.Session) session {
	return session{
		Components: s.Details.InitialComponents, IncludeDisabled: s.IncludeDisabled, Limit: s.Details.Limit,
		Name: s.Name, Operation: s.Operation, Stage: s.Stage, TemplateName: s.TemplateName, Tenant: orNull(s.Tenant),
		Status: sessionStatus{
			EndTime: orNull(s.EndTime), Error: orNull(s.Details.Error), StartTime: s.StartTime, Status: s.State,
		},
	}
}

// orNull makes null of an empty text.
func orNull[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}
