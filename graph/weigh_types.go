package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
)

// weighComponents is a weigher of components that are selected under a path of the field
// being resolved.
func weighComponents(ctx context.Context, path ...string) *weigher[bos.Component] {
	op, sets := selectedSets(ctx, path)
	return newWeigher(op, sets, []string{"Component", "Node"}, componentTexts, "")
}

// weighSessions is the same for sessions. Lists under a session weigh for themselves.
func weighSessions(ctx context.Context, path ...string) *weigher[bos.Session] {
	op, sets := selectedSets(ctx, path)
	return newWeigher(op, sets, []string{"Session", "Node"}, sessionTexts, "status.session")
}

// weighComponentSessions is the same for a component's time in sessions.
func weighComponentSessions(ctx context.Context, path ...string) *weigher[bos.ComponentSession] {
	op, sets := selectedSets(ctx, path)
	w := newWeigher(op, sets, []string{"ComponentSession"}, stayTexts, "")
	w.fixed += (len(bos.StayPhases) - 1) * phaseTimeBytes
	return w
}

// phaseTimeBytes are those of the time in a phase, whatever is selected of it.
const phaseTimeBytes = 64

var stayTexts = func() textsOf[bos.ComponentSession] {
	texts := textsOf[bos.ComponentSession]{
		"name":  func(s *bos.ComponentSession) string { return s.Name },
		"error": func(s *bos.ComponentSession) string { return s.Error },
	}
	for at, of := range sessionTexts {
		texts["session."+at] = inPart(func(s *bos.ComponentSession) *bos.Session { return s.Session }, of)
	}
	return texts
}()

// weighTroubles is the same for components that failed.
func weighTroubles(ctx context.Context) *weigher[bos.Trouble] {
	op, sets := selectedSets(ctx, nil)
	return newWeigher(op, sets, []string{"TroubledComponent"}, troubleTexts, "")
}

var troubleTexts = func() textsOf[bos.Trouble] {
	texts := textsOf[bos.Trouble]{
		"id":        func(t *bos.Trouble) string { return t.ID },
		"lastError": func(t *bos.Trouble) string { return t.LastError },
	}
	for at, of := range componentTexts {
		texts["component."+at] = inPart(func(t *bos.Trouble) *bos.Component { return t.Component }, of)
	}
	return texts
}()

// weighGroups is the same for the error groups that the field being resolved lists.
func weighGroups(ctx context.Context) *weigher[bos.ErrorGroup] {
	op, sets := selectedSets(ctx, nil)
	return newWeigher(op, sets, []string{"ErrorSummary"}, groupTexts, "")
}

var groupTexts = textsOf[bos.ErrorGroup]{
	"message": func(g *bos.ErrorGroup) string { return g.Message },
	"list":    func(g *bos.ErrorGroup) string { return g.List() },
}

// weighCabinets is the same for the cabinets that the field being resolved lists. None has a long text.
func weighCabinets(ctx context.Context) *weigher[bos.CabinetCounts] {
	op, sets := selectedSets(ctx, nil)
	return newWeigher(op, sets, []string{"CabinetCounts"}, textsOf[bos.CabinetCounts]{}, "")
}

// weighPatterns is the same for error patterns. Their messages weigh for themselves.
func weighPatterns(ctx context.Context) *weigher[bos.ErrorPattern] {
	op, sets := selectedSets(ctx, nil)
	return newWeigher(op, sets, []string{"ErrorPattern"}, patternTexts, "")
}

var patternTexts = textsOf[bos.ErrorPattern]{
	"pattern": func(p *bos.ErrorPattern) string { return p.Pattern },
	"list":    func(p *bos.ErrorPattern) string { return p.List() },
}

// weighUserErrors is the same for the user errors of a payload.
func weighUserErrors(ctx context.Context) *weigher[UserError] {
	op, sets := selectedSets(ctx, []string{"userErrors"})
	return newWeigher(op, sets, []string{"UserError"}, userErrorTexts, "")
}

var userErrorTexts = textsOf[UserError]{
	"message": func(e *UserError) string { return e.Message },
	// Joined as they are written, so that the separators are counted.
	"field": func(e *UserError) string { return strings.Join(e.Field, `","`) },
}

