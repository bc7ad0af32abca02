package main

import (
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers itself
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packages writes a deb and an rpm for each architecture; nfpm.yaml says what is in them.
func (r *release) packages() error {
	// nfpm finds the scripts from where it runs.
	if err := os.Chdir(filepath.Join(r.root, "packaging")); err != nil {
		return err
	}
	for _, arch := range architectures {
		config, err := nfpm.ParseFileWithEnvMapping("nfpm.yaml", func(name string) string {
			switch name {
			case "ARCH":
				return arch
			case "VERSION":
				return r.version
			case "WORK":
				return r.work
			}
			return ""
		})
		if err != nil {
			return err
		}
		for _, format := range []string{"deb", "rpm"} {
			if err := r.writePackage(config, format); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *release) writePackage(config nfpm.Config, format string) error {
	info, err := config.Get(format)
	if err != nil {
		return err
	}
	info = nfpm.WithDefaults(info)
	info.MTime = r.time
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	info.Target = filepath.Join(r.dist, packager.ConventionalFileName(info))
	out, err := os.Create(info.Target)
	if err != nil {
		return err
	}
	if err := packager.Package(info, out); err != nil {
		return err
	}
	return out.Close()
}
