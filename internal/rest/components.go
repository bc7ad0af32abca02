package rest

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// componentsPage is how many components are read at a time: about 650 KB of usual records, which
// the server holds for each client that reads a list.
const componentsPage = 500

// pageBounds bound what is read at a time in bytes: a page of records with long texts
// has fewer of them.
var pageBounds = &cost.Limits{Response: 1 << 20}

// components lists components, ascending by id.
func (h *handler) components(w http.ResponseWriter, r *request) error {
	q := componentQueryOf(r.query)
	q.tenant = tenantOf(r.Request)
	if err := h.needTenant(r.Context(), q.tenant); err != nil {
		return err
	}
	return stream(h, w, r, h.componentPages(r.Context(), q))
}

// component answers with one component's record. BOS: one that is not there is not found
// before the tenant is looked at.
func (h *handler) component(w http.ResponseWriter, r *request) error {
	if bos.CheckComponentID(r.id) != nil { // so there is none
		return notFound("Component", r.id)
	}
	ctx, ids, tenant := r.Context(), []string{r.id}, tenantOf(r.Request)
	limited := auth.AccessOf(ctx).Limited(auth.ReadComponents)
	// A component that the tenant does not own is not found, as one that does not exist. Those who may
	// read nothing else must not learn which of the two it is: nothing of it is read for them.
	if limited {
		if owns, err := h.store.Owns(ctx, tenant, ids); err != nil || !owns[0] {
			return cmp.Or(err, error(notFound("Component", r.id)))
		}
	}
	found, err := h.store.ReadComponents(ctx, ids, true)
	if err != nil {
		return err
	}
	if found[0] == nil {
		return notFound("Component", r.id)
	}
	if tenant != "" && !limited {
		if err := h.needTenant(ctx, tenant); err != nil {
			return err
		}
		if owns, err := h.store.Owns(ctx, tenant, ids); err != nil || !owns[0] {
			return cmp.Or(err, error(notFound("Component", r.id)))
		}
	}
	return send(w, record{found[0]})
}

// record is a component's record on its way out.
type record struct{ *bos.Component }

// MarshalJSON writes it as BOS does.
func (r record) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// componentQuery is what a list is asked for.
type componentQuery struct {
	filter   bos.ComponentFilter // what the store knows to filter by
	ids      []string            // ascending; nil for all
	phase    string              // "" for all
	statuses []string            // any texts, as components may have any; nil for all
	present  bool                // only those that have the field by which enabled is filtered
	tenant   string              // "" for all
	after    string
	size     int // of the list; 0 for all
}

// componentQueryOf reads the parameters of a list, which have been checked.
func componentQueryOf(q map[string]string) componentQuery {
	c := componentQuery{phase: q["phase"], after: q["start_after_id"]}
	c.filter.Session, c.filter.StagedSession = orNull(q["session"]), orNull(q["staged_session"])
	if s := q["status"]; s != "" {
		c.statuses = strings.Split(s, ",")
	}
	if size, ok := integer(q["page_size"]); ok {
		c.size = int(size.Int64())
	}
	if list, ok := q["ids"]; ok {
		// Ascending and once each, as BOS answers: it filters its own list by them. An id that none can
		// have is no error there, it just is not found.
		c.ids = slices.Compact(slices.Sorted(strings.SplitSeq(list, ",")))
		c.ids = slices.DeleteFunc(c.ids, func(id string) bool { return bos.CheckComponentID(id) != nil })
	}
	if text, ok := q["enabled"]; ok {
		enabled := strings.EqualFold(text, "true")
		c.filter.Enabled = &enabled
	}
	return c
}

// componentPages reads the components that pass.
func (h *handler) componentPages(ctx context.Context, q componentQuery) iter.Seq2[[]record, error] {
	// BOS: what has no such field is not disabled, but enabled=false alone is no filter
	// there at all. Here it is one, and then a missing field counts as false.
	q.present = q.filter.Enabled != nil && !*q.filter.Enabled &&
		(!q.exact() || q.tenant != "" || q.ids != nil || q.filter.Session != nil || q.filter.StagedSession != nil)
	return func(yield func([]record, error) bool) {
		left := q.size
		for found, err := range h.storePages(ctx, q) {
			if err == nil {
				found = slices.DeleteFunc(found, func(c *bos.Component) bool { return !q.passes(c) })
			} else {
				yield(nil, err)
				return
			}
			if q.size > 0 {
				found = found[:min(len(found), left)]
				left -= len(found)
			}
			records := make([]record, len(found))
			for i, c := range found {
				records[i] = record{c}
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
		q.filter.Owner = orNull(q.tenant)
		f, page := q.filter, bos.Page{First: componentsPage, After: q.after}
		// Of a query that the store answers exactly, no more is read than is asked for. Otherwise how
		// many have to be read is not known, and pages are full.
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
			for {
				paged, _ := pageBounds.WithEffort(ctx)
				list, err := h.store.ListComponents(paged, nil, f, page, true, false)
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(list.Items, nil) {
					return
				}
				// A page that pageBounds has cut short says so by More: the rest follows in the next.
				if n := len(list.Positions); n > 0 {
					page.After = list.Positions[n-1]
				}
				if !list.More {
					break
				}
			}
			if q.ids == nil {
				return
			}
		}
	}
}

// exact says whether all that the store lets pass is asked for.
func (q *componentQuery) exact() bool {
	return q.phase == "" && q.statuses == nil && !q.present
}

// impossible says whether no session can have that name.
func impossible(name *string) bool {
	return name != nil && bos.SessionKey{Name: *name}.Check() != nil
}

// passes filters by what the store does not.
func (q *componentQuery) passes(c *bos.Component) bool {
	if q.present && (c.Shape.Absent|c.Shape.Null)&bos.FieldEnabled != 0 {
		return false
	}
	return (q.phase == "" || q.phase == string(c.Phase)) && (q.statuses == nil || slices.Contains(q.statuses, string(c.Status())))
}
