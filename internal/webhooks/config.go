package webhooks

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// The bounds and defaults of the file.
const (
	maxFile           = 1 << 20 // bytes, of each file
	maxTargets        = 50
	maxShares         = 10
	defaultTimeout    = 10 * time.Second
	mostTimeout       = time.Minute
	defaultGiveUp     = 24 * time.Hour
	leastGiveUp       = time.Second
	mostGiveUp        = 7 * 24 * time.Hour
	defaultStalled    = 30 * time.Minute
	defaultSyncLost   = time.Minute
	defaultShare      = 10
	leastPeriod       = time.Second // of stalledAfter and syncLostAfter
	mostPeriod        = 24 * time.Hour
	secretPrefix      = "whsec_"
	leastSecret       = 24 // bytes
	mostSecret        = 64
	defaultUserAgent  = "bosgraph-webhooks"
	typePrefix        = "io.github.bosgraph."
	typeSuffix        = ".v1"
	testEvent         = "test"
	cloudEventsType   = "application/cloudevents+json"
	plainType         = "application/json"
	maxHeaderBytes    = 16 << 10
	maxAnswerBytes    = 16 << 10 // of an answer that are read, so that its connection can be used again
	connectionsIdle   = 4
	connectionsIdleIn = 90 * time.Second
)

// Config is a checked configuration file, with what the files that it names hold.
type Config struct {
	Targets       []*Target
	FailuresAbove []int // percentages
	StalledAfter  time.Duration
	SyncLostAfter time.Duration

	server string   // the public address of bosgraph; empty for none
	files  []string // it, and all that it names
}

// Target is where events go.
type Target struct {
	Name string

	url                            string
	secrets                        [][]byte // with each of which a request is signed
	events                         []bos.EventKind
	tenants, operations, templates []string
	timeout, giveUp                time.Duration
	body                           *template.Template // nil for CloudEvents
	digest                         string             // of all that the file says of it
	client                         *http.Client
}

// ConfigError says what is wrong with a configuration, and what would be right.
type ConfigError struct {
	File    string
	Target  string // empty for the file as a whole
	Message string
}

func (e *ConfigError) Error() string {
	if e.Target == "" {
		return fmt.Sprintf("--webhooks: %s: %s", e.File, e.Message)
	}
	return fmt.Sprintf("--webhooks: %s: target %q: %s", e.File, e.Target, e.Message)
}

// file is the configuration as it is written.
type file struct {
	Server        string       `json:"server"`
	FailuresAbove []int        `json:"failuresAbove"`
	StalledAfter  *duration    `json:"stalledAfter"`
	SyncLostAfter *duration    `json:"syncLostAfter"`
	Targets       []fileTarget `json:"targets"`
}

type fileTarget struct {
	Name        string    `json:"name"`
	URL         string    `json:"url"`
	URLFile     string    `json:"urlFile"`
	SecretFile  string    `json:"secretFile"`
	BodyFile    string    `json:"bodyFile"`
	CAFile      string    `json:"caFile"`
	Events      []string  `json:"events"`
	Tenants     []string  `json:"tenants"`
	Operations  []string  `json:"operations"`
	Templates   []string  `json:"templates"`
	Timeout     *duration `json:"timeout"`
	GiveUpAfter *duration `json:"giveUpAfter"`
}

// duration is written as Go writes it: "30m".
type duration time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration: write it like 90s, 30m or 24h", text)
	}
	*d = duration(parsed)
	return nil
}

// or is the duration, or what holds where there is none.
func (d *duration) or(byDefault time.Duration) time.Duration {
	if d == nil {
		return byDefault
	}
	return time.Duration(*d)
}

