package installtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

func TestChecksums(t *testing.T) {
	cmd := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	cmd.Dir = dist
	if out, err := cmd.CombinedOutput(); err != nil || strings.Count(string(out), ": OK") != 10 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestArchives runs the program of this machine's archive, and bounds the size of both programs.
func TestArchives(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		root := t.TempDir()
		unpack(t, packed(t, result(t, "bosgraph_*_linux_"+arch+".tar.gz")), root)
		tops, err := os.ReadDir(root)
		if err != nil || len(tops) != 1 {
			t.Fatalf("%s: the archive has %v at its top", arch, tops)
		}
		program := filepath.Join(root, tops[0].Name(), "bosgraph")
		info, err := os.Stat(program)
		if err != nil {
			t.Fatal(err)
		}
		// 37.23 MB now, and 33.6 before webhooks and traces, which are 2.4: one that grows by more than a little shows here.
		if info.Size() >= 37_500_000 {
			t.Errorf("%s: the program has %d bytes", arch, info.Size())
		}
		if kind := output(t, "file", program); !strings.Contains(kind, "statically linked") || !strings.Contains(kind, ", stripped") {
			t.Errorf("%s: %s", arch, kind)
		}
		if arch != "amd64" {
			continue
		}
		var version struct{ Version, Commit, Date string }
		if err := json.Unmarshal([]byte(output(t, program, "version", "--json")), &version); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(version.Version, "v") || len(version.Commit) != 40 || version.Date == "" {
			t.Errorf("the version is %+v", version)
		}
	}
}

// TestShellsReadTheirCompletions lets each shell check its own, and fish complete a line; the test of
// the command line has bash's. A linter reads the manual page.
func TestShellsReadTheirCompletions(t *testing.T) {
	root := t.TempDir()
	unpack(t, packed(t, result(t, "bosgraph_*_linux_amd64.tar.gz")), root)
	file := func(name string) string {
		found, err := filepath.Glob(filepath.Join(root, "bosgraph-*", name))
		if err != nil || len(found) != 1 {
			t.Fatalf("the archive has %q for %s", found, name)
		}
		return found[0]
	}
	output(t, "bash", "-n", file("completions/bosgraph.bash"))
	output(t, "zsh", "-n", file("completions/_bosgraph"))
	fish := file("completions/bosgraph.fish")
	output(t, "fish", "--no-execute", fish)
	if got := output(t, "fish", "-c", "source "+fish+"; complete -C 'bosgraph sync '; complete -C 'bosgraph --redis-u'"); !strings.Contains(got, "accept") ||
		!strings.Contains(got, "--redis-url") {
		t.Errorf("fish completes %s", got)
	}
	output(t, "mandoc", "-T", "lint", "-W", "error", file("man/man1/bosgraph.1.gz"))
}

// TestPartsHaveLicenses reads the list of parts: Go modules and npm packages, each with a version
// and a license.
func TestPartsHaveLicenses(t *testing.T) {
	text, err := os.ReadFile(result(t, "bosgraph_*_linux_amd64.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		BOMFormat  string
		Components []struct {
			Name, Version, PURL string
			Licenses            []json.RawMessage
			Evidence            struct{ Licenses []json.RawMessage }
		}
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range list.Components {
		names = append(names, c.Name)
		if c.Version == "" || c.PURL == "" || len(c.Licenses)+len(c.Evidence.Licenses) == 0 && c.Name != "std" {
			t.Errorf("%s: version %q, package %q, %d licenses", c.Name, c.Version, c.PURL, len(c.Licenses))
		}
	}
	for _, want := range []string{"std", "github.com/redis/go-redis/v9", "react", "monaco-editor"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing in %q", want, names)
		}
	}
	if slices.Contains(names, "pgregory.net/rapid") || list.BOMFormat != "CycloneDX" {
		t.Error("it lists what only tests use, or has another format")
	}
}

// TestImageRunsReadOnlyAndNotAsRoot unpacks the image and runs it as a container runtime does with
// readOnlyRootFilesystem: in its own root, which it cannot write to, as the image's user.
func TestImageRunsReadOnlyAndNotAsRoot(t *testing.T) {
	needsRoot(t)
	unpacked := t.TempDir()
	text, err := os.Open(result(t, "bosgraph_*_image.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	unpack(t, text, unpacked)
	top, err := layout.ImageIndexFromPath(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	index := childIndex(t, top)
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 2 {
		t.Fatalf("the image has %d platforms: %v", len(manifest.Manifests), err)
	}
	for _, m := range manifest.Manifests {
		image, err := index.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if m.Platform.Architecture != config.Architecture || config.Config.User != "65532:65532" {
			t.Errorf("%s: the image is for %s, as %s", m.Platform.Architecture, config.Architecture, config.Config.User)
		}
		if config.Architecture == "amd64" {
			runImage(t, image, config.Config)
		}
	}
}

func childIndex(t *testing.T, top v1.ImageIndex) v1.ImageIndex {
	t.Helper()
	manifest, err := top.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("the layout has %d entries: %v", len(manifest.Manifests), err)
	}
	// What `podman load` names the image: docs/install.md runs it as bosgraph:VERSION.
	_, version, _ := strings.Cut(filepath.Base(result(t, "bosgraph_*_image.tar")), "_")
	want := "localhost/bosgraph:" + strings.TrimSuffix(version, "_image.tar")
	if got := manifest.Manifests[0].Annotations["io.containerd.image.name"]; got != want {
		t.Errorf("the image has the name %q, want %s", got, want)
	}
	index, err := top.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func runImage(t *testing.T, image v1.Image, config v1.Config) {
	t.Helper()
	root := t.TempDir()
	files := mutate.Extract(image)
	defer files.Close()
	unpack(t, files, root)
	certificates, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil || !x509.NewCertPool().AppendCertsFromPEM(certificates) {
		t.Fatalf("the image has no certificate authorities: %v", err)
	}
	// The folder of the test belongs to root and is closed to others; so is nothing in it.
	for dir := root; dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	output(t, "mount", "--bind", root, root)
	t.Cleanup(func() { _ = exec.Command("umount", root).Run() })
	output(t, "mount", "-o", "remount,bind,ro", root)

	start := func(env ...string) *exec.Cmd {
		uid, gid, _ := strings.Cut(config.User, ":")
		cmd := exec.Command(config.Entrypoint[0], config.Cmd...)
		cmd.Path, cmd.Err = config.Entrypoint[0], nil // in the image, not here
		cmd.Dir, cmd.Env = "/", append(slices.Clone(config.Env), env...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: credential(t, uid, gid)}
		return cmd
	}
	// As it is, it would serve everybody: it says what is missing.
	out, err := start().CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 64 || !strings.Contains(string(out), "--auth") {
		t.Errorf("without access control: %v: %s", err, out)
	}
	address := freeAddress(t)
	runUntilReady(t, start("BOSGRAPH_LISTEN="+address), address)
}

func packed(t *testing.T, name string) io.Reader {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// unpack writes the files and folders of a tar below a folder.
func unpack(t *testing.T, from io.Reader, to string) {
	t.Helper()
	for r := tar.NewReader(from); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(to, filepath.FromSlash(header.Name))
		if header.Typeflag == tar.TypeDir {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, header.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	}
}
