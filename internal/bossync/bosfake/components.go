package bosfake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// component is a stored record, and what BOS looks at in it.
type component struct {
	id      string
	text    []byte // as it is answered; never written to
	seen    bos.Component
	enabled *bool // nil for none, which is not false to BOS
}

// AddComponents adds n components that are off and in no session, in liquid-cooled
// cabinets beginning with x1000, and returns their ids, ascending.
func (b *BOS) AddComponents(n int) []string {
	const chassis, slots, boards, nodes = 8, 8, 2, 2
	at := bos.TimeOf(b.Now())
	none := Record{"initrd": "", "kernel": "", "kernel_parameters": ""}
	image := Record{
		"initrd": "s3://boot-images/compute/initrd", "kernel": "s3://boot-images/compute/kernel",
		"kernel_parameters": "console=ttyS0,115200 crashkernel=512M ip=dhcp quiet root=sbps-s3:s3://boot-images/compute/rootfs",
	}
	ids, records := make([]string, n), make([]Record, n)
	for i := range n {
		board := i / nodes
		slot := board / boards
		ids[i] = fmt.Sprintf("x%dc%ds%db%dn%d", 1000+slot/slots/chassis, slot/slots%chassis, slot%slots, board%boards, i%nodes)
		records[i] = Record{
			"id": ids[i], "enabled": false, "error": "", "session": "",
			"actual_state":  Record{"boot_artifacts": none, "bss_token": "", "last_updated": at},
			"desired_state": Record{"boot_artifacts": image, "bss_token": "", "configuration": "compute-config", "last_updated": at},
			"staged_state":  Record{"boot_artifacts": none, "configuration": "", "last_updated": at, "session": ""},
			"last_action":   Record{"action": bos.ActionNewlyDiscovered, "failed": false, "last_updated": at},
			"event_stats":   Record{"power_off_forceful_attempts": 0, "power_off_graceful_attempts": 0, "power_on_attempts": 0},
			"status":        Record{"phase": "", "status_override": "", "status": "stable"},
		}
	}
	b.Put(records...)
	return ids
}

// Discover adds components as BOS's discovery finds them: their records lack much of
// what a session writes later. Cray-HPE/bos: src/bos/operators/discovery.py,
// NEW_COMPONENT, with the times that the server adds.
func (b *BOS) Discover(ids ...string) {
	at := bos.TimeOf(b.Now())
	blank := Record{"boot_artifacts": Record{"initrd": "", "kernel": "", "kernel_parameters": ""}, "configuration": "", "last_updated": at}
	for _, id := range ids {
		b.Put(Record{
			"id": id, "enabled": false, "error": "", "session": "", "actual_state": blank, "desired_state": blank,
			"staged_state": Record{"last_updated": at},
			"last_action":  Record{"action": bos.ActionNewlyDiscovered, "last_updated": at, "num_attempts": 1},
		})
	}
}

// Put stores components under the ids in their records, in place of those that are
// there. Their status is computed, as BOS does; nothing else is touched.
func (b *BOS) Put(records ...Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range records {
		b.put(r["id"].(string), r)
	}
}

func (b *BOS) put(id string, r Record) {
	c := see(id, encode(r))
	status, ok := r["status"].(Record)
	if _, there := r["status"]; !there {
		status, ok = Record{"phase": "", "status_override": ""}, true
	}
	if is := string(c.seen.Status()); ok && status["status"] != is {
		r, status = maps.Clone(r), maps.Clone(status)
		r["status"], status["status"] = status, is
		c.text = encode(r)
	}
	b.store(c)
}

// PutText stores a component whose record is answered as this very text, whatever it
// is. Filters see as much of it as can be read.
func (b *BOS) PutText(id, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.store(see(id, []byte(text)))
}

// see reads what BOS looks at. What is of a wrong type counts as missing.
func see(id string, text []byte) *component {
	var seen struct {
		bos.Component
		Enabled *bool `json:"enabled"`
	}
	_ = json.Unmarshal(text, &seen)
	c := &component{id: id, text: text, seen: seen.Component, enabled: seen.Enabled}
	c.seen.ID, c.seen.Enabled = id, seen.Enabled != nil && *seen.Enabled
	c.seen.ActualState, c.seen.DesiredState, c.seen.EventStats = nil, nil, nil // nobody looks, and 100,000 of them are much
	return c
}

