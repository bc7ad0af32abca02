package installtest

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// systemctl stands in for the one of systemd, which does not run in containers: it starts the
// service as the unit says, and knows nothing else.
const systemctl = `#!/bin/bash
case "$*" in
"disable --now redis-server") exit ;;
"enable --now bosgraph") ;;
"restart bosgraph") pid=$(cat "$SERVICE.pid"); kill "$pid"; timeout 30 tail --pid="$pid" -f /dev/null ;;
*) echo "systemctl $*: not known here" >&2; exit 1 ;;
esac
unit=/usr/lib/systemd/system/bosgraph.service
value() { sed -n "s/^$1=//p" $unit | tail -n 1; }
mapfile -t variables < <(grep -v -e '^#' -e '^$' "$(value EnvironmentFile)")
env --ignore-environment PATH=/usr/bin:/bin "${variables[@]}" setsid setpriv --reuid="$(value User)" --regid="$(value Group)" --clear-groups \
	$(value ExecStart) >"$SERVICE.log" 2>&1 &
echo $! >"$SERVICE.pid"
`

// TestInstallByTheDocument does what docs/install.md says for Debian, command by command, and
// nothing else: it ends with a service that has TLS, asks for tokens and keeps its state.
func TestInstallByTheDocument(t *testing.T) {
	needsRoot(t)
	if err := exec.Command("dpkg-query", "--status", "bosgraph").Run(); err == nil {
		t.Fatal("bosgraph is installed here: the test would remove it")
	}
	folder := t.TempDir()
	deb := result(t, "bosgraph_*_amd64.deb")
	text, err := os.ReadFile(deb)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{filepath.Base(deb): text, "systemctl": []byte(systemctl)} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if pid, err := os.ReadFile(filepath.Join(folder, "service.pid")); err == nil {
			_ = exec.Command("kill", strings.TrimSpace(string(pid))).Run()
			_ = exec.Command("timeout", "20", "tail", "--pid="+strings.TrimSpace(string(pid)), "-f", "/dev/null").Run()
		}
		if out, err := exec.Command("dpkg", "--purge", "bosgraph").CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		for path := range traces(t) {
			t.Errorf("it left %s", path)
		}
	})
	var events atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("webhook-signature") != "" {
			events.Add(1)
		}
	}))
	defer receiver.Close()
	var printed strings.Builder
	for i, commands := range blocks(t, "../../docs/install.md", "## On Debian and Ubuntu") {
		// As in one shell: a umask holds for what follows.
		cmd := exec.Command("bash", "-e", "-o", "pipefail", "-c", "umask 077\n"+strings.ReplaceAll(commands, "https://hooks.example.com/boots", receiver.URL))
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"), "SERVICE="+folder+"/service", "DEBIAN_FRONTEND=noninteractive")
		began := time.Now()
		out, err := cmd.CombinedOutput()
		t.Logf("%.1f s: %s", time.Since(began).Seconds(), strings.ReplaceAll(strings.TrimSpace(commands), "\n", "\n\t"))
		if err != nil {
			log, _ := os.ReadFile(filepath.Join(folder, "service.log"))
			t.Fatalf("block %d: %v: %s\n%s", i, err, out, log)
		}
		printed.Write(out)
	}
	for _, want := range []string{"ready", `"version":"v`, `"totalCount":0`, "NAME"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("the commands did not print %s:\n%s", want, printed.String())
		}
	}
	if events.Load() != 1 {
		t.Errorf("the receiver got %d signed events", events.Load())
	}
	output(t, "curl", "-sS", "--retry", "10", "--retry-delay", "1", "--retry-connrefused", "--cacert", "/etc/bosgraph/tls.crt", "https://localhost:8443/readyz")
	// What the document promises, and does not show.
	for _, test := range []struct{ name, command, want string }{
		{"without a token it answers nothing", "curl -s -o /dev/null -w '%{http_code}' --cacert /etc/bosgraph/tls.crt 'https://localhost:8443/graphql?query=%7BserverInfo%7Bversion%7D%7D' -H 'Accept: application/json'", "401"},
		{"its Redis appends", "redis-cli -s /var/lib/bosgraph/redis/redis.sock CONFIG GET appendonly", "yes"},
		{"its Redis does not evict", "redis-cli -s /var/lib/bosgraph/redis/redis.sock CONFIG GET maxmemory-policy", "noeviction"},
		{"it runs as its user", "ps -o user= -p $(cat " + folder + "/service.pid)", "bosgraph"},
	} {
		if out, err := exec.Command("bash", "-c", test.command).CombinedOutput(); err != nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %v: %s", test.name, err, out)
		}
	}
}

// blocks are the indented commands of a section of a document, one for each place where they stand.
func blocks(t *testing.T, document, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no %s", document, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var all []string
	var block strings.Builder
	for line := range strings.Lines(section) {
		if rest, ok := strings.CutPrefix(line, "    "); ok {
			block.WriteString(rest)
		} else if block.Len() > 0 {
			all = append(all, block.String())
			block.Reset()
		}
	}
	if len(all) < 6 {
		t.Fatalf("%s has %d blocks of commands", heading, len(all))
	}
	return all
}
