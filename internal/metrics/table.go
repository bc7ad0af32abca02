package metrics

import (
	"fmt"
	"io"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// The lines of a document between which the table stands.
const (
	tableBegins = "<!-- The table is written by go generate ./internal/metrics. -->\n"
	tableEnds   = "<!-- End of the table. -->\n"
)

// WriteDocument writes a document with the table of all metrics in the place of the one that is in it.
// The metrics are those of a registry in which everything is followed.
func (m *Metrics) WriteDocument(to io.Writer, document string) error {
	before, rest, begins := strings.Cut(document, tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return fmt.Errorf("the document has no place for the table: it has to be between %q and %q", tableBegins, tableEnds)
	}
	families, err := m.registry.Gather()
	if err != nil {
		return err
	}
	var table strings.Builder
	table.WriteString("\n| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "bosgraph_") {
			continue // of Go's and the process' collectors
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), labelsOf(f), f.GetHelp())
	}
	_, err = io.WriteString(to, before+tableBegins+table.String()+"\n"+tableEnds+after)
	return err
}

// labelsOf are the names of a family's labels.
func labelsOf(f *dto.MetricFamily) string {
	var names []string
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if name := "`" + l.GetName() + "`"; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return strings.Join(names, ", ")
}
