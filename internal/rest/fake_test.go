package rest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// fake is a store in memory.
type fake struct {
	sessions   []*bos.Session // newest first
	components []bos.Component
	owners     map[string][]string // tenants by component
	err        error               // of every read, once pages have been answered
	pages      int
	largest    int   // page that was asked for
	groups     []int // how many error groups each read was asked for
	room       int   // for so many groups in one read; 0 for any number
	changing   bool  // every read is of another revision
}

func (f *fake) fail() error {
	if f.pages > 0 {
		f.pages--
		return nil
	}
	return f.err
}

func (f *fake) Ping(context.Context) error { return f.err }

func (f *fake) ReadSessions(_ context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	found := make([]*bos.Session, len(reads))
	for i, r := range reads {
		for _, s := range f.sessions {
			if s.SessionKey == r.SessionKey && found[i] == nil {
				found[i] = f.whole(s, r.Want, r.GroupsFrom)
			}
		}
	}
	return found, f.fail()
}

// whole is a session with all that is wanted, and no more.
func (f *fake) whole(s *bos.Session, want bos.Want, from int) *bos.Session {
	c := *s
	if !want.Details {
		c.Details = nil
	}
	if want.Status {
		st := &bos.Status{Session: &c, Timing: bos.Timing{StartTime: s.StartTime, EndTime: s.EndTime}}
		st.Tally, st.Errors = bos.Summarize(s.SessionKey, f.components, func(id string) bool {
			return slices.Contains(f.owners[id], s.Tenant)
		})
		st.GroupCount = len(st.Errors)
		st.Errors = st.Errors[min(from, len(st.Errors)):]
		st.Errors = st.Errors[:min(len(st.Errors), want.Groups)]
		if f.room > 0 {
			st.Errors = st.Errors[:min(len(st.Errors), f.room)]
		}
		f.groups = append(f.groups, want.Groups)
		if f.changing {
			st.Revision = int64(len(f.groups))
		}
		c.Status = st
	}
	return &c
}

func (f *fake) ListSessions(_ context.Context, filter bos.SessionFilter, page bos.Page, want bos.Want, _ bool) (*bos.List[*bos.Session], error) {
	list := &bos.List[*bos.Session]{}
	for i, s := range f.sessions {
		position := fmt.Sprintf("%03d", i)
		early := filter.StartedAfter != nil && s.StartTime <= *filter.StartedAfter
		late := filter.StartedBefore != nil && s.StartTime >= *filter.StartedBefore
		switch {
		case position <= page.After, early, late, !filter.Match(s):
		case len(list.Items) == page.First:
			list.More = true
		default:
			list.Items, list.Positions = append(list.Items, f.whole(s, want, 0)), append(list.Positions, position)
		}
	}
	return list, f.fail()
}

func (f *fake) ReadComponents(_ context.Context, ids []string, _ bool) ([]*bos.Component, error) {
	found := make([]*bos.Component, len(ids))
	for i := range f.components {
		if at := slices.Index(ids, f.components[i].ID); at >= 0 {
			found[at] = &f.components[i]
		}
	}
	return found, f.fail()
}

func (f *fake) ListComponents(_ context.Context, _ *bos.MembersOf, filter bos.ComponentFilter, page bos.Page, _, _ bool) (*bos.List[*bos.Component], error) {
	f.largest = max(f.largest, page.First)
	if err := filter.Check(); err != nil {
		return nil, err
	}
	list := &bos.List[*bos.Component]{}
	for i := range f.components {
		c := &f.components[i]
		switch {
		case c.ID <= page.After, !filter.Match(c), filter.Owner != nil && !slices.Contains(f.owners[c.ID], *filter.Owner):
		case len(list.Items) == page.First:
			list.More = true
		default:
			list.Items, list.Positions = append(list.Items, c), append(list.Positions, c.ID)
		}
	}
	return list, f.fail()
}

func (f *fake) Owns(_ context.Context, tenant string, ids []string) ([]bool, error) {
	owns := make([]bool, len(ids))
	for i, id := range ids {
		owns[i] = slices.Contains(f.owners[id], tenant)
	}
	return owns, nil
}

func (f *fake) KnowsTenant(_ context.Context, name string) (bool, error) {
	for _, owners := range f.owners {
		if slices.Contains(owners, name) {
			return true, nil
		}
	}
	return false, nil
}

