// Package schema describes what is stored: the kinds of keys, the fields of the hashes, the
// counters of a session and the parts of a component's record. Everything else takes names
// from here: the keys of Go, the constants of the Lua scripts ([Fold]), the lists of fields
// that reads ask for, the tables of a recount and those of the documentation of cache. So
// a field or a counter is added in one place.
package schema

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// Version is the version of the schema. A namespace of another one is refused.
const Version = 2

// What a write leaves behind for a while.
const (
	AnswerLife = time.Minute      // how long a write is known by its id
	LogLife    = 10 * time.Minute // of the change log of a session that is frozen
	Retention  = -1               // as long as the store keeps frozen sessions
)

// Kind describes the keys of one kind.
type Kind struct {
	Prefix string        // of the name, behind that of the namespace; all of it where there is one a namespace
	Type   string        // of Redis
	Per    Per           // what there is one key for
	Life   time.Duration // until it expires; 0 for never
	Once   string        // from when on it expires, if not from its last write
	Holds  string        // what is stored there, for the documentation
}

// Per says what there is one key of a kind for, as the documentation writes it.
type Per string

const (
	PerNamespace Per = ""
	PerComponent Per = "<id>"
	PerTroubles  Per = "<day>:<tenant>/<template>" // of UTC; without tenant: in sessions of all; without template: of any
	PerScope     Per = "<scope>"                   // whether or not a session of that name exists
	PerHome      Per = "<home>"                    // of a session
	PerTenant    Per = "<tenant>"
	PerLikeness  Per = "<operation>:<tenant>/<template>" // of sessions
	PerWrite     Per = "<write>"                         // by its id
	PerTarget    Per = "<target>"                        // of webhooks
)

