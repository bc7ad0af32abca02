// Package graph is the GraphQL API: generated execution beside resolvers of a few
// lines, which look ahead at what is selected, read just that, and hand it out.
package graph

import (
	"context"
	"encoding/json"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/loaders"
)

// Store is what the resolvers need of whatever keeps the states.
type Store interface {
	loaders.Source

	SessionStarted(ctx context.Context, key bos.SessionKey, start bos.Time) (incarnation string, err error)
	ListSessions(ctx context.Context, f bos.SessionFilter, page bos.Page, want bos.Want, total bool) (*bos.List[*bos.Session], error)
	ListComponents(ctx context.Context, of *bos.MembersOf, f bos.ComponentFilter, page bos.Page,
		detailed, total bool) (*bos.List[*bos.Component], error)
	Stragglers(ctx context.Context, of *bos.Session, first int, detailed bool) ([]*bos.Component, error)
	// ErrorCabinets counts the components of error groups of a session by cabinet: as they are, or as they were frozen.
	ErrorCabinets(ctx context.Context, of *bos.Session, groups []bos.ErrorGroup, frozen bool) ([]bos.CabinetErrors, error)
	Waiting(ctx context.Context, of *bos.Session) ([]bos.Waiting, error)
	ListWaiting(ctx context.Context, w *bos.Waiting, page bos.Page, detailed bool) (*bos.List[*bos.Component], error)
	// PageTemplates reads no records unless fields is set: names and tenants need none.
	PageTemplates(ctx context.Context, f bos.TemplateFilter, page bos.Page, fields bool) (*bos.List[*bos.SessionTemplate], error)
	// ReadOptions returns BOS's options, nil as long as none have been read.
	ReadOptions(ctx context.Context) (json.RawMessage, error)
	PreviousSessions(ctx context.Context, of *bos.Session, first int, want bos.Want) ([]*bos.Session, error)
	// ComponentSessions reads no sessions if want is nil.
	ComponentSessions(ctx context.Context, of bos.ComponentView, page bos.Page, want *bos.Want) (*bos.List[*bos.ComponentSession], error)
	TroubledComponents(ctx context.Context, q bos.TroubleQuery, first int) ([]*bos.Trouble, error)
	CountsIn(ctx context.Context, of bos.ComponentView, want bos.Want) ([]*bos.Session, error)

	// SessionFacet returns values that sessions have, each once, ascending: at most so many, of those that begin with prefix.
	SessionFacet(ctx context.Context, of bos.Facet, prefix string, first int) ([]string, error)
	FailedBefore(ctx context.Context, of *bos.Session, ids []string) ([]bool, error)
	GroupsFailedBefore(ctx context.Context, of *bos.Session, groups []bos.Digest, frozen bool) ([]int, error)

	CreateSession(ctx context.Context, n bos.NewSession) (*bos.Session, error)
	UpdateSession(ctx context.Context, key bos.SessionKey, u bos.SessionUpdate) (*bos.Session, error)
	DeleteSession(ctx context.Context, key bos.SessionKey) (id string, err error)
	PutComponents(ctx context.Context, components []bos.ComponentPatch) (bos.BatchResult, error)
	PatchComponents(ctx context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error)
	DeleteComponents(ctx context.Context, ids []string) (bos.BatchResult, error)
	PutTenant(ctx context.Context, name string, ids []string) (owned int, err error)

	ShownEpoch(ctx context.Context) (string, error)
	Problems() []bos.Problem
}

// Info is what a server says of itself.
type Info struct {
	Version   string
	Namespace string
	Redis     string // what kind of Redis it runs on
	StartedAt time.Time
}

// Sync is what brings in what BOS has.
type Sync interface {
	State() bos.SyncState
}

// Resolver resolves the fields that are not simply read off a value.
type Resolver struct {
	Store Store
	Live  Live
	Info  Info
	Sync  Sync // nil where no BOS is followed

	// MaxUpdate is how many bytes an update of components may have; a larger one says
	// that they are to be read again. 0 for any number.
	MaxUpdate int64
}

type (
	queryResolver             struct{ *Resolver }
	mutationResolver          struct{ *Resolver }
	subscriptionResolver      struct{ *Resolver }
	sessionResolver           struct{ *Resolver }
	sessionStatusResolver     struct{ *Resolver }
	errorSummaryResolver      struct{ *Resolver }
	errorPatternResolver      struct{ *Resolver }
	waitingResolver           struct{ *Resolver }
	componentResolver         struct{ *Resolver }
	componentSessionResolver  struct{}
	componentStatusResolver   struct{}
	troubledComponentResolver struct{}
)

// Query resolves the fields of Query.
func (r *Resolver) Query() QueryResolver { return queryResolver{r} }

// Mutation resolves the fields of Mutation.
func (r *Resolver) Mutation() MutationResolver { return mutationResolver{r} }

// Subscription resolves the fields of Subscription.
func (r *Resolver) Subscription() SubscriptionResolver { return subscriptionResolver{r} }

// Session resolves fields of Session.
func (r *Resolver) Session() SessionResolver { return sessionResolver{r} }

// SessionStatus resolves fields of SessionStatus.
func (r *Resolver) SessionStatus() SessionStatusResolver { return sessionStatusResolver{r} }

// ErrorSummary resolves fields of ErrorSummary.
func (r *Resolver) ErrorSummary() ErrorSummaryResolver { return errorSummaryResolver{r} }

// ErrorPattern resolves fields of ErrorPattern.
func (r *Resolver) ErrorPattern() ErrorPatternResolver { return errorPatternResolver{r} }

// Waiting resolves fields of Waiting.
func (r *Resolver) Waiting() WaitingResolver { return waitingResolver{r} }

// Component resolves fields of Component.
func (r *Resolver) Component() ComponentResolver { return componentResolver{r} }

// TroubledComponent resolves fields of TroubledComponent.
func (r *Resolver) TroubledComponent() TroubledComponentResolver { return troubledComponentResolver{} }

// ComponentSession resolves fields of ComponentSession.
func (r *Resolver) ComponentSession() ComponentSessionResolver { return componentSessionResolver{} }

// ComponentStatus resolves fields of ComponentStatus.
func (r *Resolver) ComponentStatus() ComponentStatusResolver { return componentStatusResolver{} }