// furnished has a bit of everything.
func furnished() *fake {
	three := 3
	at := func(t string) bos.Time { return bos.Time("2026-11-22T" + t) }
	artifacts := bos.BootArtifacts{Kernel: "s3://k", KernelParameters: "a=<b> & c", Initrd: "s3://i"}
	f := &fake{
		sessions: []*bos.Session{
			{
				SessionKey: bos.SessionKey{Name: "new"}, Operation: bos.OperationBoot, TemplateName: "compute", Stage: true,
				State: bos.StatePending, StartTime: at("09:59:59"), Details: &bos.SessionDetails{},
			},
			{
				SessionKey: bos.SessionKey{Name: "night"}, Operation: bos.OperationReboot, TemplateName: "compute", IncludeDisabled: true,
				State: bos.StateRunning, StartTime: at("09:00:00"), Details: &bos.SessionDetails{Limit: "x1,&Compute", InitialComponents: "x1,x2,x3"},
			},
			{
				SessionKey: bos.SessionKey{Tenant: "blue", Name: "night"}, Operation: bos.OperationReboot, TemplateName: "blue",
				State: bos.StateRunning, StartTime: at("08:00:00.25"), Details: &bos.SessionDetails{},
			},
			{
				SessionKey: bos.SessionKey{Name: "gone"}, Operation: bos.OperationBoot, TemplateName: "compute", Deleted: true,
				State: bos.StateComplete, StartTime: at("07:00:00"), EndTime: at("07:01:00"), Details: &bos.SessionDetails{},
			},
			{
				SessionKey: bos.SessionKey{Name: "broken"}, Operation: bos.OperationShutdown, TemplateName: "none",
				State: bos.StateComplete, StartTime: "2026-11-20T07:00:00", EndTime: "2026-11-21T09:03:04",
				Details: &bos.SessionDetails{Error: "the template \"none\" is not there"},
			},
			{
				SessionKey: bos.SessionKey{Name: "3d2e86d1-8909-46fc-8a22-f42f1a140264"}, Operation: bos.OperationBoot, TemplateName: "sample",
				State: bos.StateComplete, StartTime: "2022-08-22T16:50:50", EndTime: "2022-08-22T16:51:10", Details: &bos.SessionDetails{},
			},
		},
		components: []bos.Component{
			{ID: "x1", Enabled: true, Session: "night", StatusRecord: bos.StatusRecord{Phase: bos.PhasePoweringOn}, RetryPolicy: &three,
				DesiredState: &bos.DesiredState{BootArtifacts: artifacts, Configuration: "c", BSSToken: "t", LastUpdated: at("09:00:01")},
				ActualState:  &bos.ActualState{BootArtifacts: artifacts, BSSToken: "t", LastUpdated: at("09:00:02.5Z")},
				StagedState:  &bos.StagedState{Session: "new", Configuration: "c2"},
				LastAction:   &bos.LastAction{Action: bos.ActionPoweringOn, LastUpdated: at("09:00:03")},
				EventStats:   &bos.EventStats{PowerOnAttempts: 1, PowerOffGracefulAttempts: 2, PowerOffForcefulAttempts: 3}},
			{ID: "x2", Session: "night", Error: "it broke: <ä>", StatusRecord: bos.StatusRecord{Phase: "melting"}},
			{ID: "x3", Session: "night", Error: "it broke: <ä>", StatusRecord: bos.StatusRecord{Override: bos.OverrideFailed}},
			{ID: "x3000c0s13b0n0", Session: "3d2e86d1-8909-46fc-8a22-f42f1a140264", Error: "Sample error message",
				StatusRecord: bos.StatusRecord{Override: bos.OverrideFailed}},
			{ID: "x4", Enabled: true, StatusRecord: bos.StatusRecord{Phase: bos.PhaseConfiguring, Override: bos.OverrideOnHold}},
		},
		owners: map[string][]string{"x2": {"blue"}, "x4": {"blue", "green"}},
	}
	for i := range 12 {
		f.components = append(f.components, bos.Component{ID: fmt.Sprintf("x5%02d", i), Session: "night", Error: "no answer"})
	}
	return f
}

// many is a fake with so many components, all of one session.
func many(n int) *fake {
	f := &fake{}
	for i := range n {
		f.components = append(f.components, bos.Component{ID: fmt.Sprintf("x%05d", i), Session: "s", Error: strings.Repeat("e", 200)})
	}
	return f
}