// Read reads and checks a configuration file, and the files that it names. Its errors are [*ConfigError]s; what it returns with one
// knows only which files it has read, or tried to.
func Read(name string) (*Config, error) {
	c := &Config{files: []string{name}}
	text, err := readFile(name)
	if err != nil {
		return c, &ConfigError{name, "", err.Error()}
	}
	var f file
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // a misspelled filter would send everything
	if err := decoder.Decode(&f); err != nil {
		return c, &ConfigError{name, "", fmt.Sprintf("this is not a configuration of webhooks, see docs/webhooks.md: %v", err)}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return c, &ConfigError{name, "", "there is more behind the configuration: the file has to be one JSON object"}
	}
	c.FailuresAbove, c.StalledAfter, c.SyncLostAfter = f.FailuresAbove, f.StalledAfter.or(defaultStalled), f.SyncLostAfter.or(defaultSyncLost)
	c.server = strings.TrimRight(f.Server, "/")
	if c.FailuresAbove == nil {
		c.FailuresAbove = []int{defaultShare}
	}
	if err := c.check(f); err != nil {
		return c, &ConfigError{name, "", err.Error()}
	}
	for _, t := range f.Targets {
		target, err := c.target(t, filepath.Dir(name))
		if err == nil && slices.ContainsFunc(c.Targets, func(other *Target) bool { return other.Name == target.Name }) {
			err = fmt.Errorf("there are two of that name: give each its own")
		}
		if err != nil {
			return c, &ConfigError{name, t.Name, err.Error()}
		}
		c.Targets = append(c.Targets, target)
	}
	return c, nil
}

// check checks what is not about one target.
func (c *Config) check(f file) error {
	if c.server != "" {
		if _, err := address(c.server); err != nil {
			return fmt.Errorf("server: %w", err)
		}
	}
	if len(f.Targets) == 0 {
		return fmt.Errorf("there are no targets: list at least one, or leave out --webhooks")
	}
	if len(f.Targets) > maxTargets {
		return fmt.Errorf("%d targets are too many: use at most %d", len(f.Targets), maxTargets)
	}
	if len(c.FailuresAbove) > maxShares {
		return fmt.Errorf("failuresAbove: %d percentages are too many: use at most %d", len(c.FailuresAbove), maxShares)
	}
	for _, share := range c.FailuresAbove {
		if share < 1 || share > 99 {
			return fmt.Errorf("failuresAbove: %d is not a percentage to exceed: use 1 to 99; for the first failure there is %s", share, bos.EventFirstFailure)
		}
	}
	for _, pause := range []struct {
		name string
		is   time.Duration
	}{{"stalledAfter", c.StalledAfter}, {"syncLostAfter", c.SyncLostAfter}} {
		if pause.is < leastPeriod || pause.is > mostPeriod {
			return fmt.Errorf("%s: %v is out of range: use %v to %v", pause.name, pause.is, leastPeriod, mostPeriod)
		}
	}
	return nil
}

