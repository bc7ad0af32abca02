package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// npmPackage is a line of web/dist/packages.json.
type npmPackage struct{ Name, Version, License string }

// parts writes a list of parts (SBOM, CycloneDX) for each program: the Go modules that are linked
// into it, and the npm packages of its pages.
func (r *release) parts() error {
	text, err := os.ReadFile(filepath.Join(r.root, "web/dist/packages.json"))
	if err != nil {
		return err
	}
	var packages []npmPackage
	if err := json.Unmarshal(text, &packages); err != nil {
		return err
	}
	// The tool belongs to this module, and what it describes is another.
	tool := filepath.Join(r.work, "cyclonedx-gomod")
	if err := r.command(nil, "go", "build", "-C", filepath.Join(r.root, "packaging"), "-o", tool, "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod"); err != nil {
		return err
	}
	for _, arch := range architectures {
		to := r.result("_linux_" + arch + ".cdx.json")
		err := r.command([]string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + arch},
			tool, "app", "-json", "-licenses", "-std", "-noserial", "-output", to, "-main", ".", r.root)
		if err != nil {
			return err
		}
		if err := r.addPackages(to, packages); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) addPackages(list string, packages []npmPackage) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	var bom cdx.BOM
	if err := json.Unmarshal(text, &bom); err != nil {
		return err
	}
	bom.Metadata.Timestamp = r.time.Format(time.RFC3339)
	bom.Metadata.Component.Version = r.version
	parts := *bom.Components
	for _, p := range packages {
		purl := "pkg:npm/" + strings.Replace(p.Name, "@", "%40", 1) + "@" + p.Version
		parts = append(parts, cdx.Component{
			BOMRef: purl, Type: cdx.ComponentTypeLibrary, Name: p.Name, Version: p.Version, PackageURL: purl, Scope: cdx.ScopeRequired,
			Licenses: &cdx.Licenses{{Expression: p.License}},
		})
	}
	slices.SortFunc(parts, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	bom.Components = &parts
	out, err := os.Create(list)
	if err != nil {
		return err
	}
	if err := cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON).SetPretty(true).Encode(&bom); err != nil {
		return err
	}
	return out.Close()
}
