// Command gendocs writes the table of metrics into the document that is its one argument.
package main

import (
	"bytes"
	"log"
	"os"

	"github.com/bosgraph/bosgraph/internal/metrics"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gendocs FILE")
	}
	document, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var text bytes.Buffer
	if err := metrics.Example().WriteDocument(&text, string(document)); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], text.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
