package schema

import (
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// No two kinds have keys of the same name, whatever they are for.
func TestKindsHaveKeysOfTheirOwn(t *testing.T) {
	for i, k := range AllKinds {
		if k.Prefix == "" || k.Type == "" || k.Holds == "" || strings.HasSuffix(k.Prefix, ":") != (k.Per != PerNamespace) {
			t.Errorf("%+v says too little, or its prefix has no end", k)
		}
		for _, other := range AllKinds[:i] {
			if k.Prefix == other.Prefix {
				t.Errorf("two kinds have the prefix %q", k.Prefix)
			}
		}
	}
}

// TestCabinetsCountWhatWasStored reads what the script writes: counters in any order, with numbers below 0, and ones that there
// are not.
func TestCabinetsCountWhatWasStored(t *testing.T) {
	for stored, want := range map[string]bos.Tally{
		"": {}, "m64p3a12": {Managed: 64, PoweringOn: 3, Active: 12}, "a-1m2": {Managed: 2, Active: -1},
		"!7m2": {Managed: 2}, "m": {}, "mm2": {Managed: 2}, "3 2": {}, "\xffm1": {Managed: 1}, "m99999999999999999999f1": {Failed: 1},
	} {
		if got := Tally(stored); got != want {
			t.Errorf("%q counts %+v, want %+v", stored, got, want)
		}
	}
}

// TestMovesAreTwoWords writes what changes as the script reads it.
func TestMovesAreTwoWords(t *testing.T) {
	by := bos.Tally{Managed: -2, PoweringOn: 12, BeyondConfiguring: 1}
	if got := string(AppendTally(nil, &by)); got != "m-2p+12 z+1" {
		t.Errorf("%+v is %q", by, got)
	}
	if got := string(AppendTally(nil, &bos.Tally{})); got != " " {
		t.Errorf("nothing is %q", got)
	}
}

// A namespace is one slot of a Redis Cluster, and no key of one is a key of another: also
// where one name is the beginning of the other's.
func TestKeysShareTheHashTagOfTheirNamespace(t *testing.T) {
	const namespace, longer = "system", "system1"
	session := &bos.Session{SessionKey: bos.SessionKey{Tenant: "blue", Name: "a"}, Operation: bos.OperationBoot, TemplateName: "t"}
	k, h := KeysOf(namespace), ScopeHome(session.SessionKey)
	keys := slices.Concat(k.HomeKeys(h), k.AppendScopeKeys(nil, h, true), k.StatusKeys(h), []string{
		k.Meta(), k.Epoch(), k.IDs(), k.ErrorIndex(), k.Texts(), k.References(), k.Batches(), k.Sessions(), k.Frozen(), k.Tenants(), k.Lease(),
		k.Templates(), k.Options(), k.Component("x1"), k.Details("x1"), k.Tenant("blue"), k.Answer("w"), k.Members(h), k.Staged(h),
		k.Waiting(h), k.Failed(h), k.History(h), k.Alike(session),
		k.Stays("x1"), k.Troubles(Troubles{Day: 1}), k.LastFailures(Troubles{Day: 1}),
		k.Sender(), k.Outbox(), k.Targets(), k.Queue("ops"), k.Failures("ops"), k.Dead("ops"),
	})
	for _, of := range AllKinds {
		if !slices.ContainsFunc(keys, func(key string) bool { _, is := k.Cut(of, key); return is }) {
			t.Errorf("no key is of the kind %q", of.Prefix)
		}
	}
	for _, key := range keys {
		if tag, _, closed := strings.Cut(strings.TrimPrefix(key, "{"), "}"); !closed || tag != namespace || key[0] != '{' {
			t.Errorf("%q does not have the hash tag of its namespace", key)
		}
		if strings.HasPrefix(key, string(KeysOf(longer))) {
			t.Errorf("%q is a key of the namespace %s, too", key, longer)
		}
	}
}

// Each field is described, and no two of one hash have the same name.
func TestFieldsHaveNamesOfTheirOwn(t *testing.T) {
	for _, hash := range []struct {
		name   string
		fields any
		names  []string
	}{{"session", Session, nil}, {"extras", Extras, nil}, {"meta", Meta, nil}, {"lease", Lease, nil}, {"entry", Entry, slices.Clone(ShownStatusFields)}} {
		for _, f := range valuesOf[Field](hash.fields) {
			if f.Name == "" || f.Holds == "" || slices.Contains(hash.names, f.Name) {
				t.Errorf("of %s: %+v is taken, or says too little", hash.name, f)
			}
			hash.names = append(hash.names, f.Name)
		}
	}
	for _, f := range valuesOf[Field](Session) {
		scope := f == Session.Revision || f == Session.Counters || f == Session.Separate
		if (f.Use&OfRecord == 0) != scope {
			t.Errorf("%+v belongs to the scope: it would outlive its session", f)
		}
	}
}

func TestRecordsHavePartsAndFlagsOfTheirOwn(t *testing.T) {
	for at, holds := range Parts {
		if holds == "" {
			t.Errorf("part %d of a record is not described", at)
		}
	}
	letters := ""
	for _, f := range valuesOf[RecordFlag](RecordFlags) {
		letters += f.Letter
	}
	for _, f := range ShapeFlags {
		letters += f.Absent + f.Null
	}
	for i := range letters {
		if strings.Contains(letters[:i], letters[i:i+1]) {
			t.Errorf("two flags of a record are %q", letters[i])
		}
	}
}

// TestACounterIsOneLetter finds two that are packed into one field as the same, and fields of counters that become longer than what
// Redis keeps in a small hash.
func TestACounterIsOneLetter(t *testing.T) {
	letters := ""
	for _, c := range Counters {
		if len(c.Letter) != 1 || strings.Contains(letters, c.Letter) {
			t.Errorf("%s has the letter %q, of those before: %q", c.Name, c.Letter, letters)
		}
		letters += c.Letter
	}
	const most = len("a999999")
	for _, field := range [][]Counter{LeadingCounters, SeparateCounters} {
		if length := len(field) * most; length > 64 {
			t.Errorf("%d counters of a session take %d bytes", len(field), length)
		}
	}
}

// TestListsHaveTheCounters looks for the fields of the counters in every list that reads, writes or clears a session's hash.
func TestListsHaveTheCounters(t *testing.T) {
	s := &Session
	for _, c := range []struct {
		list []string
		has  []Field
	}{
		{LeadingFields, []Field{s.Counters}}, {RecordFields, []Field{s.FrozenCounters, s.FrozenSeparate}},
		{ShownStatusFields, []Field{s.Counters, s.FrozenCounters}}, {AllStatusFields, []Field{s.Counters, s.Separate, s.FrozenCounters, s.FrozenSeparate}},
	} {
		for _, f := range []Field{s.Counters, s.Separate, s.FrozenCounters, s.FrozenSeparate} {
			if slices.Contains(c.list, f.Name) != slices.Contains(c.has, f) {
				t.Errorf("%q in %q: want it %v", f.Name, c.list, slices.Contains(c.has, f))
			}
		}
	}
}

func TestScriptsUseOnlyWhatIsDescribed(t *testing.T) {
	if got := Fold(`redis.call('HGET', key, SESSION.revision, COUNTER.active)`); got != `redis.call('HGET', key, 'r', 'a')` {
		t.Errorf("got %s", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown name is left in the script")
		}
	}()
	Fold(`redis.call('HGET', key, SESSION.revison)`)
}
