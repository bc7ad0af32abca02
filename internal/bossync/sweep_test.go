package bossync

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestAProblemThatLastsIsLoggedOnce has sweeps skip the same records: which of them the problem names must not depend on chance.
func TestAProblemThatLastsIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	s := New(nil, Options{Interval: time.Second, Log: slog.New(slog.NewTextHandler(&log, nil))})
	f := &follower{unfit: map[string]unfit{"x1": {why: "too long"}, "x2": {why: "too long"}, "x3": {why: "no"}}, tenants: &tenants{}}
	for range 50 {
		f.problem = f.unfitness()
		s.report(f, time.Now(), time.Second, nil)
	}
	if n := strings.Count(log.String(), "skipped records"); n != 1 {
		t.Errorf("%d lines of the log in 50 sweeps with the same three records", n)
	}
}

// TestWhatMakesStatusesStaleIsShownFirst has several problems at once: the one for which statuses are stale is shown, and not
// those that last beside it.
func TestWhatMakesStatusesStaleIsShownFirst(t *testing.T) {
	for _, test := range []struct {
		member  bool
		tenants error
		problem string
	}{
		{true, nil, `3 records from BOS can't be kept as they are, that of "x1" among them: why 1`},
		{true, errors.New("no tenants"), `3 records from BOS can't be kept as they are, that of "x1" among them: why 1`},
		{false, &bos.Error{Code: bos.Unavailable, Message: "no tenants"}, "no tenants"},
		{false, nil, `BOS has changed the status of session "restless"`},
	} {
		f := &follower{
			log:      slog.New(slog.DiscardHandler),
			unfit:    map[string]unfit{"x0": {why: "why 0"}, "x1": {why: "why 1", member: test.member}},
			refused:  map[bos.SessionKey]string{{Name: "odd"}: "not stored"},
			sessions: map[bos.SessionKey]mirroredSession{{Name: "restless"}: {revisions: mostRevisions}},
		}
		if problem := f.worst(test.tenants); !strings.HasPrefix(problem, test.problem) || f.behind() != test.member {
			t.Errorf("%+v: the problem is %q, behind is %v", test, problem, f.behind())
		}
	}
}

// fullStore is a store that keeps nothing.
type fullStore struct{ Store }

func (fullStore) KeepComponents(context.Context, []bos.Component) (bos.BatchResult, error) {
	return bos.BatchResult{}, errors.New("Redis: not enough replicas")
}

// TestAFailureOfTheStoreIsNoReasonForSmallerPages has the store fail, and not BOS.
func TestAFailureOfTheStoreIsNoReasonForSmallerPages(t *testing.T) {
	b := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case componentsPath:
			_, _ = w.Write([]byte(`[{"id":"x1"}]`))
		default:
			_, _ = w.Write([]byte(`[]`))
		}
	}))
	defer b.Close()
	f := &follower{bos: newClient(Service{URL: b.URL, Timeout: time.Second}), tenants: &tenants{}, store: fullStore{}, log: slog.New(slog.DiscardHandler),
		now: time.Now, interval: time.Second, pager: newPager(50000), components: map[string]mirrored{}, sessions: map[bos.SessionKey]mirroredSession{}, unfit: map[string]unfit{}, refused: map[bos.SessionKey]string{}}
	for range 9 {
		if f.sweep(t.Context()) == nil {
			t.Fatal("the sweep has not failed")
		}
	}
	if f.pager.size != 50000 {
		t.Errorf("pages of %d after sweeps that failed at the store", f.pager.size)
	}
}
