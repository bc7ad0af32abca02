// Command gendocs writes what is made of the command line's grammar into a file: docs/options.md,
// the list of variables of the Helm chart, the manual page, or the completions of a shell.
package main

import (
	"bytes"
	"io"
	"log"
	"os"

	"github.com/bosgraph/bosgraph/internal/config"
)

var kinds = map[string]func(io.Writer) error{
	"options":   config.WriteOptions,
	"variables": config.WriteVariables,
	"man":       config.WriteManual,
	"bash":      config.WriteBashCompletion,
	"zsh":       config.WriteZshCompletion,
	"fish":      config.WriteFishCompletion,
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 || kinds[os.Args[1]] == nil {
		log.Fatal("usage: gendocs options|variables|man|bash|zsh|fish FILE")
	}
	var text bytes.Buffer
	if err := kinds[os.Args[1]](&text); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[2], text.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
