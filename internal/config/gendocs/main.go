// Command gendocs writes docs/options.md, whose path is its one argument.
package main

import (
	"bytes"
	"log"
	"os"

	"github.com/bosgraph/bosgraph/internal/config"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gendocs FILE")
	}
	var text bytes.Buffer
	if err := config.WriteOptions(&text); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], text.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
