package rest

import (
	"net/http"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// status answers with a session's status. It reads what the store has counted, not
// the components, and of the error groups the ten ids that are shown: it takes the same time
// however many components there are.
func (h *handler) status(w http.ResponseWriter, r *request) error {
	found, err := h.readStatus(r)
	if err != nil {
		return err
	}
	if saved := found.Status.Saved; saved != nil { // byte for byte what BOS answered
		b := newBody(w)
		b.buffer.WriteString(saved.Text)
		b.finish()
		return nil
	}
	return send(w, statusOf(found.Status, h.Now()))
}

// status is what BOS calls a session's extended status.
type status struct {
	ErrorSummary           map[string]errorGroup `json:"error_summary"`
	ManagedComponentsCount int                   `json:"managed_components_count"`
	PercentFailed          percent               `json:"percent_failed"`
	PercentStaged          percent               `json:"percent_staged"`
	PercentSuccessful      percent               `json:"percent_successful"`
	Phases                 phases                `json:"phases"`
	Status                 bos.State             `json:"status"`
	Timing                 timing                `json:"timing"`
}

type errorGroup struct {
	Count int    `json:"count"`
	List  string `json:"list"`
}

type phases struct {
	PercentComplete    percent `json:"percent_complete"`
	PercentConfiguring percent `json:"percent_configuring"`
	PercentPoweringOff percent `json:"percent_powering_off"`
	PercentPoweringOn  percent `json:"percent_powering_on"`
}

type timing struct {
	Duration  string    `json:"duration"`
	EndTime   *bos.Time `json:"end_time"`
	StartTime bos.Time  `json:"start_time"`
}

func statusOf(s *bos.Status, now time.Time) status {
	// By message, as BOS has them: two groups of one text, which pieces of several moments can
	// have, become one.
	p := s.Phases()
	groups := make(map[string]errorGroup, len(s.Errors))
	for i := range s.Errors {
		groups[s.Errors[i].Message] = errorGroup{s.Errors[i].Count, s.Errors[i].List()}
	}
	return status{
		ErrorSummary: groups, ManagedComponentsCount: s.Managed(),
		PercentFailed: percent(s.PercentFailed()), PercentStaged: percent(s.PercentStaged()), PercentSuccessful: percent(s.PercentSuccessful()),
		Phases: phases{
			percent(p.PercentComplete), percent(p.PercentConfiguring), percent(p.PercentPoweringOff), percent(p.PercentPoweringOn),
		},
		Status: s.State(), Timing: timingOf(s.Timing, now),
	}
}

// timingOf writes the duration in the form of Python's timedelta, which clients of BOS parse.
func timingOf(t bos.Timing, now time.Time) timing {
	took, _ := bos.TimingOf(t.StartTime, t.EndTime, now) // of a start that can't be read: 0
	return timing{bos.BOSDurationText(took.Duration), orNull(t.EndTime), t.StartTime}
}
