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
		"z7m2": {Managed: 2}, "m": {}, "mm2": {Managed: 2}, "3 2": {}, "\xffm1": {Managed: 1}, "m99999999999999999999f1": {Failed: 1},
	} {
		if got := CabinetCounts(stored); got != want {
			t.Errorf("%q counts %+v, want %+v", stored, got, want)
		}
	}
	for _, c := range CabinetCounters {
		if len(c.Field) != 1 {
			t.Errorf("the field %q is longer than one letter, which those of cabinets have", c.Field)
		}
	}
}

// TestMovesAreOneWord writes what changes as the script reads it.
func TestMovesAreOneWord(t *testing.T) {
	by := bos.Tally{Managed: -2, PoweringOn: 12, BeyondConfiguring: 1}
	if got := string(AppendMoves(nil, Counters, &by)); got != "m-2p+12l6+1" {
		t.Errorf("%+v is %q", by, got)
	}
	if got := string(AppendMoves(nil, Counters, &bos.Tally{})); got != "" {
		t.Errorf("nothing is %q", got)
	}
}

// TestDueMovesAddUp reads cabinets, stays and waits of entries of a change log, besides what is there.
func TestDueMovesAddUp(t *testing.T) {
	on, off := PhaseStay{bos.PhasePoweringOn, 40}, PhaseStay{bos.PhasePoweringOff, 3}
	first := AppendCabinet([]byte("7 x1,x2 "), "x1000", &bos.Tally{PoweringOn: -2, Configuring: 2})
	first = AppendStays(first, []PhaseStay{on, {bos.PhasePoweringOn, 90}, off, on})
	first = AppendWaits(first, []WaitMove{{"x1", NoWait, 5}, {"x2", 6, 7}})
	second := AppendCabinet([]byte("8 x1 "), "x1000", &bos.Tally{Configuring: -1, Successful: 1})
	second = AppendStays(AppendCabinet(second, "x1001", &bos.Tally{}), []PhaseStay{{bos.PhasePoweringOn, 60}})
	second = AppendWaits(second, []WaitMove{{"x1", 5, NoWait}})
	log := []string{string(first), string(second), "9 x3 "}
	if ids := CutDue(log[0]); ids != "7 x1,x2 " {
		t.Errorf("the ids are %q", ids)
	}
	stored := map[string]string{"/x1000": "m3p3", "q2.0": "a4>1"}
	hash := WithDue(stored, log)
	if got := CabinetCounts(hash["/x1000"]); got != (bos.Tally{Managed: 3, PoweringOn: 1, Configuring: 1, Successful: 1}) {
		t.Errorf("the cabinet counts %+v", got)
	}
	if _, is := hash["/x1001"]; is || stored["/x1000"] != "m3p3" {
		t.Errorf("of %v it is %v", stored, hash)
	}
	times := PhaseTimes(bos.PhasePoweringOn, hash)
	if times.Longest != 90 || times.Stays[0] != 4 || times.Stays[bos.TimeBucket(40)] != 2 || times.Stays[bos.TimeBucket(60)] != 1 || times.Stays[bos.TimeBucket(90)] != 1 {
		t.Errorf("powering on: %+v", times)
	}
	if times := PhaseTimes(bos.PhasePoweringOff, hash); times.Longest != 3 || times.Stays[bos.TimeBucket(3)] != 1 {
		t.Errorf("powering off: %+v", times)
	}
	waits := DueWaits(log)
	if len(waits) != 2 || waits["x1"] != (WaitMove{"x1", NoWait, NoWait}) || waits["x2"] != (WaitMove{"x2", 6, 7}) {
		t.Errorf("waiting: %v", waits)
	}
	many := AppendWaits(nil, []WaitMove{{"x1", 1, 2}, {"x2", 3, 2}, {"x3", 1, 2}, {"x4", 1, NoWait}, {"x5", 1, 2}})
	if want := "\t@x4 =:1\t@x1,x3,x5 =2:1\t@x2 =2:3"; string(many) != want {
		t.Errorf("many are %q, want %q", many, want)
	}
	if from, any := DueFrom("194 12"); from != 12 || !any {
		t.Errorf("it is due from %d on: %v", from, any)
	}
	if _, any := DueFrom(""); any {
		t.Error("nothing is due")
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
	session := slices.Concat(CounterFields, frozenCounters)
	for _, hash := range []struct {
		name   string
		fields any
		names  []string
	}{{"session", Session, session}, {"extras", Extras, nil}, {"meta", Meta, nil}, {"lease", Lease, nil}, {"entry", Entry, slices.Clone(ShownStatusFields)}} {
		for _, f := range valuesOf[Field](hash.fields) {
			if f.Name == "" || f.Holds == "" || slices.Contains(hash.names, f.Name) {
				t.Errorf("of %s: %+v is taken, or says too little", hash.name, f)
			}
			hash.names = append(hash.names, f.Name)
		}
	}
	for _, f := range valuesOf[Field](Session) {
		scope := f == Session.Revision
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

// Counters are in every list that reads, writes or clears a session's hash.
func TestListsHaveEveryCounter(t *testing.T) {
	for _, c := range Counters {
		lists := map[string][]string{"leading": LeadingFields, "status": ShownStatusFields, "all": AllStatusFields, "counter": CounterFields}
		frozen := map[string][]string{"record": RecordFields, "status": ShownStatusFields, "all": AllStatusFields}
		if c.Separate {
			delete(lists, "leading")
			delete(lists, "status")
			delete(frozen, "status")
		}
		for name, list := range lists {
			if !slices.Contains(list, c.Field) {
				t.Errorf("the %s fields lack %s", name, c.Field)
			}
		}
		for name, list := range frozen {
			if !slices.Contains(list, c.Frozen()) {
				t.Errorf("the %s fields lack %s", name, c.Frozen())
			}
		}
		if slices.Contains(RecordFields, c.Field) {
			t.Errorf("the counter %s goes with the record: it belongs to the scope", c.Field)
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
