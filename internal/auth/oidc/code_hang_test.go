package oidc

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"
)

// hanging is a provider that does not answer: each question takes as long as one may.
type hanging struct {
	asked int
	now   time.Time
}

func (h *hanging) RoundTrip(*http.Request) (*http.Response, error) {
	h.asked++
	h.now = h.now.Add(fetchTimeout)
	return nil, context.DeadlineExceeded
}

// TestLoginsDoNotQueueForAProviderThatHangs begins logins one after the other, as those that come together do under the lock: the
// failure of the first counts for the next, also if it took as long as it counts.
func TestLoginsDoNotQueueForAProviderThatHangs(t *testing.T) {
	h := &hanging{now: time.Now()}
	v, err := New(Options{Issuers: []Issuer{{Name: "https://provider.example"}}, Audiences: []string{"bosgraph"}, Claims: Generic(),
		Transport: h, Now: func() time.Time { return h.now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	login := v.NewLogin("bosgraph", "")
	for range 20 {
		if _, _, err := login.Begin(t.Context(), "https://here.example", false); err == nil {
			t.Error("a login has begun at a provider that does not answer")
		}
	}
	if h.asked != 1 {
		t.Errorf("20 logins asked %d times, %v each", h.asked, fetchTimeout)
	}
}
