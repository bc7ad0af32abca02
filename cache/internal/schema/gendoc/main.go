// Command gendoc writes the tables of the documentation of cache to the file that is its one
// argument.
package main

import (
	"bytes"
	"log"
	"os"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gendoc FILE")
	}
	var text bytes.Buffer
	if err := schema.WriteDocument(&text); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], text.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
