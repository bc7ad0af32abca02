package bos

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// SavedStatus is a session's status as BOS itself has kept it since the session
// completed. It takes the place of what was counted here.
type SavedStatus struct {
	Text       string // BOS's answer, as it came; empty where it was not read
	Final      bool   // BOS was asked again after it had the time to save it
	Managed    int
	GroupCount int
	Staged     float64 // this and what follows in percent
	Successful float64
	Failed     float64
	Phases     Phases
}

// savedAnswer is BOS's answer, as far as it is looked into.
// BOS: api/openapi.yaml, V2SessionExtendedStatus.
type savedAnswer struct {
	Status  State `json:"status"`
	Managed int   `json:"managed_components_count"`
	Phases  struct {
		Complete    float64 `json:"percent_complete"`
		Configuring float64 `json:"percent_configuring"`
		PoweringOff float64 `json:"percent_powering_off"`
		PoweringOn  float64 `json:"percent_powering_on"`
	} `json:"phases"`
	Staged     float64 `json:"percent_staged"`
	Successful float64 `json:"percent_successful"`
	Failed     float64 `json:"percent_failed"`
	Errors     map[string]struct {
		Count int    `json:"count"`
		List  string `json:"list"`
	} `json:"error_summary"`
	Timing struct {
		Start string `json:"start_time"`
		End   string `json:"end_time"`
	} `json:"timing"`
}

// ParseSavedStatus reads what BOS answers to the question for the status of a
// session that is complete.
func ParseSavedStatus(text []byte) (*SavedStatus, error) {
	var a savedAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("BOS's status can't be read: %w", err)
	}
	if a.Status != StateComplete || a.Managed < 0 {
		return nil, fmt.Errorf("BOS's status is not that of a complete session: its status is %q", clip(string(a.Status)))
	}
	return &SavedStatus{
		Text: string(text), Managed: a.Managed, GroupCount: len(a.Errors),
		Staged: a.Staged, Successful: a.Successful, Failed: a.Failed,
		Phases: Phases{a.Phases.Complete, a.Phases.Configuring, a.Phases.PoweringOff, a.Phases.PoweringOn},
	}, nil
}

// Fingerprint is the same for two statuses that say the same. Which ten of a group's
// components BOS names is chance where there are more, so they do not count.
func (s *SavedStatus) Fingerprint() string {
	var a savedAnswer
	if err := json.Unmarshal([]byte(s.Text), &a); err != nil {
		return string(DigestOf(s.Text))
	}
	for message, g := range a.Errors {
		g.List = ""
		a.Errors[message] = g
	}
	canonical, _ := json.Marshal(a) // it always can: what was parsed has no NaN
	return string(DigestOf(string(canonical)))
}

// Groups are the largest error groups, as many as were asked for. BOS lists any ten
// of a group's components; they are put in order here.
func (s *SavedStatus) Groups(most int) ([]ErrorGroup, error) {
	var a savedAnswer
	if err := json.Unmarshal([]byte(s.Text), &a); err != nil {
		return nil, fmt.Errorf("the status that BOS has saved can't be read: %w", err)
	}
	groups := make([]ErrorGroup, 0, len(a.Errors))
	for message, g := range a.Errors {
		list, more := strings.CutSuffix(g.List, "...")
		ids := strings.Split(list, ",")
		slices.Sort(ids)
		list = strings.Join(ids, ",")
		if more {
			list += "..."
		}
		groups = append(groups, ErrorGroup{Digest: DigestOf(message), Message: message, Count: g.Count, Listed: list})
	}
	slices.SortFunc(groups, compareGroups)
	return groups[:min(len(groups), most)], nil
}

// compareGroups orders error groups: the largest first, then by message.
func compareGroups(a, b ErrorGroup) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(GroupKey(a.Message), GroupKey(b.Message)))
}