func (b *BOS) store(c *component) {
	// In place, so that the order, which has the same pointer, need not be looked through.
	if old := b.components[c.id]; old != nil {
		*old = *c
		return
	}
	b.components[c.id] = c
	// Sorted when it is next read: adding 100,000 one by one would sort as often.
	b.order, b.stale = append(b.order, c), true
}

// Patch changes components: changes is laid over each record, object by object.
func (b *BOS) Patch(changes Record, ids ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.patch(changes, ids)
}

func (b *BOS) patch(changes Record, ids []string) {
	for _, id := range ids {
		b.put(id, merge(decode(b.component(id).text), changes))
	}
}

func (b *BOS) component(id string) *component {
	c := b.components[id]
	if c == nil {
		panic("bosfake: there is no component " + id)
	}
	return c
}

// Delete removes components.
func (b *BOS) Delete(ids ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		delete(b.components, b.component(id).id)
	}
	b.order = slices.DeleteFunc(b.order, func(c *component) bool { return b.components[c.id] != c })
}

// after is all components behind that id, ascending.
func (b *BOS) after(id string) []*component {
	if b.stale {
		slices.SortFunc(b.order, func(x, y *component) int { return strings.Compare(x.id, y.id) })
		b.stale = false
	}
	first, found := slices.BinarySearchFunc(b.order, id, func(c *component, id string) int { return strings.Compare(c.id, id) })
	if found {
		first++
	}
	return b.order[first:]
}

func (b *BOS) getComponents(r *http.Request, fault *Fault) answer {
	q := parameters(r)
	size, _ := pythonInt(q.Get("page_size")) // it was checked
	if fault.PageAtMost > 0 && (size == 0 || size > fault.PageAtMost) {
		size = fault.PageAtMost
	}
	owns, known := b.owns(r)
	if !known {
		return unknownTenant(r)
	}
	start := q.Get("start_after_id")
	if fault.IgnoreAfter {
		start = ""
	}
	passes := filter(q, owns)
	var page [][]byte
	for _, c := range b.after(start) {
		if size > 0 && len(page) == size {
			break
		}
		if passes(c) && !fault.lacks(c.id) {
			page = append(page, c.text)
		}
	}
	a := list(page)
	// All of them, whatever the page's size: BOS reads all of its components for each page, and
	// a delay by what is scanned makes tests feel that.
	a.scanned = len(b.order)
	return a
}

// filter makes a function of a list's parameters. BOS: an empty one is none, and so is
// enabled=false where there is no other (Cray-HPE/bos:
// src/bos/server/controllers/v2/components.py, get_v2_components_data).
func filter(q url.Values, owns func(string) bool) func(*component) bool {
	session, staged, phase := q.Get("session"), q.Get("staged_session"), q.Get("phase")
	ids, statuses := map[string]bool{}, map[string]bool{}
	for id := range strings.SplitSeq(q.Get("ids"), ",") {
		ids[id] = true
	}
	for status := range strings.SplitSeq(q.Get("status"), ",") {
		statuses[status] = true
	}
	enabled := strings.EqualFold(q.Get("enabled"), "true")
	other := q.Has("ids") || owns != nil || session+staged+phase+q.Get("status") != ""
	byEnabled := enabled || q.Has("enabled") && other
	return func(c *component) bool {
		return (!q.Has("ids") || ids[c.id]) && (owns == nil || owns(c.id)) &&
			(!byEnabled || c.enabled != nil && *c.enabled == enabled) &&
			(session == "" || c.seen.Session == session) &&
			(staged == "" || c.seen.StagedSession() == staged) &&
			(phase == "" || string(c.seen.Phase) == phase) &&
			(q.Get("status") == "" || statuses[string(c.seen.Status())])
	}
}

func (b *BOS) getComponent(r *http.Request, _ *Fault) answer {
	id := r.PathValue("id")
	owns, known := b.owns(r)
	switch c := b.components[id]; {
	case c != nil && !known:
		return unknownTenant(r)
	case c == nil || owns != nil && !owns(id):
		return notFound("Component", id)
	default:
		return object(c.text)
	}
}
