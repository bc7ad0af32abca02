package bossync

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// unfit is why a component can't be kept as BOS has it.
type unfit struct {
	why     string
	counted bool // stored with less: only its texts were changed, and it is counted as BOS counts it
	member  bool // of a session, or staged in one, as it is stored or at BOS
}

// member says whether a component counts for a session.
func member(c *bos.Component) bool { return c.Session != "" || c.StagedSession() != "" }

// mayBeMember is member for a record that can't be read: true as well if just that can't be.
func mayBeMember(raw jsontext.Value) bool {
	var c struct {
		Session string `json:"session"`
		Staged  struct {
			Session string `json:"session"`
		} `json:"staged_state"`
	}
	return json.Unmarshal(raw, &c, lenient) != nil || c.Session != "" || c.Staged.Session != ""
}

// behind says whether something that BOS counts is not kept: what is counted is not what BOS counts then.
// A component that is in no session, here or at BOS, counts nothing, and neither does a session that
// is not stored.
func (f *follower) behind() bool { return len(f.misleading()) > 0 }

// misleading are the records for which what is counted is not what BOS counts.
func (f *follower) misleading() (records []string) {
	for id, u := range f.unfit {
		if !u.counted && u.member {
			records = append(records, id)
		}
	}
	for key := range f.refused {
		if _, stored := f.sessions[key]; stored {
			records = append(records, key.String())
		}
	}
	return records
}

// unfitness sums up which records can't be stored as they are; empty for none. What is not kept at all
// comes first, and of that what makes counts other than those of BOS is named.
func (f *follower) unfitness() string {
	refused, less := map[string]string{}, map[string]string{}
	for key, why := range f.refused {
		refused[key.String()] = why
	}
	for id, u := range f.unfit {
		if u.counted {
			less[id] = u.why
		} else {
			refused[id] = u.why
		}
	}
	return cmp.Or(sumUp(refused, f.misleading(), "can't be kept as it is", "can't be kept as they are"),
		sumUp(less, nil, "is kept without what does not fit", "are kept without what does not fit"))
}

// sumUp names one record, the same for as long as it lasts, so that it is logged once: all would not fit into a
// message, and fixing one shows the next. It is one of the worst, if there are any.
func sumUp(records map[string]string, worst []string, one, many string) string {
	if len(records) == 0 {
		return ""
	}
	if len(worst) == 0 {
		worst = slices.Collect(maps.Keys(records))
	}
	id := slices.Min(worst)
	if n := len(records); n > 1 {
		return fmt.Sprintf("%d records from BOS %s, that of %q among them: %s", n, many, id, records[id])
	}
	return fmt.Sprintf("the record of %q from BOS %s: %s", id, one, records[id])
}
