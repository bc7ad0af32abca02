package bosfake

import (
	"crypto/sha1"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// session is a stored record, and the status that BOS has saved of it.
type session struct {
	key   bos.SessionKey
	text  []byte // as it is answered; never written to
	saved []byte // nil until it is
	live  int    // so many reads of a complete one until it is; 0 for never
}

// seenSession is what BOS looks at in a session's record.
type seenSession struct {
	Tenant string
	Stage  bool
	Status struct {
		Status    *bos.State
		StartTime bos.Time `json:"start_time"`
		EndTime   bos.Time `json:"end_time"`
	}
}

func (s *session) seen() (seen seenSession) {
	_ = json.Unmarshal(s.text, &seen)
	return seen
}

func (s seenSession) is(state bos.State) bool {
	return s.Status.Status != nil && *s.Status.Status == state
}

func (b *BOS) getSessions(r *http.Request, fault *Fault) answer {
	q, tenant := parameters(r), tenantOf(r)
	state := bos.State(q.Get("status"))
	newest, oldest := b.ago(q.Get("min_age")), b.ago(q.Get("max_age"))
	var items [][]byte
	for _, s := range b.inOrder() {
		seen := s.seen()
		started, err := seen.Status.StartTime.UTC()
		late := newest != nil && (err != nil || started.After(*newest))
		early := oldest != nil && (err != nil || started.Before(*oldest))
		other := tenant != "" && seen.Tenant != tenant || state != "" && !seen.is(state)
		if !late && !early && !other && !fault.lacks(s.key.Name) {
			items = append(items, s.text)
		}
	}
	return list(items)
}

// inOrder is all sessions in BOS's order: by the hashes of tenant and name, which is
// as good as none.
func (b *BOS) inOrder() []*session {
	hash := func(s string) string {
		sum := sha1.Sum([]byte(s))
		return string(sum[:])
	}
	return slices.SortedFunc(maps.Values(b.sessions), func(x, y *session) int {
		return strings.Compare(hash(x.key.Tenant)+hash(x.key.Name), hash(y.key.Tenant)+hash(y.key.Name))
	})
}

// ago is the time of an age that was checked, nil for none.
func (b *BOS) ago(age string) *time.Time {
	if age == "" {
		return nil
	}
	number, _ := strconv.ParseInt(strings.TrimRight(age, "mMhHdDwW"), 10, 64)
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	// In seconds, as a number of weeks that BOS accepts may be more than a Duration holds.
	seconds := number * int64(unit[strings.ToLower(age[len(age)-1:])]/time.Second)
	at := b.Now().UTC()
	at = time.Unix(at.Unix()-seconds, int64(at.Nanosecond())).UTC()
	return &at
}

func (b *BOS) getSession(r *http.Request, _ *Fault) answer {
	if s := b.asked(r); s != nil {
		return object(s.text)
	}
	return noSession(r)
}

// asked is the session that a path names. BOS: without a tenant, one of nobody.
func (b *BOS) asked(r *http.Request) *session {
	return b.sessions[bos.SessionKey{Tenant: tenantOf(r), Name: r.PathValue("id")}]
}

func noSession(r *http.Request) answer {
	what := "Session"
	if tenant := tenantOf(r); tenant != "" {
		what += " for tenant '" + tenant + "'"
	}
	return notFound(what, r.PathValue("id"))
}

// getStatus answers with the saved status of a complete session, if there is one, and
// computes it otherwise.
func (b *BOS) getStatus(r *http.Request, _ *Fault) answer {
	s := b.asked(r)
	if s == nil {
		return noSession(r)
	}
	complete := s.seen().is(bos.StateComplete)
	if complete && s.saved != nil {
		return object(s.saved)
	}
	text, err := b.status(s)
	if err != nil {
		return problem(http.StatusInternalServerError, "Internal Server Error", "%v", err)
	}
	if complete && s.live > 0 {
		// What this very read is answered is what is saved, as BOS saves what it computes.
		if s.live--; s.live == 0 {
			s.saved = text
		}
	}
	a := object(text)
	// BOS reads every component twice for a status.
	a.scanned = 2 * len(b.components)
	return a
}

// status computes a session's status from all components. What BOS breaks on is an
// error: a tenant that TAPMS does not know, a start that is no time.
func (b *BOS) status(s *session) ([]byte, error) {
	owns, known := b.ownedBy(s.key.Tenant)
	if !known {
		return nil, bos.Errorf(bos.NotFound, "Data not found for tenant %s", s.key.Tenant)
	}
	seen := s.seen().Status
	timing, err := bos.TimingOf(seen.StartTime, seen.EndTime, b.Now().UTC())
	if err != nil {
		return nil, err
	}
	var components []bos.Component
	for _, c := range b.components {
		if c.seen.Session == s.key.Name || c.seen.StagedSession() == s.key.Name {
			components = append(components, c.seen)
		}
	}
	tally, groups := bos.Summarize(s.key, components, owns)
	is := bos.Status{Tally: tally}
	phases, errors := is.Phases(), Record{}
	for _, g := range groups {
		errors[g.Message] = Record{"count": g.Count, "list": g.List()}
	}
	answered := Record{
		"error_summary": errors, "managed_components_count": is.Managed(), "percent_failed": percent(is.PercentFailed()),
		"percent_staged": percent(is.PercentStaged()), "percent_successful": percent(is.PercentSuccessful()),
		"phases": Record{
			"percent_complete": percent(phases.PercentComplete), "percent_configuring": percent(phases.PercentConfiguring),
			"percent_powering_off": percent(phases.PercentPoweringOff), "percent_powering_on": percent(phases.PercentPoweringOn),
		},
		"timing": Record{"start_time": timing.StartTime, "end_time": nil, "duration": bos.BOSDurationText(timing.Duration)},
	}
	if seen.Status != nil {
		answered["status"] = *seen.Status
	}
	if timing.EndTime != "" {
		answered["timing"].(Record)["end_time"] = timing.EndTime
	}
	return encode(answered), nil
}

func getVersion(r *http.Request, _ *Fault) answer {
	root := rootOf(r)
	return object(encode(Record{
		"links": []Record{{"href": root + "/", "rel": "self"}, {"href": root + "/v2", "rel": "versions"}},
		"major": "2", "minor": "50", "patch": "0",
	}))
}

func rootOf(r *http.Request) string { return "http://" + r.Host }

// getVersions answers at BOS's root: the versions of its API.
func getVersions(r *http.Request, _ *Fault) answer {
	return object(encode([]Record{{
		"links": []Record{{"href": rootOf(r) + "/", "rel": "self"}}, "major": "2", "minor": "50", "patch": "0",
	}}))
}

// getNothing answers where BOS has no such path, in the words of Werkzeug.
func getNothing(*http.Request, *Fault) answer {
	return problem(http.StatusNotFound, "Not Found",
		"The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.")
}

func getHealthz(*http.Request, *Fault) answer {
	return object([]byte(`{"apiStatus": "ok", "dbStatus": "ok"}`))
}
