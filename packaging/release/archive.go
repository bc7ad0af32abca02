package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entry is a file of an archive.
type entry struct {
	name string
	mode int64
	text []byte
}

// file reads an entry of an archive from a file; programs are those that lie in a folder of an
// architecture.
func file(name, from string) (entry, error) {
	text, err := os.ReadFile(from)
	mode := int64(0o644)
	if filepath.Base(from) == "bosgraph" {
		mode = 0o755
	}
	return entry{name: name, mode: mode, text: text}, err
}

// archive writes a tar with the same bytes for the same entries. All belongs to root.
func archive(entries []entry, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	known := map[string]bool{".": true}
	for _, e := range entries {
		// Some readers want folders before what is in them.
		var above []string
		for dir := filepath.Dir(e.name); !known[dir]; dir = filepath.Dir(dir) {
			known[dir] = true
			above = append(above, dir)
		}
		slices.Reverse(above)
		for _, dir := range above {
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: at}); err != nil {
				return nil, err
			}
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.text)), ModTime: at}); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

func compressed(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

func (r *release) writeArchive(to string, entries []entry) error {
	text, err := archive(entries, r.time)
	if err != nil {
		return err
	}
	if strings.HasSuffix(to, "gz") {
		if text, err = compressed(text); err != nil {
			return err
		}
	}
	return os.WriteFile(to, text, 0o644)
}

// archives are for systems without packages: the program and what belongs to it, by architecture.
func (r *release) archives() error {
	for _, arch := range architectures {
		top := "bosgraph-" + r.version + "/"
		var entries []entry
		for _, f := range [][2]string{
			{"bosgraph", r.binary[arch]},
			{"LICENSE", filepath.Join(r.root, "LICENSE")},
			{"THIRD_PARTY_LICENSES", filepath.Join(r.root, "THIRD_PARTY_LICENSES")},
			{"man/man1/bosgraph.1.gz", filepath.Join(r.work, "bosgraph.1.gz")},
			{"completions/bosgraph.bash", filepath.Join(r.work, "bosgraph.bash")},
			{"completions/_bosgraph", filepath.Join(r.work, "_bosgraph")},
			{"completions/bosgraph.fish", filepath.Join(r.work, "bosgraph.fish")},
			{"systemd/bosgraph.service", filepath.Join(r.root, "packaging/bosgraph.service")},
			{"systemd/bosgraph.env", filepath.Join(r.root, "packaging/bosgraph.env")},
		} {
			e, err := file(top+f[0], f[1])
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		if err := r.writeArchive(r.result("_linux_"+arch+".tar.gz"), entries); err != nil {
			return err
		}
	}
	return nil
}

// chart packs the Helm chart, with the version of the release in place of the one in the sources.
func (r *release) chart() error {
	top := filepath.Join(r.root, "packaging/chart")
	var entries []entry
	err := filepath.WalkDir(filepath.Join(top, "bosgraph"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		e, err := file(name, path)
		if d.Name() == "Chart.yaml" {
			e.text = []byte(strings.ReplaceAll(string(e.text), "0.0.0", r.version))
		}
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return err
	}
	return r.writeArchive(filepath.Join(r.dist, "bosgraph-chart-"+r.version+".tgz"), entries)
}
