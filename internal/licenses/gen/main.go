// Command gen writes the file of licenses of the module whose root is its argument, once
// for readers and once compressed for the program.
package main

import (
	"bytes"
	"compress/gzip"
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
	if err == nil {
		err = os.WriteFile(filepath.Join(root, licenses.File+".gz"), compressed(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// compressed cannot fail: the level exists, and a buffer takes everything.
func compressed(text []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}
