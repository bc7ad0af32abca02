package redistest

import (
	"fmt"
	"testing"
)

// FigureKey is the attribute of a test's output under which [Figure] prints.
const FigureKey = "figure"

// Figure prints what a test of a fault has counted or measured, in words that can stand
// alone: `make faults` collects it for docs/faults.md.
func Figure(t testing.TB, format string, values ...any) {
	t.Helper()
	t.Attr(FigureKey, fmt.Sprintf(format, values...))
}