// selectedSets are the selections under a path; several, if aliases select it more than once.
func selectedSets(ctx context.Context, path []string) (*graphql.OperationContext, []ast.SelectionSet) {
	op := graphql.GetOperationContext(ctx)
	return op, descend(op, graphql.GetFieldContext(ctx).Field.Selections, path)
}

var sessionTexts = textsOf[bos.Session]{
	"name":              func(s *bos.Session) string { return s.Name },
	"templateName":      func(s *bos.Session) string { return s.TemplateName },
	"limit":             details(func(d *bos.SessionDetails) string { return d.Limit }),
	"error":             details(func(d *bos.SessionDetails) string { return d.Error }),
	"initialComponents": details(func(d *bos.SessionDetails) string { return d.InitialComponents }),
}

func details(of func(*bos.SessionDetails) string) func(*bos.Session) string {
	return inPart(func(s *bos.Session) *bos.SessionDetails { return s.Details }, of)
}

// componentTexts are all fields whose length clients decide by what they store. Numbers, times
// and words of enums are bounded, and are counted with what every field takes.
var componentTexts = textsOf[bos.Component]{
	"id":                    func(c *bos.Component) string { return c.ID },
	"error":                 func(c *bos.Component) string { return c.Error },
	"session":               func(c *bos.Component) string { return c.Session },
	"status.rawPhase":       func(c *bos.Component) string { return string(c.Phase) },
	"status.rawStatus":      func(c *bos.Component) string { return string(c.Status()) },
	"status.statusOverride": func(c *bos.Component) string { return c.Override },
	"lastAction.action": inPart(func(c *bos.Component) *bos.LastAction { return c.LastAction },
		func(l *bos.LastAction) string { return l.Action }),
	"desiredState.configuration":                  desired(func(d *bos.DesiredState) string { return d.Configuration }),
	"desiredState.bssToken":                       desired(func(d *bos.DesiredState) string { return d.BSSToken }),
	"desiredState.bootArtifacts.kernel":           desired(func(d *bos.DesiredState) string { return d.BootArtifacts.Kernel }),
	"desiredState.bootArtifacts.kernelParameters": desired(func(d *bos.DesiredState) string { return d.BootArtifacts.KernelParameters }),
	"desiredState.bootArtifacts.initrd":           desired(func(d *bos.DesiredState) string { return d.BootArtifacts.Initrd }),
	"actualState.bssToken":                        actual(func(a *bos.ActualState) string { return a.BSSToken }),
	"actualState.bootArtifacts.kernel":            actual(func(a *bos.ActualState) string { return a.BootArtifacts.Kernel }),
	"actualState.bootArtifacts.kernelParameters":  actual(func(a *bos.ActualState) string { return a.BootArtifacts.KernelParameters }),
	"actualState.bootArtifacts.initrd":            actual(func(a *bos.ActualState) string { return a.BootArtifacts.Initrd }),
	"stagedState.configuration":                   staged(func(s *bos.StagedState) string { return s.Configuration }),
	"stagedState.session":                         staged(func(s *bos.StagedState) string { return s.Session }),
	"stagedState.bootArtifacts.kernel":            staged(func(s *bos.StagedState) string { return s.BootArtifacts.Kernel }),
	"stagedState.bootArtifacts.kernelParameters":  staged(func(s *bos.StagedState) string { return s.BootArtifacts.KernelParameters }),
	"stagedState.bootArtifacts.initrd":            staged(func(s *bos.StagedState) string { return s.BootArtifacts.Initrd }),
}

func desired(of func(*bos.DesiredState) string) func(*bos.Component) string {
	return inPart(func(c *bos.Component) *bos.DesiredState { return c.DesiredState }, of)
}

func actual(of func(*bos.ActualState) string) func(*bos.Component) string {
	return inPart(func(c *bos.Component) *bos.ActualState { return c.ActualState }, of)
}

func staged(of func(*bos.StagedState) string) func(*bos.Component) string {
	return inPart(func(c *bos.Component) *bos.StagedState { return c.StagedState }, of)
}

// inPart is a text of a part that an object may lack.
func inPart[T, P any](part func(*T) *P, of func(*P) string) func(*T) string {
	return func(v *T) string {
		if p := part(v); p != nil {
			return of(p)
		}
		return ""
	}
}
