package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
)

// weighTemplates is a weigher of session templates that are selected under a path of the
// field being resolved. A template may name every node of a system in each boot set.
func weighTemplates(ctx context.Context, path ...string) *weigher[bos.SessionTemplate] {
	op, sets := selectedSets(ctx, path)
	w := newWeigher(op, sets, []string{"SessionTemplate"}, templateTexts, "")
	// newWeigher has counted the fields under bootSets once, as those of a single object: one boot
	// set too many is no harm.
	var under []ast.SelectionSet
	for _, set := range sets {
		under = append(under, descend(op, set, []string{"bootSets"})...)
	}
	if len(under) == 0 {
		return w
	}
	each := weighBootSets(op, under)
	w.inner = func(t *bos.SessionTemplate) (bytes int64, fields int) {
		// Item by item, as boot sets differ: one may list every node of a system, the next name
		// a group.
		for i := range t.BootSets {
			bytes += each.of(&t.BootSets[i])
			_, items := each.inner(&t.BootSets[i])
			fields += each.fields + items
		}
		return bytes, fields
	}
	return w
}

// weighBootSets is a weigher of boot sets. Its inner counts lists as memory, too, several items
// a field.
func weighBootSets(op *graphql.OperationContext, sets []ast.SelectionSet) *weigher[bos.BootSet] {
	w := newWeigher(op, sets, []string{"BootSet"}, bootSetTexts, "")
	// Lists are measured item by item: joined to one text, as other lists are, 100,000 ids would be
	// copied for it.
	times := map[string]int{} // how often each list is selected
	for _, set := range sets {
		for _, f := range graphql.CollectFields(op, set, nil) {
			if bootSetLists[f.Name] != nil {
				times[f.Name]++
			}
		}
	}
	w.inner = func(b *bos.BootSet) (bytes int64, fields int) {
		for name, n := range times {
			for _, item := range bootSetLists[name](b) {
				bytes += int64(n * (encodedLength(item) + around))
				fields += n
			}
		}
		return bytes, (fields + itemsPerField - 1) / itemsPerField
	}
	return w
}

// itemsPerField is how many items of a list of texts take the memory of one field: an item is
// a closure and its place in the list, 48 bytes, and nothing is resolved for it.
const itemsPerField = 6

var templateTexts = textsOf[bos.SessionTemplate]{
	"name":              func(t *bos.SessionTemplate) string { return t.Name },
	"tenant":            func(t *bos.SessionTemplate) string { return orEmpty(t.Tenant) },
	"description":       func(t *bos.SessionTemplate) string { return orEmpty(t.Description) },
	"cfs.configuration": func(t *bos.SessionTemplate) string { return configuration(t.CFS) },
}

var bootSetTexts = textsOf[bos.BootSet]{
	"name":                      func(b *bos.BootSet) string { return b.Name },
	"type":                      func(b *bos.BootSet) string { return orEmpty(b.Type) },
	"etag":                      func(b *bos.BootSet) string { return orEmpty(b.Etag) },
	"kernelParameters":          func(b *bos.BootSet) string { return orEmpty(b.KernelParameters) },
	"network":                   func(b *bos.BootSet) string { return orEmpty(b.Network) },
	"path":                      func(b *bos.BootSet) string { return orEmpty(b.Path) },
	"rootfsProvider":            func(b *bos.BootSet) string { return orEmpty(b.RootfsProvider) },
	"rootfsProviderPassthrough": func(b *bos.BootSet) string { return orEmpty(b.RootfsProviderPassthrough) },
	"arch":                      func(b *bos.BootSet) string { return orEmpty(b.Arch) },
	"cfs.configuration":         func(b *bos.BootSet) string { return configuration(b.CFS) },
}

var bootSetLists = map[string]func(*bos.BootSet) []string{
	"nodeList":        func(b *bos.BootSet) []string { return b.NodeList },
	"nodeRolesGroups": func(b *bos.BootSet) []string { return b.NodeRolesGroups },
	"nodeGroups":      func(b *bos.BootSet) []string { return b.NodeGroups },
}

func configuration(c *bos.CFSParameters) string {
	if c == nil {
		return ""
	}
	return orEmpty(c.Configuration)
}

// weighOptions is the same for BOS's options.
func weighOptions(ctx context.Context) *weigher[bos.Options] {
	op, sets := selectedSets(ctx, nil)
	w := newWeigher(op, sets, []string{"BosOptions"}, optionTexts, "")
	var other []ast.SelectionSet
	for _, set := range sets {
		other = append(other, descend(op, set, []string{"other"})...)
	}
	if len(other) == 0 {
		return w
	}
	each := newWeigher(op, other, []string{"BosOption"}, otherOptionTexts, "")
	w.inner = func(o *bos.Options) (bytes int64, fields int) {
		for i := range o.Other {
			bytes += each.of(&o.Other[i])
			fields += each.fields
		}
		return bytes, fields
	}
	return w
}

var optionTexts = textsOf[bos.Options]{
	"cleanupCompletedSessionTtl": func(o *bos.Options) string { return orEmpty(o.CleanupCompletedSessionTTL) },
	"componentActualStateTtl":    func(o *bos.Options) string { return orEmpty(o.ComponentActualStateTTL) },
	"loggingLevel":               func(o *bos.Options) string { return orEmpty(o.LoggingLevel) },
}

var otherOptionTexts = textsOf[bos.Option]{
	"name":  func(o *bos.Option) string { return o.Name },
	"value": func(o *bos.Option) string { return o.Value },
}