// Kinds are the kinds of keys. All of a namespace share its hash tag, so they are one slot.
var Kinds = struct {
	Meta, Epoch                                 Kind
	Component, Details, IDs, Stays, Batches     Kind
	Session, Extras                             Kind
	Members, Staged, Waiting, Groups, Errors    Kind
	FrozenGroups, FrozenErrors, Progress, Log   Kind
	Failed, FrozenFailed                        Kind
	FrozenCabinets                              Kind
	Troubles, LastFailures                      Kind
	FrozenMembers, FrozenStaged                 Kind
	ErrorIndex, Texts, References               Kind
	Sessions, History, Alike, Frozen, Facets    Kind
	Tenant, Tenants, Templates, Options, Answer Kind
	Lease, Sender                               Kind
	Outbox, Targets, Queue, Failures, Dead      Kind
}{
	Meta:      Kind{Prefix: "meta", Type: "hash", Holds: "the state of the namespace, see below"},
	Epoch:     Kind{Prefix: "ep", Type: "string", Holds: "the epoch of meta again, so that one MGET reads it with the records"},
	Component: Kind{Prefix: "c:", Type: "string", Per: PerComponent, Holds: `a component: "<version> <record>", see below`},
	Details:   Kind{Prefix: "d:", Type: "string", Per: PerComponent, Holds: "the rest of that record, JSON"},
	IDs:       Kind{Prefix: "ids", Type: "zset", Holds: "ids of all components, score 0"},
	Batches: Kind{Prefix: "bt", Type: "hash",
		Holds: "how many records a write made, by their version, as long as all of these have it; only of writes of many"},
	Stays: Kind{Prefix: "ch:", Type: "list", Per: PerComponent, Life: Retention,
		Holds: "sessions that the component has left, the newest last, as stay.encode in cache/stays.go writes them"},
	Session: Kind{Prefix: "s:", Type: "hash", Per: PerHome, Holds: "a session's counters, record and frozen counters, see below"},
	Extras:  Kind{Prefix: "x:", Type: "hash", Per: PerHome, Holds: "the parts of a session that can be long, see below"},
	Members: Kind{Prefix: "m:", Type: "zset", Per: PerScope, Holds: "ids of the components whose session this is, score 0"},
	Staged:  Kind{Prefix: "st:", Type: "zset", Per: PerScope, Holds: "ids of the components staged in it, score 0"},
	Waiting: Kind{Prefix: "a:", Type: "zset", Per: PerScope,
		Holds: "ids of those of m: that are active, and of those of st:; the score is what they wait for and since when (WaitScore)"},
	Groups:         Kind{Prefix: "g:", Type: "zset", Per: PerScope, Holds: "error groups, score minus their size"},
	Errors:         Kind{Prefix: "e:", Type: "zset", Per: PerScope, Holds: `"<digest> <id>" of components with an error, score 0`},
	FrozenGroups:   Kind{Prefix: "fg:", Type: "zset", Per: PerHome, Holds: "g: as it was when the session was frozen"},
	FrozenErrors:   Kind{Prefix: "fe:", Type: "zset", Per: PerHome, Holds: "e: as it was when the session was frozen"},
	Failed:         Kind{Prefix: "f:", Type: "zset", Per: PerScope, Holds: "ids of those of m: that have failed, score 0"},
	FrozenFailed:   Kind{Prefix: "ff:", Type: "zset", Per: PerHome, Holds: "f: as it was when the session was frozen"},
	FrozenCabinets: Kind{Prefix: "fcb:", Type: "hash", Per: PerHome, Holds: "the counters of the cabinets in s: as they were when the session was frozen, by cabinet"},
	FrozenMembers: Kind{Prefix: "fm:", Type: "zset", Per: PerHome,
		Holds: "the ids of m: as it was when the session was frozen, and what each waited for: packs (Packed), score 0"},
	FrozenStaged: Kind{Prefix: "fst:", Type: "zset", Per: PerHome, Holds: "the ids of st: as it was when the session was frozen: packs (Packed), score 0"},
	Progress:     Kind{Prefix: "co:", Type: "list", Per: PerHome, Holds: `a session's progress while it ran, "<ms> <n of s:> <n2 of s:>"`},
	Log: Kind{Prefix: "log:", Type: "list", Per: PerScope, Life: LogLife, Once: "frozen",
		Holds: `the change log: one entry a write, "<rev> <ids changed> <ids removed>"`},
	Troubles: Kind{Prefix: "tb:", Type: "zset", Per: PerTroubles, Life: Retention, Once: "from the end of that day",
		Holds: "ids of the components that failed on that day; the score is how often, and in how many sessions (TroubleScore)"},
	LastFailures: Kind{Prefix: "tl:", Type: "hash", Per: PerTroubles, Life: Retention, Once: "from the end of that day",
		Holds: `their last failures on that day, "<second in base 36> <error, at most 256 bytes>"`},
	ErrorIndex: Kind{Prefix: "ei", Type: "zset", Holds: `"<digest> <id>" of all components with an error, score 0`},
	Texts:      Kind{Prefix: "tx", Type: "hash", Holds: "long error texts by digest"},
	References: Kind{Prefix: "tr", Type: "hash", Holds: "how many components and frozen groups refer to each text of tx"},
	Sessions:   Kind{Prefix: "sx", Type: "zset", Holds: `all sessions by start, "<start>:<incarnation>:<scope>"`},
	History:    Kind{Prefix: "h:", Type: "zset", Per: PerScope, Holds: `all sessions of one name, "<start>:<incarnation>"`},
	Alike:      Kind{Prefix: "al:", Type: "zset", Per: PerLikeness, Holds: "sessions that can be compared, by start, as in sx"},
	Frozen:     Kind{Prefix: "rx", Type: "zset", Holds: `frozen sessions, "<incarnation>:<scope>", score the second of freezing`},
	Facets: Kind{Prefix: "fc", Type: "zset",
		Holds: `templates and tenants that sessions have, "<facet>\0<value>\0<place in sx>" of each session, score 0`},
	Tenant:    Kind{Prefix: "tn:", Type: "zset", Per: PerTenant, Holds: "ids that the tenant owns, score 0"},
	Tenants:   Kind{Prefix: "ti", Type: "zset", Holds: "tenants that own something, score minus how many ids"},
	Templates: Kind{Prefix: "tp", Type: "hash", Holds: `records of BOS's session templates by "<tenant>/<name>", JSON`},
	Options:   Kind{Prefix: "op", Type: "string", Holds: "BOS's options, JSON"},
	Answer:    Kind{Prefix: "w:", Type: "string", Per: PerWrite, Life: AnswerLife, Holds: "the answer of a write, by its id"},
	Lease:     Kind{Prefix: "lease", Type: "hash", Holds: "the lease of the BOS sync, see below"},
	Sender:    Kind{Prefix: "sender", Type: "hash", Holds: "the lease of the sender of webhooks, like that of the sync"},
	Outbox:    Kind{Prefix: "ob", Type: "stream", Holds: "events that were not yet given to the targets of webhooks, see below"},
	Targets:   Kind{Prefix: "wt", Type: "hash", Holds: "what the sender knows of each target, JSON by its name"},
	Queue:     Kind{Prefix: "wq:", Type: "stream", Per: PerTarget, Holds: "events that the target has not accepted yet"},
	Failures:  Kind{Prefix: "wf:", Type: "hash", Per: PerTarget, Holds: `failed attempts by place in wq:, "<attempts> <ms of the next> <reason>"`},
	Dead:      Kind{Prefix: "wd:", Type: "stream", Per: PerTarget, Holds: "events that were given up, with attempts and reason"},
}

