package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is whom the program runs as in the image: a number, so that Kubernetes can see that it is
// not root.
const user = "65532:65532"

// image writes an image for all architectures in OCI's layout, and as a tar of that. It has
// nothing but the program, the certificate authorities that browsers trust, and its licenses; no
// part of it has to be writable. No daemon is needed to make it.
func (r *release) image() error {
	top := filepath.Join(r.work, "image")
	base, err := archive(append(authorities(),
		entry{name: "etc/passwd", mode: 0o644, text: []byte("root:x:0:0:root:/:/none\nbosgraph:x:65532:65532:bosgraph:/:/none\n")},
		entry{name: "etc/group", mode: 0o644, text: []byte("root:x:0:\nbosgraph:x:65532:\n")},
	), r.time)
	if err != nil {
		return err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, arch := range architectures {
		program, err := file("usr/bin/bosgraph", r.binary[arch])
		if err != nil {
			return err
		}
		one, err := r.imageFor(arch, base, program)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: one, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	path, err := layout.Write(top, empty.Index)
	if err != nil {
		return err
	}
	// The name by which tools find the image in the layout, and the one that `podman load` gives it: without that, the version
	// alone would become one.
	name := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": r.version,
		"io.containerd.image.name":          "localhost/bosgraph:" + r.version,
	})
	if err := path.AppendIndex(index, name); err != nil {
		return err
	}
	return r.packLayout(top)
}

func (r *release) imageFor(arch string, base []byte, program entry) (v1.Image, error) {
	text, err := archive([]entry{program}, r.time)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, one := range []struct {
		text []byte
		says string
	}{{base, "certificate authorities, users"}, {text, "bosgraph"}} {
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(one.text)), nil },
			tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return nil, err
		}
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: layer, MediaType: types.OCILayer,
			History: v1.History{Created: v1.Time{Time: r.time}, CreatedBy: "make release", Comment: one.says},
		})
		if err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", arch, v1.Time{Time: r.time}
	config.Config = v1.Config{
		User: user, WorkingDir: "/", Entrypoint: []string{"/usr/bin/bosgraph"}, Cmd: []string{"serve"},
		// On loopback, where bosgraph serves by default, nothing outside of a container reaches it.
		Env:          []string{"PATH=/usr/bin", "BOSGRAPH_LISTEN=:8080"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		StopSignal:   "SIGTERM",
		Labels: map[string]string{
			"org.opencontainers.image.title":       "bosgraph",
			"org.opencontainers.image.description": "Watch BOS boots live",
			"org.opencontainers.image.version":     r.version,
			"org.opencontainers.image.created":     r.time.Format(time.RFC3339),
			"org.opencontainers.image.licenses":    "MIT",
		},
	}
	return mutate.ConfigFile(image, config)
}

// authorities is a file of certificates where Go looks for one. They come from a Go module and not
// from the machine that makes the release, so they are the same everywhere.
func authorities() []entry {
	var all bytes.Buffer
	for root := range bundle.Roots() {
		// An authority with constraints is one that browsers trust in part. A file cannot say so.
		if root.Constraint == nil {
			_ = pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // to memory
		}
	}
	return []entry{{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, text: all.Bytes()}}
}

// packLayout makes a file of the layout, which is easier to move than a folder.
func (r *release) packLayout(top string) error {
	var entries []entry
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		entries = append(entries, entry{name: name, mode: 0o644, text: text})
		return err
	})
	if err != nil {
		return err
	}
	return r.writeArchive(r.result("_image.tar"), entries)
}
