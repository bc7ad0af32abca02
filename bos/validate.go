package bos

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of what is accepted.
const (
	MaxName          = 127      // characters of a name, bytes of an id (BOS: its OpenAPI description)
	MaxText          = 65_536   // characters of any other text
	MaxComponentList = 16 << 20 // characters of a list of ids
	MaxBatch         = 5_000    // components of one call
)

// isName matches BOS's pattern of a session's name, in its OpenAPI description:
// ^[a-zA-Z0-9](?:[-._a-zA-Z0-9]{0,125}[a-zA-Z0-9])?$. Every record that comes in
// has such names, so it is no regular expression.
func isName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case (c == '-' || c == '.' || c == '_') && i > 0 && i < len(s)-1:
		default:
			return false
		}
	}
	return 0 < len(s) && len(s) <= MaxName
}

func checkName(field, name string) *Error {
	if !isName(name) {
		return Errorf(BadUserInput, "%q is not a name: use 1 to %d letters, digits, '-', '.' and '_', with a letter or digit at both ends",
			clip(name), MaxName).At(field)
	}
	return nil
}

func checkTenant(tenant string) *Error {
	if tenant == "" {
		return nil
	}
	return checkName("tenant", tenant)
}

// CheckTenant checks a tenant's name, which can't be empty.
func CheckTenant(name string) error {
	if err := checkName("name", name); err != nil {
		return err
	}
	return nil
}

// CheckComponentID checks an xname, leniently: whatever can stand in a list of ids. Where it was given, only its callers know.
func CheckComponentID(id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	return nil
}

func checkID(id string) *Error {
	// Lists of ids have commas between them, index entries a space in front, and records a NUL.
	bad := func(r rune) bool { return r == ',' || unicode.IsSpace(r) || unicode.IsControl(r) }
	if id == "" || len(id) > MaxName || !utf8.ValidString(id) || strings.ContainsFunc(id, bad) {
		return Errorf(BadUserInput, "%q is not a component id: use 1 to %d bytes without spaces and commas", clip(id), MaxName)
	}
	return nil
}

// checkText checks a free text: limit counts characters.
func checkText(field, s string, limit int) *Error {
	switch {
	case !utf8.ValidString(s):
		return Errorf(BadUserInput, "%s is not valid UTF-8", field).At(field)
	// The store separates the parts of a record by it.
	case strings.ContainsRune(s, 0):
		return Errorf(BadUserInput, "%s has a NUL character in it", field).At(field)
	// Counting characters takes longer than the text is worth if its bytes are few enough.
	case len(s) > limit && utf8.RuneCountInString(s) > limit:
		return Errorf(BadUserInput, "%s is longer than %d characters", field, limit).At(field)
	}
	return nil
}

func checkTime(field string, t Time) *Error {
	if t == "" {
		return nil
	}
	if _, err := t.UTC(); err != nil {
		return Errorf(BadUserInput, "%s: %w", field, err).At(field)
	}
	return nil
}

// Check checks a whole record, from whichever source.
func (c *Component) Check() error {
	if err := checkID(c.ID); err != nil {
		return err.At("id")
	}
	checks := []*Error{
		checkSessionName("session", c.Session), checkText("error", c.Error, MaxText), c.Shape.check(),
		within("status", checkText("phase", string(c.Phase), MaxText), checkText("statusOverride", c.Override, MaxText)),
	}
	if s := c.DesiredState; s != nil {
		checks = append(checks, within("desiredState", s.BootArtifacts.check(), checkText("configuration", s.Configuration, MaxText),
			checkText("bssToken", s.BSSToken, MaxText), checkTime("lastUpdated", s.LastUpdated)))
	}
	if s := c.ActualState; s != nil {
		checks = append(checks, within("actualState", s.BootArtifacts.check(), checkText("bssToken", s.BSSToken, MaxText),
			checkTime("lastUpdated", s.LastUpdated)))
	}
	if s := c.StagedState; s != nil {
		checks = append(checks, within("stagedState", s.BootArtifacts.check(), checkText("configuration", s.Configuration, MaxText),
			checkSessionName("session", s.Session), checkTime("lastUpdated", s.LastUpdated)))
	}
	if l := c.LastAction; l != nil {
		checks = append(checks, within("lastAction", checkText("action", l.Action, MaxText), checkTime("lastUpdated", l.LastUpdated)))
	}
	if err := first(checks...); err != nil {
		return err
	}
	return nil
}

func (b BootArtifacts) check() *Error {
	return within("bootArtifacts", checkText("kernel", b.Kernel, MaxText),
		checkText("kernelParameters", b.KernelParameters, MaxText), checkText("initrd", b.Initrd, MaxText))
}

// first returns the first error there is.
func first(errs ...*Error) *Error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// within returns the first error there is, as one of a field of parent.
func within(parent string, errs ...*Error) *Error {
	if err := first(errs...); err != nil {
		return err.At(parent)
	}
	return nil
}

func checkSessionName(field, name string) *Error {
	if name == "" {
		return nil
	}
	return checkName(field, name)
}

// clip shortens a text of unknown length and content for an error message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return Clip(s, most) + " (" + strconv.Itoa(len(s)) + " bytes)"
}

// Clip shortens a text that others have chosen, for a message or a log, to so many bytes and an ellipsis. No character is
// cut in two: its parts would be shown as escapes.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
