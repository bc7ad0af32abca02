package rest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// validateTemplate answers with what BOS thinks of a template, where that follows from the
// template alone. Otherwise BOS looks at boot images in S3 and IMS, which nobody else can do
// for it. That is 501 and not 503: CSM's clients repeat a request up to ten times after 503,
// and no repetition would help.
func (h *handler) validateTemplate(w http.ResponseWriter, r *request) error {
	record, err := h.findTemplate(r)
	if err != nil {
		return err
	}
	options, err := h.Templates.BOSOptions(r.Context())
	if err != nil {
		return err
	}
	template := bos.Template{TemplateKey: bos.TemplateKey{Name: r.id}, Record: record}
	if verdict := verdictOn(template.Fields(), bos.ParseOptions(options)); verdict != "" {
		return send(w, verdict)
	}
	return newProblem(http.StatusNotImplemented, "Not Implemented",
		"Only BOS can validate the session template '%s', as it looks at the boot images: send this request to BOS", r.id)
}

// verdictOn is what BOS finds wrong with a template before it looks at anything else; empty if
// it would look further. Of several boot sets BOS reports the first with an error, and which
// that is depends on the images of those before it, so that nothing is known of them here.
// BOS: controllers/v2/boot_set/validate.py. In some of its versions the three names in the
// second text come in any order.
func verdictOn(t *bos.SessionTemplate, options *bos.Options) string {
	if len(t.BootSets) == 0 {
		return fmt.Sprintf("Session template '%s' requires at least 1 boot set.", t.Name)
	}
	if len(t.BootSets) > 1 {
		return ""
	}
	set, wrong := t.BootSets[0], ""
	isNID := func(node string) bool { return strings.HasPrefix(node, "nid") }
	switch {
	case set.NodeList == nil && set.NodeRolesGroups == nil && set.NodeGroups == nil:
		wrong = "No hardware specifier fields " + specifiers
	case len(set.NodeList)+len(set.NodeRolesGroups)+len(set.NodeGroups) == 0:
		wrong = "No non-empty hardware specifier fields " + specifiers
	case options.RejectNIDs != nil && *options.RejectNIDs && slices.ContainsFunc(set.NodeList, isNID):
		wrong = "Has NID in 'node_list'"
	default:
		return ""
	}
	return fmt.Sprintf("Session template: '%s' boot set: '%s': %s", t.Name, set.Name, wrong)
}

const specifiers = `(('node_list', 'node_roles_groups', 'node_groups'))`