var targetName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// target checks one target, and reads its files, whose names are relative to that folder.
func (c *Config) target(f fileTarget, folder string) (*Target, error) {
	if !targetName.MatchString(f.Name) {
		return nil, fmt.Errorf("this is not a name: use 1 to 64 letters, digits, '-', '_' and '.'")
	}
	digest := sha256.New()
	_ = json.NewEncoder(digest).Encode(f) // it always can
	read := func(key, file string) (string, error) {
		if file == "" {
			return "", nil
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(folder, file)
		}
		c.files = append(c.files, file)
		text, err := readFile(file)
		if err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		fmt.Fprintf(digest, "%s %d %s", key, len(text), text)
		return string(text), nil
	}
	t := &Target{
		Name: f.Name, url: f.URL, tenants: f.Tenants, operations: f.Operations, templates: f.Templates,
		timeout: f.Timeout.or(defaultTimeout), giveUp: f.GiveUpAfter.or(defaultGiveUp),
	}
	switch {
	case (f.URL == "") == (f.URLFile == ""):
		return nil, fmt.Errorf("give either url or, if the address is a secret, urlFile")
	case f.SecretFile == "" && f.BodyFile == "":
		return nil, fmt.Errorf("secretFile is missing: the receiver cannot know who sends without a signature; make a secret with: (printf whsec_; head -c 32 /dev/urandom | base64) > FILE")
	case t.timeout < time.Second || t.timeout > mostTimeout:
		return nil, fmt.Errorf("timeout: %v is out of range: use 1s to %v", t.timeout, mostTimeout)
	case t.giveUp < leastGiveUp || t.giveUp > mostGiveUp:
		return nil, fmt.Errorf("giveUpAfter: %v is out of range: use %v to %v", t.giveUp, leastGiveUp, mostGiveUp)
	}
	if err := t.filter(f); err != nil {
		return nil, err
	}
	if f.URLFile != "" {
		text, err := read("urlFile", f.URLFile)
		if err != nil {
			return nil, err
		}
		t.url = strings.TrimSpace(text)
	}
	to, err := address(t.url)
	if err != nil {
		return nil, err
	}
	secrets, err := read("secretFile", f.SecretFile)
	if err == nil && f.SecretFile != "" {
		t.secrets, err = parseSecrets(secrets)
	}
	if err != nil {
		return nil, err
	}
	body, err := read("bodyFile", f.BodyFile)
	if err == nil && f.BodyFile != "" {
		t.body, err = parseBody(body)
	}
	if err != nil {
		return nil, err
	}
	authorities, err := read("caFile", f.CAFile)
	if err != nil {
		return nil, err
	}
	roots := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.CAFile != "" {
		if to.Scheme != "https" {
			return nil, fmt.Errorf("caFile: this is for TLS: use https:// in the address")
		}
		roots.RootCAs = x509.NewCertPool()
		if !roots.RootCAs.AppendCertsFromPEM([]byte(authorities)) {
			return nil, fmt.Errorf("caFile: %s holds no PEM certificate of an authority", f.CAFile)
		}
	}
	t.digest = hex.EncodeToString(digest.Sum(nil)[:16])
	t.client = newClient(roots)
	return t, nil
}

// filter checks which events a target wants.
func (t *Target) filter(f fileTarget) error {
	for _, name := range f.Events {
		if !slices.Contains(bos.EventKinds, bos.EventKind(name)) {
			return fmt.Errorf("events: there is no event %q: use some of %s", name, names(bos.EventKinds))
		}
		t.events = append(t.events, bos.EventKind(name))
	}
	if t.events == nil {
		t.events = bos.EventKinds
	}
	operations := []bos.Operation{bos.OperationBoot, bos.OperationReboot, bos.OperationShutdown}
	for i, name := range f.Operations {
		t.operations[i] = strings.ToLower(name)
		if !slices.Contains(operations, bos.Operation(t.operations[i])) {
			return fmt.Errorf("operations: there is no operation %q: use some of %s", name, names(operations))
		}
	}
	for _, pattern := range f.Templates {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("templates: %q is not a pattern: use names, with * for any characters", pattern)
		}
	}
	return nil
}

func names[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = string(one)
	}
	return strings.Join(texts, ", ")
}

// wants says whether the target is to get an event. Events of the sync are about no session, and pass
// filters of sessions.
func (t *Target) wants(e *bos.Event) bool {
	if !slices.Contains(t.events, e.Kind) {
		return false
	}
	s := e.Session
	return s == nil || t.serves(s.Tenant) && (t.operations == nil || slices.Contains(t.operations, string(s.Operation))) &&
		(t.templates == nil || slices.ContainsFunc(t.templates, func(pattern string) bool {
			matches, _ := path.Match(pattern, s.TemplateName)
			return matches
		}))
}

// serves says whether the target is to get what a tenant owns, or, for "", what none does.
func (t *Target) serves(tenant string) bool {
	return t.tenants == nil || slices.Contains(t.tenants, tenant)
}

// address checks where to send to. Its errors do not show it: it may hold a secret.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" {
		return nil, fmt.Errorf("this is not an address: write it like https://host/path")
	}
	if u.User != nil {
		return nil, fmt.Errorf("the address has a user in it: receivers know bosgraph by its signature")
	}
	return u, nil
}

// readFile reads a file that is not too long.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("it can't be read: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("it can't be read: %w", err)
	case len(text) > maxFile:
		return nil, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	return text, nil
}
