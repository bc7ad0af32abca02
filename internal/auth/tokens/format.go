package tokens

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// The bounds of a file. Each token is compared with each entry, which takes about 0.1 ms for
// the most entries.
const (
	maxEntries = 5_000
	maxFile    = 4 << 20
)

// prefix makes tokens recognizable: for people, and for programs that look for secrets in
// places where none belong.
const prefix = "bosgraph_"

// entry is one line of the file.
type entry struct {
	digest    [sha256.Size]byte
	principal auth.Principal
}

// Holder is whom a token is for.
type Holder struct {
	Name    string
	Roles   []auth.Role
	Tenants []string
	Expires time.Time // zero for never
}

// New makes a token and the line by which a file knows it. The token has 256 random bits and
// is not stored anywhere: print it once.
func New(h Holder) (token, line string, err error) {
	if err := h.check(); err != nil {
		return "", "", err
	}
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	token = prefix + base64.RawURLEncoding.EncodeToString(random[:])
	digest := sha256.Sum256([]byte(token))
	fields := []string{"sha256=" + hex.EncodeToString(digest[:]), "name=" + h.Name}
	var roles []string
	for _, r := range h.Roles {
		roles = append(roles, r.String())
	}
	fields = append(fields, "roles="+strings.Join(roles, ","))
	if len(h.Tenants) > 0 {
		fields = append(fields, "tenants="+strings.Join(h.Tenants, ","))
	}
	if !h.Expires.IsZero() {
		fields = append(fields, "expires="+h.Expires.UTC().Format(time.RFC3339))
	}
	line = strings.Join(fields, " ")
	if _, err := parseLine(line); err != nil { // the file's own rules are the only ones
		return "", "", err
	}
	return token, line, nil
}

// check refuses what the file would, in terms of the command's options: those who make a token need not know its line.
func (h Holder) check() error {
	if err := checkName(h.Name); err != nil {
		return err
	}
	if len(h.Roles) == 0 {
		return fmt.Errorf("--roles: a token has at least one: use %s", strings.Join(auth.RoleNames(), ", "))
	}
	p := auth.Principal{Tenants: h.Tenants}
	for _, r := range h.Roles {
		p.Roles = p.Roles.With(r)
	}
	for _, tenant := range h.Tenants {
		if err := bos.CheckTenant(tenant); err != nil {
			return fmt.Errorf("--tenants: %w", err)
		}
	}
	return checkTenants(&p, "--tenants")
}

// load reads and checks the file.
func load(path string) ([]entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--token-file: %w", err)
	}
	defer file.Close()
	// One byte more than is allowed, to see that there is more.
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("--token-file: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("--token-file: %s has more than %d bytes", path, maxFile)
	}
	entries, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("--token-file: %s, %w", path, err)
	}
	return entries, nil
}

// parse reads the text of a file: one token a line, empty lines and those that begin with #
// ignored. An error begins with the line's number.
func parse(text []byte) ([]entry, error) {
	var entries []entry
	seen := map[[sha256.Size]byte]int{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	n := 1
	for ; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		e, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		// Two lines for one token would give it the rights of whichever is found first.
		if before, ok := seen[e.digest]; ok {
			return nil, fmt.Errorf("line %d: the same token as in line %d", n, before)
		}
		if len(entries) == maxEntries {
			return nil, fmt.Errorf("line %d: more than %d tokens", n, maxEntries)
		}
		seen[e.digest] = n
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n, err)
	}
	return entries, nil
}

// parseLine reads one line: fields of the form key=value, in any order, separated by spaces.
func parseLine(line string) (entry, error) {
	fields := map[string]string{}
	for _, field := range strings.Fields(line) {
		key, value, ok := strings.Cut(field, "=")
		if !ok || value == "" {
			return entry{}, errors.New("a field is not of the form key=value; spaces separate fields")
		}
		if _, twice := fields[key]; twice {
			return entry{}, fmt.Errorf("%q is there twice", key)
		}
		fields[key] = value
	}
	for _, key := range []string{"sha256", "name", "roles"} {
		if fields[key] == "" {
			return entry{}, fmt.Errorf("%s= is missing", key)
		}
	}
	var e entry
	p := &e.principal
	for _, key := range slices.Sorted(maps.Keys(fields)) { // so that of two mistakes it is always the same one
		value := fields[key]
		var err error
		switch key {
		case "sha256":
			err = parseDigest(&e.digest, value)
		case "name":
			err = checkName(value)
			p.Name, p.ID = value, "token:"+value
		case "roles":
			p.Roles, err = parseRoles(value)
		case "tenants":
			p.Tenants, err = parseTenants(value)
		case "expires":
			p.Expires, err = time.Parse(time.RFC3339, value)
			if err != nil {
				err = fmt.Errorf("expires=%s is not a time such as 2027-01-31T00:00:00Z", value)
			}
		default:
			err = fmt.Errorf("unknown field %q: use sha256, name, roles, tenants and expires", key)
		}
		if err != nil {
			return entry{}, err
		}
	}
	return e, checkTenants(p, "tenants=")
}

// checkTenants refuses lines that look narrower than they are. The writer of "producer" with
// a list of tenants means a limit, which that role does not have. An error names the list as it was given.
func checkTenants(p *auth.Principal, list string) error {
	limited := p.Roles.Has(auth.Tenant) || p.Roles.Has(auth.TenantProducer)
	switch {
	case limited && len(p.Tenants) == 0:
		return errors.New("the roles tenant and tenant-producer need " + list)
	case len(p.Tenants) > 0 && p.Roles.Has(auth.Producer):
		return errors.New(list + " does not limit the role producer; use tenant-producer")
	case len(p.Tenants) > 0 && (p.Roles.Has(auth.Admin) || !limited):
		return fmt.Errorf("%s does not limit %s; it is for the roles tenant and tenant-producer", list, p.Roles)
	}
	return nil
}

// parseDigest reads a digest. An error must not quote it: somebody may have put the token
// itself there.
func parseDigest(to *[sha256.Size]byte, text string) error {
	digest, err := hex.DecodeString(text)
	if err != nil || len(digest) != len(to) {
		return fmt.Errorf("sha256= needs %d hexadecimal digits; bosgraph token makes such a line", 2*len(to))
	}
	copy(to[:], digest)
	return nil
}

func checkName(name string) error {
	// Nothing that could look like another field, or another line, in a log.
	bad := func(r rune) bool { return r < ' ' || r == '"' || r == '=' || r == 0x7f }
	if len(name) > bos.MaxName || strings.ContainsFunc(name, bad) || len(strings.Fields(name)) != 1 {
		return fmt.Errorf("a name has 1 to %d bytes, without spaces, quotes and =", bos.MaxName)
	}
	return nil
}

func parseRoles(text string) (auth.Roles, error) {
	var roles auth.Roles
	for name := range strings.SplitSeq(text, ",") {
		role, ok := auth.ParseRole(name)
		if !ok {
			return 0, fmt.Errorf("unknown role %q: use %s", name, strings.Join(auth.RoleNames(), ", "))
		}
		roles = roles.With(role)
	}
	return roles, nil
}

func parseTenants(text string) ([]string, error) {
	tenants := strings.Split(text, ",")
	for _, tenant := range tenants {
		if err := bos.CheckTenant(tenant); err != nil {
			return nil, fmt.Errorf("tenants=: %w", err)
		}
	}
	slices.Sort(tenants)
	return slices.Compact(tenants), nil
}
