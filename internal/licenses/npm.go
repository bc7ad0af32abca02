package licenses

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// npmPackage is a package in the bundle, as web/packages.ts lists it.
type npmPackage struct {
	Name, Version, License, Path string
}

// manifest is what is read of a package's package.json.
type manifest struct {
	Version    string
	Author     any // a text or an object
	Repository any // too
}

// npmParts are the packages in the bundle of the pages.
func npmParts(web string) ([]part, error) {
	list, err := os.ReadFile(filepath.Join(web, "dist", "packages.json"))
	if err != nil {
		return nil, err
	}
	var packages []npmPackage
	if err := json.Unmarshal(list, &packages); err != nil {
		return nil, fmt.Errorf("web/dist/packages.json: %w", err)
	}
	// Packages that are made in one repository may leave the license to the others.
	shared := map[string][]string{}
	parts := make([]part, len(packages))
	manifests := make([]manifest, len(packages))
	for i, p := range packages {
		folder := filepath.Join(web, filepath.FromSlash(p.Path))
		text, err := os.ReadFile(filepath.Join(folder, "package.json"))
		if err == nil {
			err = json.Unmarshal(text, &manifests[i])
		}
		if err != nil {
			return nil, fmt.Errorf("the packages of web/ are not installed, which scripts/need.sh does: %w", err)
		}
		// The bundle was made of another state than the one whose licenses would be read here.
		if manifests[i].Version != p.Version {
			return nil, fmt.Errorf("%s is installed as %s and bundled as %s: run `npm ci` and build again", p.Name, manifests[i].Version, p.Version)
		}
		parts[i].name = p.Name + " " + p.Version
		if parts[i].texts, err = textsIn(folder); err != nil {
			return nil, err
		}
		if home := said(manifests[i].Repository, "url"); home != "" && len(parts[i].texts) > 0 && shared[home+p.License] == nil {
			shared[home+p.License] = parts[i].texts[:1]
		}
	}
	for i, p := range packages {
		if len(parts[i].texts) > 0 {
			continue
		}
		home := said(manifests[i].Repository, "url")
		if parts[i].texts = shared[home+p.License]; parts[i].texts != nil {
			continue
		}
		if p.License == "" {
			return nil, fmt.Errorf("%s comes without a license", parts[i].name)
		}
		parts[i].note = "License: " + p.License + ", as its package.json says; it comes without the text.\nSource: " + home
		if author := said(manifests[i].Author, "name"); author != "" {
			parts[i].note += "\nAuthor: " + author
		}
	}
	slices.SortFunc(parts, byName)
	return parts, nil
}

// said is a value of a package.json that is a text, or an object with it.
func said(value any, field string) string {
	if object, ok := value.(map[string]any); ok {
		value = object[field]
	}
	text, _ := value.(string)
	text = strings.TrimPrefix(strings.TrimSuffix(text, ".git"), "git+")
	return strings.Replace(text, "git://", "https://", 1)
}
