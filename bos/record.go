package bos

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the component's record as BOS answers it, with its status computed:
// keys in order, no blanks. Absent parts are absent. Whole records are expected: one that
// was read without its details lacks them here.
func (c *Component) AppendJSON(dst []byte) []byte {
	start := len(dst)
	w := writer{dst: append(dst, '{'), shape: c.Shape}
	if s := c.ActualState; s != nil {
		w.open("actual_state")
		w.artifacts(fieldActualArtifacts, s.BootArtifacts)
		w.text(fieldActualToken, "bss_token", s.BSSToken)
		w.time(s.LastUpdated)
		w.close()
	}
	if s := c.DesiredState; s != nil {
		w.open("desired_state")
		w.artifacts(fieldDesiredArtifacts, s.BootArtifacts)
		w.text(fieldDesiredToken, "bss_token", s.BSSToken)
		w.text(fieldDesiredConfiguration, "configuration", s.Configuration)
		w.time(s.LastUpdated)
		w.close()
	}
	w.bool(FieldEnabled, "enabled", c.Enabled)
	w.text(FieldError, "error", c.Error)
	if e := c.EventStats; e != nil {
		w.open("event_stats")
		w.int(fieldPowerOffForceful, "power_off_forceful_attempts", e.PowerOffForcefulAttempts)
		w.int(fieldPowerOffGraceful, "power_off_graceful_attempts", e.PowerOffGracefulAttempts)
		w.int(fieldPowerOn, "power_on_attempts", e.PowerOnAttempts)
		w.close()
	}
	w.text(0, "id", c.ID)
	if l := c.LastAction; l != nil {
		w.open("last_action")
		w.text(fieldAction, "action", l.Action)
		w.bool(fieldActionFailed, "failed", l.Failed)
		w.time(l.LastUpdated)
		w.close()
	}
	if c.RetryPolicy != nil {
		w.int(0, "retry_policy", *c.RetryPolicy)
	}
	w.text(FieldSession, "session", c.Session)
	if s := c.StagedState; s != nil {
		w.open("staged_state")
		w.artifacts(fieldStagedArtifacts, s.BootArtifacts)
		w.text(fieldStagedConfiguration, "configuration", s.Configuration)
		w.time(s.LastUpdated)
		w.text(fieldStagedSession, "session", s.Session)
		w.close()
	}
	w.open("status")
	w.text(FieldPhase, "phase", string(c.Phase))
	// Computed, also where another was received: BOS computes it for each answer.
	w.text(0, "status", string(c.Status()))
	w.text(FieldOverride, "status_override", c.Override)
	w.close()
	w.close()
	return w.finish(start)
}

// AppendJSON appends the session's record as BOS answers it: keys in order, no blanks.
// s.Details must have been read, with the initial components.
func (s *Session) AppendJSON(dst []byte) []byte {
	start := len(dst)
	w := writer{dst: append(dst, '{'), shape: s.Details.Shape}
	w.text(fieldComponents, "components", s.Details.InitialComponents)
	w.bool(fieldIncludeDisabled, "include_disabled", s.IncludeDisabled)
	w.text(fieldLimit, "limit", s.Details.Limit)
	w.text(0, "name", s.Name)
	w.text(fieldOperation, "operation", string(s.Operation))
	w.bool(fieldStage, "stage", s.Stage)
	if w.key(fieldStatus, "status") {
		w.begin()
		w.orNull(fieldEnd, "end_time", string(s.EndTime))
		w.orNull(fieldSessionError, "error", s.Details.Error)
		w.text(fieldStart, "start_time", string(s.StartTime))
		w.text(fieldState, "status", string(s.State))
		w.close()
	}
	w.text(fieldTemplate, "template_name", s.TemplateName)
	w.orNull(fieldTenant, "tenant", s.Tenant)
	w.close()
	return w.finish(start)
}

// writer writes the fields of one record, as its shape says.
type writer struct {
	dst   []byte
	shape Shape
}

// key writes the key of a field, unless that is absent or null; then there is nothing
// more to write. Of a field that is always there, f is 0.
func (w *writer) key(f Fields, key string) bool {
	if w.shape.Absent&f != 0 {
		return false
	}
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(append(append(w.dst, '"'), key...), '"', ':')
	if w.shape.Null&f != 0 {
		w.dst = append(w.dst, "null"...)
		return false
	}
	return true
}

func (w *writer) text(f Fields, key, value string) {
	if w.key(f, key) {
		w.dst = appendString(w.dst, value)
	}
}

// orNull writes a text, null for an empty one.
func (w *writer) orNull(f Fields, key, value string) {
	switch {
	case !w.key(f, key):
	case value == "":
		w.dst = append(w.dst, "null"...)
	default:
		w.dst = appendString(w.dst, value)
	}
}

// time writes when an object was last updated, if that is known.
func (w *writer) time(t Time) {
	if t != "" {
		w.text(0, "last_updated", string(t))
	}
}

func (w *writer) bool(f Fields, key string, value bool) {
	if w.key(f, key) {
		w.dst = strconv.AppendBool(w.dst, value)
	}
}

func (w *writer) int(f Fields, key string, value int) {
	if w.key(f, key) {
		w.dst = strconv.AppendInt(w.dst, int64(value), 10)
	}
}

// artifacts writes boot artifacts, f being their object.
func (w *writer) artifacts(f Fields, b BootArtifacts) {
	if !w.key(f, "boot_artifacts") {
		return
	}
	w.begin()
	w.text(f*artifactInitrd, "initrd", b.Initrd)
	w.text(f*artifactKernel, "kernel", b.Kernel)
	w.text(f*artifactParameters, "kernel_parameters", b.KernelParameters)
	w.close()
}

// open begins an object that is always there.
func (w *writer) open(key string) {
	w.key(0, key)
	w.begin()
}

func (w *writer) begin() { w.dst = append(w.dst, '{') }
func (w *writer) close() { w.dst = append(w.dst, '}') }

// finish lays over the record, which begins at start, what is not known.
func (w *writer) finish(start int) []byte {
	if w.shape.Extra == "" {
		return w.dst
	}
	return append(w.dst[:start:start], overlay(w.dst[start:], []byte(w.shape.Extra))...)
}

// appendString appends a text as JSON. Most have nothing in them to be escaped.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		// Beyond ASCII, too: U+2028 and bytes that are no UTF-8 are escaped by encoding/json.
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			_ = e.Encode(s) // a text always can be
			return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