// AllKinds are the kinds of [Kinds], in their order.
var AllKinds = valuesOf[Kind](Kinds)

// Channels are no keys: they belong to no slot, and every node of a cluster passes
// on what is published on any other.
var Channels = struct{ Notices, Probes, Traces Channel }{
	Notices: Channel{"n", PerNamespace,
		"what a run of the write script has changed: of each of its writes, a line with the revision that it made and a line with each scope that is at it now; " +
			RecordNotice + " in front of one whose session was created, changed or removed"},
	Probes: Channel{"p:", "<random>", `"<epoch> <revision>": the probes of one process' feed`},
	Traces: Channel{"traces", PerNamespace, `"<revision> <traceparent>": the write that made a revision belongs to a trace`},
}

// RecordNotice is in front of a scope in a notice if the record of its session has changed, too.
const RecordNotice = "!"

// Channel describes the channels of one kind.
type Channel struct {
	Prefix string
	Per    Per
	Holds  string
}

// AllChannels are the channels of [Channels].
var AllChannels = valuesOf[Channel](Channels)

// valuesOf returns the fields of a struct all of whose fields have one type.
func valuesOf[T any](of any) []T {
	v := reflect.ValueOf(of)
	values := make([]T, v.NumField())
	for i := range values {
		values[i] = v.Field(i).Interface().(T)
	}
	return values
}

// key names a key of the kind, rest being what there is one for.
func (k Keys) key(of Kind, rest string) string { return string(k) + of.Prefix + rest }

// All is what the names of all keys of a kind begin with.
func (k Keys) All(of Kind) string { return k.key(of, "") }

// Cut says whether a key belongs to the kind, and returns what it is for.
func (k Keys) Cut(of Kind, key string) (rest string, ok bool) {
	return strings.CutPrefix(key, string(k)+of.Prefix)
}

// What a write touches of each scope, and where it may complete or freeze a session: its keys of these kinds, in this order.
var (
	scopeKinds    = []Kind{Kinds.Session, Kinds.Log, Kinds.Progress}
	snapshotKinds = append(slices.Clip(scopeKinds), Kinds.Groups, Kinds.Errors, Kinds.Failed, Kinds.Members, Kinds.Staged, Kinds.Waiting,
		Kinds.FrozenGroups, Kinds.FrozenErrors, Kinds.FrozenFailed, Kinds.FrozenMembers, Kinds.FrozenStaged, Kinds.FrozenCabinets)
)

// AppendScopeKeys adds the keys that a write may touch of a scope in lua/write.lua, in the
// order in which it looks for them. The snapshot's follow only where the write may
// complete the session: every key that is named costs time.
func (k Keys) AppendScopeKeys(to []string, h Home, snapshot bool) []string {
	kinds := scopeKinds
	if snapshot {
		kinds = snapshotKinds
	}
	size := 0
	for i := range kinds {
		size += len(k) + len(kinds[i].Prefix) + len(h)
	}
	var all strings.Builder // they are parts of one text: a batch over many scopes names thousands
	all.Grow(size)
	for i := range kinds {
		begin := all.Len()
		all.WriteString(string(k))
		all.WriteString(kinds[i].Prefix)
		all.WriteString(string(h))
		to = append(to, all.String()[begin:])
	}
	return to
}

// StatusKeys are the keys that lua/status.lua reads, in its order.
func (k Keys) StatusKeys(h Home) []string {
	return []string{k.Session(h), k.Extras(h), k.Texts(), k.Groups(h), k.Errors(h), k.FrozenGroups(h), k.FrozenErrors(h)}
}

// HomeKeys are the keys that belong to one incarnation of a session, and move with it
// when its name is taken again. The first is its hash, whose counters belong to the scope.
func (k Keys) HomeKeys(h Home) []string {
	return []string{k.Session(h), k.Extras(h), k.FrozenGroups(h), k.FrozenErrors(h), k.FrozenFailed(h), k.FrozenCabinets(h),
		k.FrozenMembers(h), k.FrozenStaged(h), k.Progress(h)}
}
