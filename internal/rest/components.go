package rest

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// componentsPage is how many components are read at a time.
const componentsPage = 500

// components lists components, ascending by id.
func (h *handler) components(w http.ResponseWriter, r *http.Request) error {
	q, err := componentQueryOf(r.URL.Query())
	if err != nil {
		return err
	}
	q.tenant = tenantOf(r)
	return stream(h, w, r, h.componentPages(r.Context(), q))
}

// component answers with one component's record.
func (h *handler) component(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if bos.CheckComponentID(id) != nil { // so there is none
		return notFound("Component", id)
	}
	found, err := h.store.ReadComponents(r.Context(), []string{id}, true)
	if err == nil && found[0] != nil {
		found, err = h.owned(r.Context(), tenantOf(r), found)
	}
	if err != nil {
		return err
	}
	if len(found) == 0 || found[0] == nil {
		return notFound("Component", id)
	}
	return send(w, componentOf(found[0]))
}

// componentQuery is what a list is asked for.
type componentQuery struct {
	filter   bos.ComponentFilter // what the store knows to filter by
	ids      []string            // ascending; nil for all
	phase    string              // any text, as components may have any; "" for all
	statuses []string            // nil for all
	tenant   string              // "" for all
	after    string
	size     int // of the list; 0 for all
}

// componentQueryOf reads the parameters of a list. BOS: an empty one is none, but
// for ids.
func componentQueryOf(q url.Values) (componentQuery, error) {
	c := componentQuery{phase: q.Get("phase"), after: q.Get("start_after_id")}
	c.filter.Session, c.filter.StagedSession = orNull(q.Get("session")), orNull(q.Get("staged_session"))
	if s := q.Get("status"); s != "" {
		c.statuses = strings.Split(s, ",")
	}
	if q.Has("enabled") {
		enabled := strings.EqualFold(q.Get("enabled"), "true")
		if !enabled && !strings.EqualFold(q.Get("enabled"), "false") {
			return c, wrongType("boolean", "enabled")
		}
		c.filter.Enabled = &enabled
	}
	if q.Has("page_size") {
		var err error
		if c.size, err = strconv.Atoi(q.Get("page_size")); err != nil {
			return c, wrongType("integer", "page_size")
		}
		if c.size < 0 {
			return c, badRequest("%d is less than the minimum of 0", c.size)
		}
	}
	if q.Has("ids") {
		c.ids = slices.Compact(slices.Sorted(strings.SplitSeq(q.Get("ids"), ",")))
		c.ids = slices.DeleteFunc(c.ids, func(id string) bool { return bos.CheckComponentID(id) != nil })
	}
	return c, nil
}

// wrongType refuses a parameter. BOS: connexion's words.
func wrongType(want, parameter string) *problem {
	return badRequest("Wrong type, expected '%s' for query parameter '%s'", want, parameter)
}

// componentPages reads the components that pass.
func (h *handler) componentPages(ctx context.Context, q componentQuery) iter.Seq2[[]component, error] {
	return func(yield func([]component, error) bool) {
		left := q.size
		for found, err := range h.storePages(ctx, q) {
			if err == nil {
				found = slices.DeleteFunc(found, func(c *bos.Component) bool { return !q.passes(c) })
				found, err = h.owned(ctx, q.tenant, found)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if q.size > 0 {
				found = found[:min(len(found), left)]
				left -= len(found)
			}
			records := make([]component, len(found))
			for i, c := range found {
				records[i] = componentOf(c)
			}
			if !yield(records, nil) || q.size > 0 && left == 0 {
				return
			}
		}
	}
}

// storePages reads what the store lets pass: of the ids that are named, or of all.
func (h *handler) storePages(ctx context.Context, q componentQuery) iter.Seq2[[]*bos.Component, error] {
	return func(yield func([]*bos.Component, error) bool) {
		if impossible(q.filter.Session) || impossible(q.filter.StagedSession) {
			return
		}
		f, page := q.filter, bos.Page{First: componentsPage, After: q.after}
		if q.ids == nil && q.exact() && q.size > 0 {
			page.First = min(page.First, q.size)
		}
		for ids := q.ids; ; {
			if q.ids != nil {
				if len(ids) == 0 {
					return
				}
				f.IDs = ids[:min(len(ids), page.First)]
				ids = ids[len(f.IDs):]
			}
			list, err := h.store.ListComponents(ctx, nil, f, page, true, false)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(list.Items, nil) || q.ids == nil && !list.More {
				return
			}
			if n := len(list.Positions); n > 0 {
				page.After = list.Positions[n-1]
			}
		}
	}
}

// exact says whether all that the store lets pass is asked for.
func (q *componentQuery) exact() bool { return q.phase == "" && q.statuses == nil && q.tenant == "" }

// impossible says whether no session can have that name.
func impossible(name *string) bool {
	return name != nil && bos.SessionKey{Name: *name}.Check() != nil
}

// passes filters by what components may have any text in.
func (q *componentQuery) passes(c *bos.Component) bool {
	return (q.phase == "" || q.phase == string(c.Phase)) && (q.statuses == nil || slices.Contains(q.statuses, string(c.Status())))
}

// owned leaves those that a tenant owns.
func (h *handler) owned(ctx context.Context, tenant string, found []*bos.Component) ([]*bos.Component, error) {
	switch {
	case tenant == "":
		return found, nil
	case bos.CheckTenant(tenant) != nil:
		return nil, newProblem(http.StatusBadRequest, "Invalid tenant", "Data not found for tenant %s", tenant)
	}
	ids := make([]string, len(found))
	for i, c := range found {
		ids[i] = c.ID
	}
	owns, err := h.store.Owns(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	var left []*bos.Component
	for i, c := range found {
		if owns[i] {
			left = append(left, c)
		}
	}
	return left, nil
}
