package schema

import (
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// facetEnd ends a part of an entry: no value has it, and it sorts before all that one may have.
const facetEnd = "\x00"

// FacetEntries are a session's entries in the index of facets: one for each facet that has a value
// of it.
func FacetEntries(s *bos.Session) []string {
	facets := []bos.Facet{bos.FacetTemplate}
	if s.Tenant != "" {
		facets = append(facets, bos.FacetTenant, bos.Facet{Of: bos.TemplateFacet, Tenant: &s.Tenant})
	}
	var entries []string
	for _, f := range facets {
		if value := f.Of.Value(s); value != "" {
			entries = append(entries, FacetValues(f)+value+facetEnd+SessionPosition(s))
		}
	}
	return entries
}

// FacetValues is what the entries of a facet begin with, in front of the value.
func FacetValues(f bos.Facet) string {
	if f.Tenant == nil {
		return string(f.Of) + facetEnd
	}
	return string(f.Of) + "/" + *f.Tenant + facetEnd
}

// FacetValue is the value in an entry of that facet.
func FacetValue(f bos.Facet, entry string) string {
	value, _, _ := strings.Cut(strings.TrimPrefix(entry, FacetValues(f)), facetEnd)
	return value
}

// FacetAfter is the first text after all entries of a value.
func FacetAfter(f bos.Facet, value string) string { return FacetValues(f) + value + "\x01" }

// FacetSession is the session's place in the list of all, which an entry ends in.
func FacetSession(entry string) string { return entry[strings.LastIndex(entry, facetEnd)+1:] }
