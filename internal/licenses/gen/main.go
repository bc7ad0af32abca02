// Command gen writes the file of licenses of the module whose root is its argument.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bosgraph/bosgraph/internal/licenses"
)

func main() {
	root := os.Args[1]
	text, err := licenses.Collect(root)
	if err == nil {
		err = os.WriteFile(filepath.Join(root, licenses.File), text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
