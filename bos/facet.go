package bos

// Facet is something that sessions have in common, of which pickers list the values.
type Facet struct {
	Of     FacetKind
	Tenant *string // only of that tenant's sessions; nil for all. Of TemplateFacet alone
}

// FacetKind is which property of a session a facet lists.
type FacetKind string

// The kinds of facets.
const (
	TemplateFacet FacetKind = "template"
	TenantFacet   FacetKind = "tenant"
)

// The facets of all sessions.
var (
	FacetTemplate = Facet{Of: TemplateFacet}
	FacetTenant   = Facet{Of: TenantFacet}
)

// Value is what a session has of the facet's kind; empty for nothing, as the tenant of one
// without.
func (k FacetKind) Value(s *Session) string {
	if k == TenantFacet {
		return s.Tenant
	}
	return s.TemplateName
}

// CheckFacetPrefix checks what values are to begin with. The error is for users.
func CheckFacetPrefix(prefix string) error {
	if err := checkText("prefix", prefix, MaxName); err != nil {
		return err
	}
	return nil
}
