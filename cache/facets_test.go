package cache

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// made creates a session of a tenant and a template.
func (s *suite) made(tenant, name, template string) {
	s.Helper()
	_, err := s.store.CreateSession(s.ctx, bos.NewSession{SessionKey: bos.SessionKey{Tenant: tenant, Name: name}, Operation: bos.OperationBoot,
		TemplateName: template, Source: bos.SourceProducer})
	s.must(err)
}

func (s *suite) facet(of bos.Facet, prefix string, first int) []string {
	s.Helper()
	values, err := s.store.SessionFacet(s.ctx, of, prefix, first)
	s.must(err)
	return values
}

// TestFacetsListWhatSessionsHave lists templates and tenants each once, also where one has more sessions than are read at a time.
func TestFacetsListWhatSessionsHave(t *testing.T) {
	conform(t, func(s *suite) {
		s.equal(s.facet(bos.FacetTemplate, "", 10), []string{}, "templates where there is no session")
		for i := range 2*facetChunk + 1 {
			s.made("", "many"+strconv.Itoa(i), "compute")
		}
		// Names one of which begins with the other, also with a control character behind.
		for i, template := range []string{"compute\x01", "computer", "gpu", "uan", "A", ""} {
			s.made([]string{"", "blue", "green"}[i%3], "one"+strconv.Itoa(i), template)
		}
		blue := bos.Facet{Of: bos.TemplateFacet, Tenant: new("blue")}
		for what, c := range map[string]struct {
			got, want []string
		}{
			"templates":           {s.facet(bos.FacetTemplate, "", 10), []string{"A", "compute", "compute\x01", "computer", "gpu", "uan"}},
			"the first":           {s.facet(bos.FacetTemplate, "", 2), []string{"A", "compute"}},
			"by prefix":           {s.facet(bos.FacetTemplate, "comp", 10), []string{"compute", "compute\x01", "computer"}},
			"by a whole name":     {s.facet(bos.FacetTemplate, "computer", 10), []string{"computer"}},
			"by none":             {s.facet(bos.FacetTemplate, "x", 10), []string{}},
			"a tenant's":          {s.facet(blue, "", 10), []string{"A", "computer"}},
			"a tenant's, prefix":  {s.facet(blue, "c", 10), []string{"computer"}},
			"nobody's":            {s.facet(bos.Facet{Of: bos.TemplateFacet, Tenant: new("blu")}, "", 10), []string{}},
			"tenants":             {s.facet(bos.FacetTenant, "", 10), []string{"blue", "green"}},
			"tenants by prefix":   {s.facet(bos.FacetTenant, "g", 10), []string{"green"}},
			"a tenant's own name": {s.facet(bos.FacetTenant, "blue", 1), []string{"blue"}},
		} {
			s.equal(c.got, c.want, what)
		}
		got := s.count(func() error { _, err := s.store.SessionFacet(s.ctx, bos.FacetTemplate, "", 10); return err })
		if got.trips > 3 {
			s.Errorf("6 templates of %d sessions take %d round trips", 2*facetChunk+7, got.trips)
		}
		s.must(func() error {
			_, err := s.store.DeleteSession(s.ctx, bos.SessionKey{Tenant: "blue", Name: "one1"})
			return err
		}())
		s.equal(s.facet(blue, "", 10), []string{"A"}, "after the only session of a template was deleted")
	})
}

// TestARecountFindsFacets repairs what sessions of builds before the index have not made, and what is there of none.
func TestARecountFindsFacets(t *testing.T) {
	conform(t, func(s *suite) {
		s.made("blue", "a", "compute")
		s.made("", "b", "gpu")
		k, c := s.store.db.Keys, s.store.db.Client
		stray := schema.FacetValues(bos.FacetTemplate) + "old\x00" + schema.SessionPosition(s.read(name("b")))
		gone := strings.Replace(stray, "/b", "/none", 1)
		s.equal(s.recounted(false), []string{}, "found where nothing is wrong")
		for what, damage := range map[string]func() error{
			"all":     func() error { return c.Del(s.ctx, k.Facets()).Err() },
			"one":     func() error { return c.ZRem(s.ctx, k.Facets(), schema.FacetEntries(s.read(name("b")))[0]).Err() },
			"another": func() error { return c.ZAdd(s.ctx, k.Facets(), z(stray)).Err() },
			"nobody":  func() error { return c.ZAdd(s.ctx, k.Facets(), z(gone)).Err() },
		} {
			s.must(damage())
			found := s.recounted(true)
			if len(found) == 0 || slices.ContainsFunc(found, func(f string) bool { return !strings.HasPrefix(f, "fc ") }) {
				s.Errorf("%s: found %q", what, found)
			}
			s.equal(s.recounted(false), []string{}, what+", found after the repair")
			if got := fmt.Sprint(s.facet(bos.FacetTemplate, "", 10), s.facet(bos.FacetTenant, "", 10)); got != "[compute gpu] [blue]" {
				s.Errorf("%s: facets are %s", what, got)
			}
		}
	})
}
