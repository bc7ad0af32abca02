// Command pack compresses what npm has built, in place: the embedded bundle is then a quarter as
// large, and servers send it as it is. It is done here and not by Node.js, whose results differ
// between versions and processors.
package main

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"log"
	"os"
	"path/filepath"
)

func main() {
	if err := pack(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

// pack replaces each file of a folder by a compressed one, of which that is the smaller one.
func pack(folder string) error {
	return filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || filepath.Ext(name) == ".gz" {
			return err
		}
		plain, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		zipped, err := zip(plain)
		if err != nil || len(zipped) >= len(plain) {
			return err
		}
		if err := os.WriteFile(name+".gz", zipped, 0o644); err != nil {
			return err
		}
		return os.Remove(name)
	})
}

func zip(plain []byte) ([]byte, error) {
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	err = w.Close()
	return zipped.Bytes(), err
}
