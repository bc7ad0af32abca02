package cache

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// listTemplates walks through all pages of a list of templates.
func (s *suite) listTemplates(f bos.TemplateFilter, first int, fields bool) (found []string) {
	s.Helper()
	for page := (bos.Page{First: first}); ; {
		list, err := s.store.PageTemplates(s.ctx, f, page, fields)
		s.must(err)
		if len(list.Items) > first || len(list.Items) != len(list.Positions) {
			s.Fatalf("a page of %d has %d items, %d positions", first, len(list.Items), len(list.Positions))
		}
		for _, t := range list.Items {
			text := t.Name
			if t.Tenant != nil {
				text = *t.Tenant + "/" + text
			}
			if t.Description != nil {
				text += "=" + *t.Description
			}
			found = append(found, text)
		}
		if !list.More {
			if *list.Total != len(found) {
				s.Errorf("%d are listed, the total is %d", len(found), *list.Total)
			}
			return found
		}
		page.After = list.Positions[len(list.Positions)-1]
	}
}

// TestPagesOfTemplates lists templates in pages of every size, filtered, with and without
// what their records hold.
func TestPagesOfTemplates(t *testing.T) {
	conform(t, func(s *suite) {
		if found := s.listTemplates(bos.TemplateFilter{}, 10, true); found != nil {
			s.Errorf("before any there are %v", found)
		}
		// In a key "a-b" sorts before "a", but names do not.
		s.must(s.store.KeepTemplates(s.ctx, []bos.Template{
			template("", "a", `{"description":"1"}`), template("", "a-b", `{"description":"2"}`), template("blue", "a", `{"description":"3"}`),
			template("red", "a", `{}`), template("blue", "c", `not JSON`),
		}, nil))
		all := []string{"a=1", "blue/a=3", "red/a", "a-b=2", "blue/c"}
		for first := 1; first <= 6; first++ {
			if found := s.listTemplates(bos.TemplateFilter{}, first, true); !slices.Equal(found, all) {
				s.Errorf("pages of %d: %v", first, found)
			}
		}
		for _, test := range []struct {
			filter bos.TemplateFilter
			want   []string
		}{
			{bos.TemplateFilter{}, []string{"a", "blue/a", "red/a", "a-b", "blue/c"}},
			{bos.TemplateFilter{Tenant: new("")}, []string{"a", "a-b"}},
			{bos.TemplateFilter{Tenant: new("blue")}, []string{"blue/a", "blue/c"}},
			{bos.TemplateFilter{Name: new("a")}, []string{"a", "blue/a", "red/a"}},
			{bos.TemplateFilter{Name: new("a"), Tenant: new("")}, []string{"a"}},
			{bos.TemplateFilter{Tenant: new("green")}, nil},
		} {
			if found := s.listTemplates(test.filter, 2, false); !slices.Equal(found, test.want) {
				s.Errorf("%+v: %v, want %v", test.filter, found, test.want)
			}
		}
		found, err := s.store.ReadTemplates(s.ctx, []bos.TemplateKey{{Tenant: "blue", Name: "a"}, {Name: "c"}, {Name: "a"}})
		s.must(err)
		if len(found) != 3 || *found[0].Description != "3" || found[1] != nil || *found[2].Description != "1" {
			s.Errorf("by their keys: %+v", found)
		}
	})
}

// TestLargeTemplates reads of a page what an answer has room for, and refuses a read that has
// to be whole.
func TestLargeTemplates(t *testing.T) {
	conform(t, func(s *suite) {
		var keys []bos.TemplateKey
		for i := range 40 {
			one := template("", fmt.Sprintf("t%02d", i), `{"description":"`+strings.Repeat("x", 10_000)+`"}`)
			s.must(s.store.KeepTemplates(s.ctx, []bos.Template{one}, nil))
			keys = append(keys, one.TemplateKey)
		}
		ctx, effort := (&cost.Limits{Response: 100_000}).WithEffort(s.ctx)
		defer effort.Done()
		list, err := s.store.PageTemplates(ctx, bos.TemplateFilter{}, bos.Page{First: 40}, true)
		s.must(err)
		if len(list.Items) != 9 || !list.More || !list.Cut || *list.Total != 40 {
			s.Errorf("%d are read, more %v, cut %v", len(list.Items), list.More, list.Cut)
		}
		ctx, effort = (&cost.Limits{Response: 100_000}).WithEffort(s.ctx)
		defer effort.Done()
		if _, err := s.store.ReadTemplates(ctx, keys); bos.CodeOf(err) != bos.BadUserInput {
			s.Errorf("all are read: %v", err)
		}
	})
}

// TestAPageWhoseTemplatesWereDeletedReadsOn deletes all templates of a page between the two reads that it takes: the page has the
// next ones, as it would have no position to read on from.
func TestAPageWhoseTemplatesWereDeletedReadsOn(t *testing.T) {
	conform(t, func(s *suite) {
		writer := s.open(nil)
		first := []bos.TemplateKey{{Name: "a"}, {Name: "b"}}
		s.listTemplates(bos.TemplateFilter{}, 2, true) // to connect takes exchanges of its own
		for n := 1; n < 5; n++ {
			s.must(writer.KeepTemplates(s.ctx, []bos.Template{template("", "a", `{}`), template("", "b", `{}`), template("", "c", `{}`)}, nil))
			s.after(n, func() { s.must(writer.KeepTemplates(s.ctx, nil, first)) })
			list, err := s.store.PageTemplates(s.ctx, bos.TemplateFilter{}, bos.Page{First: 2}, true)
			s.must(err)
			s.after(0, nil)
			if len(list.Items) == 0 && list.More {
				s.Errorf("deleted behind exchange %d: the page is empty, and says that more follow", n)
			}
		}
	})
}
