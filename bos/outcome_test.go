package bos_test

import (
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// A session's outcome agrees with the percentages that BOS saved, and with the counts behind them where those
// are of the same components: a percentage of many hides a single one.
func TestOutcome(t *testing.T) {
	saved := func(managed int, successful, failed float64) *bos.SavedStatus {
		return &bos.SavedStatus{Managed: managed, Successful: successful, Failed: failed}
	}
	for name, c := range map[string]struct {
		tally    bos.Tally
		saved    *bos.SavedStatus
		want     bos.Outcome
		failures bool
	}{
		"all successful":                     {bos.Tally{Managed: 4, Successful: 4}, nil, bos.OutcomeSuccessful, false},
		"one failed":                         {bos.Tally{Managed: 4, Successful: 3, Failed: 1}, nil, bos.OutcomeFailed, true},
		"one of many failed":                 {bos.Tally{Managed: 30000, Successful: 29999, Failed: 1}, nil, bos.OutcomeFailed, true},
		"one of many is not done":            {bos.Tally{Managed: 30000, Successful: 29999}, nil, bos.OutcomeIncomplete, false},
		"no component":                       {bos.Tally{}, nil, bos.OutcomeEmpty, false},
		"saved: all successful":              {bos.Tally{Managed: 4, Successful: 4}, saved(4, 100, 0), bos.OutcomeSuccessful, false},
		"saved: one of many failed":          {bos.Tally{Managed: 30000, Successful: 29999, Failed: 1}, saved(30000, 100, 0), bos.OutcomeFailed, true},
		"saved: one of many is not done":     {bos.Tally{Managed: 30000, Successful: 29999}, saved(30000, 100, 0), bos.OutcomeIncomplete, false},
		"saved, then taken over: successful": {bos.Tally{}, saved(4, 100, 0), bos.OutcomeSuccessful, false},
		"saved, then taken over: failed":     {bos.Tally{}, saved(4, 75, 25), bos.OutcomeFailed, true},
		"saved, then taken over: not done":   {bos.Tally{}, saved(4, 75, 0), bos.OutcomeIncomplete, false},
		"saved, then some taken over":        {bos.Tally{Managed: 3, Successful: 2, Failed: 1}, saved(4, 100, 0), bos.OutcomeSuccessful, false},
		"saved, then one failed":             {bos.Tally{Managed: 4, Successful: 3, Failed: 1}, saved(4, 100, 0), bos.OutcomeSuccessful, false},
		"saved, then another one failed":     {bos.Tally{Managed: 4, Successful: 3, Failed: 1}, saved(4, 75, 0), bos.OutcomeIncomplete, false},
		"saved, then one of many failed":     {bos.Tally{Managed: 30000, Successful: 29000, Failed: 1}, saved(30000, 100, 0), bos.OutcomeSuccessful, false},
		"saved, then of fewer one failed":    {bos.Tally{Managed: 29999, Successful: 29998, Failed: 1}, saved(30000, 100, 0), bos.OutcomeSuccessful, false},
		"saved, then taken over: few failed": {bos.Tally{}, saved(1000, 99.9, 0.1), bos.OutcomeFailed, true},
		"saved without components":           {bos.Tally{}, saved(0, 0, 0), bos.OutcomeEmpty, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &bos.Session{State: bos.StateComplete, Details: &bos.SessionDetails{}}
			s.Status = &bos.Status{Session: s, Tally: c.tally, Saved: c.saved}
			if got := s.Outcome(); got != c.want {
				t.Errorf("it has ended %s, not %s", got, c.want)
			}
			if got := s.WithFailures(); got != c.failures {
				t.Errorf("with failures: %v, not %v", got, c.failures)
			}
		})
	}
}
