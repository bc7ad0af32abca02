// Command release makes everything that a release consists of: programs, archives, lists of parts
// (SBOM), a container image, packages for Debian and Red Hat, the Helm chart, and their checksums.
// Run it by `make release`; its argument is the folder to write to.
//
// The version is what the go command notes in the program: the tag of the commit, or a
// pseudo-version. Times in files are that of the commit, or SOURCE_DATE_EPOCH, so two runs on one
// commit give the same bytes.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// architectures are those of Linux that there are programs for.
var architectures = []string{"amd64", "arm64"}

// release is one run.
type release struct {
	root    string            // a checkout of the commit
	dist    string            // where results go
	work    string            // below dist, for what is no result
	binary  map[string]string // by architecture
	version string            // without the v
	time    time.Time         // of everything
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: release FOLDER")
	}
	dist, err := filepath.Abs(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := run(dist); err != nil {
		log.Fatal(err)
	}
}

func run(dist string) error {
	r := &release{root: ".", dist: dist, work: filepath.Join(dist, "work"), binary: map[string]string{}}
	// Results of another version would stay, and get checksums.
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(r.work, 0o755); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"sources", r.checkout},
		{"programs", r.build},
		{"manual page and completions", r.manual},
		{"archives", r.archives},
		{"lists of parts", r.parts},
		{"image", r.image},
		{"packages", r.packages},
		{"chart", r.chart},
		{"checksums", r.checksums},
	} {
		began := time.Now()
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		log.Printf("%s in %.1f s", step.name, time.Since(began).Seconds())
	}
	log.Printf("version %s is in %s", r.version, r.dist)
	return nil
}

// checkout makes a release one of what is committed: files that are changed or not known to git
// are no part of it. It also is what the go command finds a version in, which in a worktree it
// does not.
func (r *release) checkout() error {
	sources := filepath.Join(r.work, "sources")
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return fmt.Errorf("a release is made from a repository of git, which knows its version: %w", err)
	}
	defer func() { r.root = sources }()
	return r.command(nil, "git", "clone", "--quiet", strings.TrimSpace(string(top)), sources)
}

// build compiles the programs, and learns the version and the time from one of them.
func (r *release) build() error {
	for _, arch := range architectures {
		to := filepath.Join(r.work, arch, "bosgraph")
		err := r.command([]string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + arch},
			"go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", to, ".")
		if err != nil {
			return err
		}
		r.binary[arch] = to
	}
	info, err := buildinfo.ReadFile(r.binary[architectures[0]])
	if err != nil {
		return err
	}
	r.version = strings.TrimPrefix(info.Main.Version, "v")
	if r.version == "" || strings.HasPrefix(r.version, "(") {
		return fmt.Errorf("the go command has noted no version")
	}
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		r.time = time.Unix(seconds, 0).UTC()
		return nil
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			r.time, err = time.Parse(time.RFC3339, s.Value)
		}
	}
	return err
}

// manual writes what people and shells read about the command line.
func (r *release) manual() error {
	for kind, file := range map[string]string{"man": "bosgraph.1", "bash": "bosgraph.bash", "zsh": "_bosgraph", "fish": "bosgraph.fish"} {
		if err := r.command(nil, "go", "run", "./internal/config/gendocs", kind, filepath.Join(r.work, file)); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(filepath.Join(r.work, "bosgraph.1"))
	if err != nil {
		return err
	}
	packed, err := compressed(text)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.work, "bosgraph.1.gz"), packed, 0o644)
}

// checksums lists the results as `sha256sum --check` reads them.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.dist)
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(r.dist, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(text), e.Name())
	}
	return os.WriteFile(filepath.Join(r.dist, "SHA256SUMS"), []byte(lines.String()), 0o644)
}

// result is where a result goes: its name has the version.
func (r *release) result(end string) string {
	return filepath.Join(r.dist, "bosgraph_"+r.version+end)
}

// command runs a program at the root of the sources, with more variables.
func (r *release) command(env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = r.root, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}
