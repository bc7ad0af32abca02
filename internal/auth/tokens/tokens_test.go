package tokens

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// viewer makes a token of a viewer, and its line.
func viewer(t testing.TB, name string) (token, line string) {
	t.Helper()
	token, line, err := New(Holder{Name: name, Roles: []auth.Role{auth.Viewer}})
	if err != nil {
		t.Fatal(err)
	}
	return token, line
}

func write(t testing.TB, path string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// logged is a log that may be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// open opens a file and follows it until the test ends.
func open(t *testing.T, path string) (*File, *logged) {
	t.Helper()
	log := &logged{}
	f, err := Open(Options{Path: path, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { f.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return f, log
}

// pass lets a change take effect: two looks, and a bit.
func pass() {
	time.Sleep(2*time.Second + time.Millisecond)
	synctest.Wait()
}

func expect(t *testing.T, f *File, token string, want auth.Reason) auth.Principal {
	t.Helper()
	p, err := f.Verify(t.Context(), token)
	if auth.ReasonOf(err) != want || (err == nil) != (want == "") {
		t.Errorf("got %v, want %q", err, want)
	}
	return p
}

// TestNew shows that a token is what its line describes, and that no two are the same.
func TestNew(t *testing.T) {
	expires := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	token, line, err := New(Holder{Name: "feeder@site", Roles: []auth.Role{auth.TenantProducer}, Tenants: []string{"red", "blue"}, Expires: expires})
	if err != nil {
		t.Fatal(err)
	}
	if len(token) != len(prefix)+43 || strings.Contains(line, token) {
		t.Errorf("token of %d characters, line %s", len(token), line)
	}
	if _, err := auth.FromHeader(map[string][]string{"Authorization": {"Bearer " + token}}); err != nil {
		t.Errorf("the token cannot be sent: %v", err)
	}
	path := filepath.Join(t.TempDir(), "tokens")
	other, otherLine := viewer(t, "vera")
	write(t, path, "# who may read", "", line, "  "+otherLine)
	f, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	p := expect(t, f, token, "")
	if p.Name != "feeder@site" || p.Roles.String() != "tenant-producer" || strings.Join(p.Tenants, " ") != "blue red" || !p.Expires.Equal(expires) {
		t.Errorf("got %+v", p)
	}
	if p := expect(t, f, other, ""); p.Name != "vera" || p.Roles.String() != "viewer" {
		t.Errorf("got %+v", p)
	}
	expect(t, f, "", auth.Missing)
	expect(t, f, token[:len(token)-1], auth.Unknown)
	expect(t, f, line[len("sha256="):][:64], auth.Unknown) // the digest is not the token
	expect(t, f, strings.Repeat("x", auth.MaxToken+1), auth.Malformed)

	for _, bad := range []Holder{
		{}, {Name: "a b", Roles: []auth.Role{auth.Viewer}}, {Name: "a\nsha256=", Roles: []auth.Role{auth.Viewer}}, {Name: "a"},
		{Name: "a", Roles: []auth.Role{auth.Tenant}}, {Name: "a", Roles: []auth.Role{auth.Tenant}, Tenants: []string{"a b"}},
	} {
		if _, line, err := New(bad); err == nil {
			t.Errorf("%+v makes %s", bad, line)
		}
	}
}

// TestMistakes has files with mistakes. Each error names the line, and none quotes a token.
func TestMistakes(t *testing.T) {
	token, good := viewer(t, "vera")
	_, second := viewer(t, "otto")
	field := func(from, to string) string { return strings.Replace(second, from, to, 1) }
	tests := []struct{ what, line, want string }{
		{"a token in place of its digest", "sha256=" + token + " name=a roles=viewer", "needs 64 hexadecimal digits"},
		{"a token alone", token, "not of the form key=value"},
		{"a digest that is cut off", field("sha256=", "sha256=ab"), "64 hexadecimal digits"},
		{"the same token again", strings.Replace(good, "vera", "otto", 1), "the same token as in line 1"},
		{"no name", field(" name=otto", ""), "name= is missing"},
		{"an empty name", field("name=otto", "name="), "not of the form"},
		{"a name with a quote", field("otto", `ot"to`), "without spaces, quotes"},
		{"a role that there is not", field("viewer", "view"), `unknown role "view"`},
		{"no role", field(" roles=viewer", ""), "roles= is missing"},
		{"a field twice", second + " roles=admin", `"roles" is there twice`},
		{"a field that there is not", second + " scope=all", `unknown field "scope"`},
		{"a tenant without a tenant", field("viewer", "tenant"), "need tenants="},
		{"tenants of a viewer", second + " tenants=red", "does not limit viewer"},
		{"a producer who looks limited", field("viewer", "tenant,producer") + " tenants=red", "use tenant-producer"},
		{"an administrator who looks limited", field("viewer", "tenant,admin") + " tenants=red", "does not limit"},
		{"a tenant's name that is none", field("viewer", "tenant") + " tenants=red,,blue", "is not a name"},
		{"a date without time", second + " expires=2027-01-31", "2027-01-31T00:00:00Z"},
		{"half a line", second[:30], "is missing"},
	}
	for _, test := range tests {
		_, err := parse([]byte(good + "\n# comment\n" + test.line + "\n"))
		switch {
		case err == nil:
			t.Errorf("%s is accepted", test.what)
		case !strings.HasPrefix(err.Error(), "line 3: ") || !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: %v", test.what, err)
		case strings.Contains(err.Error(), token):
			t.Errorf("%s: the error shows the token", test.what)
		}
	}
	if _, err := Open(Options{Path: filepath.Join(t.TempDir(), "none")}); err == nil || !strings.HasPrefix(err.Error(), "--token-file: open ") {
		t.Errorf("no file: %v", err)
	}
	var many strings.Builder
	for i := range maxEntries + 1 {
		fmt.Fprintf(&many, "sha256=%064x name=a roles=viewer\n", i)
	}
	if _, err := parse([]byte(many.String())); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d: more than", maxEntries+1)) {
		t.Errorf("too many: %v", err)
	}
}

// TestChanges shows that a change of the file takes effect without a restart, in whichever
// way it is made, and a file that is wrong does not.
func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "tokens")
		first, firstLine := viewer(t, "first")
		second, secondLine := viewer(t, "second")
		write(t, path, firstLine)
		f, log := open(t, path)
		expect(t, f, first, "")
		expect(t, f, second, auth.Unknown)

		write(t, path, firstLine, secondLine) // in place
		pass()
		expect(t, f, second, "")

		write(t, path+".new", secondLine) // by another file
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		pass()
		expect(t, f, first, auth.Unknown)
		expect(t, f, second, "")

		write(t, path, firstLine, "sha256=")
		pass()
		pass()
		expect(t, f, first, auth.Unknown)
		expect(t, f, second, "")
		if got := strings.Count(log.String(), "token file unusable"); got != 1 || !strings.Contains(log.String(), "line 2") {
			t.Errorf("logged %d times: %s", got, log)
		}

		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		pass()
		pass()
		expect(t, f, second, "")
		if got := strings.Count(log.String(), "token file unusable"); got != 2 {
			t.Errorf("logged %d times: %s", got, log)
		}

		write(t, path, firstLine)
		pass()
		expect(t, f, first, "")
		expect(t, f, second, auth.Unknown)
	})
}

