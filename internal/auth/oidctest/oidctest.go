// Package oidctest starts a real OpenID Connect provider for tests, and logs in to it as a
// browser does. The provider is a program of a module of its own, in the folder provider.
package oidctest

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Client is the id of the client that the provider knows, and the audience of its tokens.
const Client = "bosgraph"

// Password is that of all users: root (role admin), vera (viewer), tina (tenant of
// vcluster-red) and otto (no role).
const Password = "password"

// Provider is a running provider.
type Provider struct {
	Issuer string // its URL

	t       testing.TB
	process *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Reader
}

// Start starts a provider, which ends with the test. The arguments are the program's. The
// first start on a machine builds it, which takes about a minute; Go keeps what it has built.
func Start(t testing.TB, args ...string) *Provider {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	p := &Provider{t: t, process: exec.Command("go", append([]string{"run", "."}, args...)...)}
	p.process.Dir = filepath.Join(filepath.Dir(file), "provider")
	p.process.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false")
	p.process.Stderr = new(bytes.Buffer)
	stdin, err := p.process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := p.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin, p.stdout = stdin, bufio.NewReader(stdout)
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	p.Issuer = p.line()
	return p
}

// Stop ends the provider. It may be called twice.
func (p *Provider) Stop() {
	if p.process == nil {
		return
	}
	_ = p.stdin.Close() // it ends with its standard input
	_ = p.process.Wait()
	p.process = nil
}

// Rotate makes it sign with a new key; the earlier ones stay published.
func (p *Provider) Rotate() { p.command("rotate") }

// Retire makes it publish only the key that it signs with.
func (p *Provider) Retire() { p.command("retire") }

func (p *Provider) command(name string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, name+"\n"); err != nil {
		p.t.Fatal(err)
	}
	// Waited for: the next token has to be signed by the new key.
	if answer := p.line(); answer != "ok" {
		p.t.Fatalf("%s: the provider answered %q", name, answer)
	}
}

func (p *Provider) line() string {
	p.t.Helper()
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		p.t.Fatalf("the provider ended: %v: %s", err, p.process.Stderr)
	}
	return line[:len(line)-1]
}

// Tokens are what a login results in.
type Tokens struct {
	Access string `json:"access_token"`
	ID     string `json:"id_token"`
}

// Login logs a user in by the authorization code flow with PKCE: through the provider's login
// page, back to the client with a code, and to the token endpoint.
func (p *Provider) Login(user string) Tokens {
	p.t.Helper()
	var endpoints struct {
		Authorization string `json:"authorization_endpoint"`
		Token         string `json:"token_endpoint"`
	}
	const callback = "http://127.0.0.1/callback"
	p.read(http.DefaultClient, p.Issuer+"/.well-known/openid-configuration", nil, &endpoints)
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	state := rand.Text()
	back := p.Browse(endpoints.Authorization+"?"+url.Values{
		"client_id": {Client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile"}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode(), user)
	if back.Query().Get("state") != state {
		p.t.Fatalf("logging in as %s leads to %s", user, back)
	}
	var tokens Tokens
	p.read(http.DefaultClient, endpoints.Token, url.Values{"grant_type": {"authorization_code"}, "client_id": {Client}, "redirect_uri": {callback},
		"code": {back.Query().Get("code")}, "code_verifier": {verifier}}, &tokens)
	return tokens
}

// Browse goes to an address where the provider logs people in, as a browser, fills in its login page
// for a user, and returns where the provider sends the browser back to: some server of this
// machine, which is not asked.
func (p *Provider) Browse(to, user string) *url.URL {
	p.t.Helper()
	jar, _ := cookiejar.New(nil)
	provider, err := url.Parse(p.Issuer)
	if err != nil {
		p.t.Fatal(err)
	}
	var back *url.URL
	// Redirects are followed as long as they stay at the provider: the first that leaves it has
	// the code in its address.
	browser := &http.Client{Jar: jar, CheckRedirect: func(to *http.Request, _ []*http.Request) error {
		if to.URL.Host != provider.Host {
			back = to.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page, err := browser.Get(to)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = page.Body.Close()
	at := page.Request.URL // of the login page
	sent, err := browser.PostForm(at.String(), url.Values{"username": {user}, "password": {Password}, "id": {at.Query().Get("authRequestID")}})
	if err != nil {
		p.t.Fatal(err)
	}
	_ = sent.Body.Close()
	if back == nil {
		p.t.Fatalf("logging in as %s ends at %s with %s", user, at, sent.Status)
	}
	return back
}

// read asks for a JSON document, by POST if there is a form.
func (p *Provider) read(client *http.Client, at string, form url.Values, into any) {
	p.t.Helper()
	var answer *http.Response
	var err error
	if form == nil {
		answer, err = client.Get(at)
	} else {
		answer, err = client.PostForm(at, form)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || json.Unmarshal(body, into) != nil {
		p.t.Fatalf("%s answered %s: %s (%v)", at, answer.Status, body, err)
	}
}
