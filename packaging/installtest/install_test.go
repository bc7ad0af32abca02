package installtest

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestDebianPackage installs the package on this machine, starts the service as its unit says, and
// purges the package: nothing of it may be left.
func TestDebianPackage(t *testing.T) {
	needsRoot(t)
	deb := result(t, "bosgraph_*_amd64.deb")
	if err := exec.Command("dpkg-query", "--status", "bosgraph").Run(); err == nil {
		t.Fatal("bosgraph is installed here: the test would remove it")
	}
	before := traces(t)
	t.Cleanup(func() { _ = exec.Command("dpkg", "--purge", "bosgraph").Run() })
	// What is only recommended, redis-server, dpkg does not ask for.
	output(t, "dpkg", "--install", deb)

	if got := output(t, "/usr/bin/bosgraph", "version"); !strings.HasPrefix(got, "bosgraph v") {
		t.Errorf("bosgraph version prints %s", got)
	}
	output(t, "systemd-analyze", "verify", "/usr/lib/systemd/system/bosgraph.service")
	if text := output(t, "man", "--warnings", "bosgraph"); !strings.Contains(text, "BOSGRAPH_REDIS_URL") {
		t.Error("the manual page does not have the variables")
	}
	unit := settings(t, "/usr/lib/systemd/system/bosgraph.service")
	account, err := user.Lookup(unit["User"])
	if err != nil {
		t.Fatal(err)
	}
	mode := func(path string) os.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if got := mode("/etc/bosgraph"); got != 0o750 {
		t.Errorf("/etc/bosgraph has the mode %o", got)
	}
	if got := mode("/var/lib/bosgraph"); got != 0o700 {
		t.Errorf("/var/lib/bosgraph has the mode %o", got)
	}

	address := freeAddress(t)
	var env []string
	for name, value := range settings(t, unit["EnvironmentFile"]) {
		env = append(env, name+"="+value)
	}
	cmd := exec.Command("/usr/bin/bosgraph", strings.Fields(unit["ExecStart"])[1:]...)
	cmd.Dir, cmd.Env = "/", append(env, "PATH=/usr/local/bin:/usr/bin:/bin", "BOSGRAPH_LISTEN="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential(t, account.Uid, account.Gid)}
	runUntilReady(t, cmd, address)
	if entries, err := os.ReadDir("/var/lib/bosgraph"); err != nil || len(entries) == 0 {
		t.Errorf("the service keeps nothing in /var/lib/bosgraph: %v", err)
	}

	// An upgrade keeps what an administrator has changed. Another version would be the same for dpkg.
	const changed = "# changed here\n"
	if err := os.WriteFile("/etc/bosgraph/bosgraph.env", []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	output(t, "dpkg", "--force-confold", "--install", deb)
	if text, err := os.ReadFile("/etc/bosgraph/bosgraph.env"); err != nil || string(text) != changed {
		t.Errorf("the package has replaced the settings: %v: %s", err, text)
	}

	// An administrator's settings outlive removal, as Debian's packages have it, and not purging.
	output(t, "dpkg", "--remove", "bosgraph")
	if _, err := os.Stat("/etc/bosgraph/bosgraph.env"); err != nil {
		t.Errorf("removing the package removed its settings: %v", err)
	}
	output(t, "dpkg", "--purge", "bosgraph")
	after := traces(t)
	for path := range after {
		if !before[path] {
			t.Errorf("purging the package left %s", path)
		}
	}
}

// TestRedHatPackage unpacks the package into a folder, by rpm itself.
func TestRedHatPackage(t *testing.T) {
	needsRoot(t)
	pkg, root := result(t, "bosgraph-*.x86_64.rpm"), t.TempDir()
	output(t, "rpm", "--checksig", "--nosignature", pkg)
	output(t, "rpm", "--root", root, "--nodeps", "--noscripts", "--install", pkg)
	if got := output(t, filepath.Join(root, "usr/bin/bosgraph"), "version"); !strings.HasPrefix(got, "bosgraph v") {
		t.Errorf("bosgraph version prints %s", got)
	}
	for _, name := range []string{"usr/lib/systemd/system/bosgraph.service", "etc/bosgraph/bosgraph.env", "usr/share/man/man1/bosgraph.1.gz",
		"usr/share/licenses/bosgraph/LICENSE"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
	}
	if got := output(t, "rpm", "--query", "--package", "--configfiles", pkg); strings.TrimSpace(got) != "/etc/bosgraph/bosgraph.env" {
		t.Errorf("the package's configuration is %s", got)
	}
	for kind, want := range map[string]string{"--requires": "/usr/sbin/useradd", "--recommends": "redis >= 7.0"} {
		if got := strings.Split(output(t, "rpm", "--query", "--package", kind, pkg), "\n"); !slices.Contains(got, want) || slices.Contains(got, "shadow-utils") {
			t.Errorf("the package's %s are %q", kind, got)
		}
	}
	for name, script := range map[string]string{"postinstall": "useradd", "preuninstall": "systemctl disable"} {
		if got := output(t, "rpm", "--query", "--package", "--scripts", pkg); !strings.Contains(got, name) || !strings.Contains(got, script) {
			t.Errorf("the package has no script %s with %s: %s", name, script, got)
		}
	}
}

// settings reads lines of NAME=VALUE; of a unit, the last of a name.
func settings(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), "="); ok && !strings.HasPrefix(name, "#") {
			all[name] = value
		}
	}
	return all
}

// traces are the paths at which packages and services leave something, and the accounts.
func traces(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, top := range []string{"/etc", "/usr", "/opt", "/srv", "/home", "/var", "/run"} {
		_ = filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
			// What dpkg keeps for itself, caches, and what other programs do meanwhile.
			if d != nil && d.IsDir() && slices.Contains([]string{"/var/cache", "/var/tmp", "/var/lib/dpkg/updates", "/usr/local/go"}, path) {
				return filepath.SkipDir
			}
			if strings.Contains(path, "bosgraph") {
				all[path] = true
			}
			return nil
		})
	}
	for _, file := range []string{"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if name, _, _ := strings.Cut(line, ":"); name == "bosgraph" {
				all["bosgraph in "+file] = true
			}
		}
	}
	return all
}