// TestHalfWritten shows that a file which is still being written is not read: its first half
// is a good file, in which somebody's token is missing.
func TestHalfWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "tokens")
		_, firstLine := viewer(t, "first")
		second, secondLine := viewer(t, "second")
		write(t, path, secondLine)
		f, _ := open(t, path)
		time.Sleep(500 * time.Millisecond) // between two looks
		for range 20 {
			write(t, path, firstLine+strings.Repeat(" ", time.Now().Second()))
			time.Sleep(time.Second)
			expect(t, f, second, "")
		}
		write(t, path, firstLine, secondLine)
		pass()
		expect(t, f, second, "")
	})
}

// TestMounted replaces the file as Kubernetes does with a mounted secret: the path is a
// link to a link, which then points to another folder.
func TestMounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first, firstLine := viewer(t, "name1")
		second, secondLine := viewer(t, "name2")
		at := time.Now()
		for folder, line := range map[string]string{"..1": firstLine, "..2": secondLine} {
			if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, folder, "tokens")
			write(t, file, line)
			// Same size, same time: only that it is another file shows.
			if err := os.Chtimes(file, at, at); err != nil {
				t.Fatal(err)
			}
		}
		link := func(to, name string) {
			if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		link("..1", "..data")
		link("..data/tokens", "tokens")
		f, _ := open(t, filepath.Join(dir, "tokens"))
		expect(t, f, first, "")
		link("..2", "..data_tmp")
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
		pass()
		expect(t, f, first, auth.Unknown)
		expect(t, f, second, "")
	})
}

// TestNewSaysWhatIsWrongInFlags refuses holders whom a file would refuse, in the words of the command.
func TestNewSaysWhatIsWrongInFlags(t *testing.T) {
	for want, h := range map[string]Holder{
		"without spaces, quotes and =":                                 {Name: "a b", Roles: []auth.Role{auth.Admin}},
		"the roles tenant and tenant-producer need --tenants":          {Name: "a", Roles: []auth.Role{auth.Tenant}},
		"--tenants does not limit admin; it is for the roles":          {Name: "a", Roles: []auth.Role{auth.Admin}, Tenants: []string{"red"}},
		"--tenants does not limit the role producer; use tenant-produ": {Name: "a", Roles: []auth.Role{auth.Producer}, Tenants: []string{"red"}},
		"--roles: a token has at least one: use admin, viewer":         {Name: "a"},
		"--tenants: ": {Name: "a", Roles: []auth.Role{auth.Tenant}, Tenants: []string{"a b"}},
	} {
		if _, _, err := New(h); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: it says %v, not %q", h, err, want)
		}
	}
}

// TestExpiry shows that a token ends at its moment, without a change of the file.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		token, line, err := New(Holder{Name: "a", Roles: []auth.Role{auth.Admin}, Expires: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "tokens")
		write(t, path, line)
		f, _ := open(t, path)
		time.Sleep(time.Hour - time.Nanosecond)
		expect(t, f, token, "")
		time.Sleep(time.Nanosecond)
		expect(t, f, token, auth.Expired)
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{1, 100, maxEntries} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var lines []string
			token, line := viewer(b, "a")
			lines = append(lines, line)
			for len(lines) < n {
				_, line := viewer(b, "b")
				lines = append(lines, line)
			}
			path := filepath.Join(b.TempDir(), "tokens")
			write(b, path, lines...)
			f, err := Open(Options{Path: path})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := f.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAFileWithoutTokensIsLogged opens one with a comment alone, and adds and withdraws a token.
func TestAFileWithoutTokensIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "tokens")
		_, line := viewer(t, "ops")
		write(t, path, "# nobody yet")
		_, log := open(t, path)
		want := "level=WARN msg=\"token file has no tokens; nobody can use this server\" file=" + path
		for _, step := range []struct {
			line  string
			lines int
		}{{line, 1}, {"# withdrawn", 2}} {
			write(t, path, step.line)
			pass()
			if n := strings.Count(log.String(), want); n != step.lines {
				t.Errorf("after %q, %d lines:\n%s", step.line, n, log)
			}
		}
	})
}
