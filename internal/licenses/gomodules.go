package licenses

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// targets are what the program is built for. Which modules are linked depends on it,
// and not on where this runs.
var targets = []string{"amd64", "arm64"}

// goParts are Go itself and the modules that are linked into the program.
func goParts(root string) ([]part, error) {
	folders := map[string]map[string]bool{} // by module, those of its packages
	at := map[string]string{}               // where modules are
	for _, target := range targets {
		packages, err := linked(root, target)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			if p.Standard || p.Module == nil || p.Module.Main {
				continue
			}
			name := p.Module.Path + " " + p.Module.Version
			if folders[name] == nil {
				folders[name], at[name] = map[string]bool{}, p.Module.Dir
			}
			folders[name][p.Dir] = true
		}
	}
	goroot, err := output(root, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	library := part{name: "Go, its runtime and standard library"}
	if library.texts, err = textsIn(strings.TrimSpace(string(goroot))); err != nil {
		return nil, err
	}
	parts := []part{library}
	for name, of := range folders {
		p := part{name: name}
		if p.texts, err = upwards(of, at[name]); err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	slices.SortFunc(parts[1:], byName)
	for _, p := range parts {
		// An error and not a gap: what is distributed without its license must not be
		// distributed.
		if len(p.texts) == 0 {
			return nil, fmt.Errorf("%s comes without a license", p.name)
		}
	}
	return parts, nil
}

// upwards reads the licenses of a module's packages: some have one of their own, beside
// that of the module.
func upwards(packages map[string]bool, top string) ([]string, error) {
	all := map[string]bool{top: true}
	for folder := range packages {
		// Up to the module's own folder: a package may be under the license of any folder above
		// it.
		for folder != top && strings.HasPrefix(folder, top+string(filepath.Separator)) {
			all[folder] = true
			folder = filepath.Dir(folder)
		}
	}
	var folders, texts []string
	for folder := range all {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	for _, folder := range folders {
		more, err := textsIn(folder)
		if err != nil {
			return nil, err
		}
		texts = append(texts, more...)
	}
	return texts, nil
}

// linked lists the packages that the program of the module at root is made of.
func linked(root, arch string) ([]goPackage, error) {
	out, err := output(root, []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0", "GOWORK=off"},
		"go", "list", "-deps", "-json=Dir,Standard,Module", ".")
	if err != nil {
		return nil, err
	}
	var packages []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

func output(folder string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return out, nil
}
