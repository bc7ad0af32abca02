package bos

import "strings"

// layout says which field of a kind of record is at a path, 0 for none: one that bosgraph does
// not interpret, and echoes as it was received. Only records that are not received whole are
// looked at by it.
type layout func(path string) Fields

func componentLayout(path string) Fields {
	switch path {
	case "enabled":
		return FieldEnabled
	case "error":
		return FieldError
	case "session":
		return FieldSession
	case "status.phase":
		return FieldPhase
	case "status.status_override":
		return FieldOverride
	case "desired_state.configuration":
		return fieldDesiredConfiguration
	case "desired_state.bss_token":
		return fieldDesiredToken
	case "actual_state.bss_token":
		return fieldActualToken
	case "staged_state.configuration":
		return fieldStagedConfiguration
	case "staged_state.session":
		return fieldStagedSession
	case "last_action.action":
		return fieldAction
	case "last_action.failed":
		return fieldActionFailed
	case "event_stats.power_on_attempts":
		return fieldPowerOn
	case "event_stats.power_off_graceful_attempts":
		return fieldPowerOffGraceful
	case "event_stats.power_off_forceful_attempts":
		return fieldPowerOffForceful
	}
	// The three states have the same fields in their artifacts, and the bits of these lie
	// equally far apart: one is a multiple of the other. 0 on either side is no field.
	if state, artifact, ok := strings.Cut(path, ".boot_artifacts"); ok {
		return artifactsOf(state) * artifactField(artifact)
	}
	return 0
}

// artifactsOf is the field of a state's boot artifacts.
func artifactsOf(state string) Fields {
	switch state {
	case "desired_state":
		return fieldDesiredArtifacts
	case "actual_state":
		return fieldActualArtifacts
	case "staged_state":
		return fieldStagedArtifacts
	}
	return 0
}

// artifactField is what such a field is multiplied by for one of the fields in it.
func artifactField(path string) Fields {
	switch path {
	case "":
		return 1
	case ".kernel":
		return artifactKernel
	case ".kernel_parameters":
		return artifactParameters
	case ".initrd":
		return artifactInitrd
	}
	return 0
}

func sessionLayout(path string) Fields {
	switch path {
	case "components":
		return fieldComponents
	case "include_disabled":
		return fieldIncludeDisabled
	case "limit":
		return fieldLimit
	case "operation":
		return fieldOperation
	case "stage":
		return fieldStage
	case "template_name":
		return fieldTemplate
	case "tenant":
		return fieldTenant
	case "status":
		return fieldStatus
	case "status.status":
		return fieldState
	case "status.start_time":
		return fieldStart
	case "status.end_time":
		return fieldEnd
	case "status.error":
		return fieldSessionError
	}
	return 0
}

// fields are the fields that an object has, path being what its keys follow. Of what is
// no object, or no JSON, it may miss some.
func (l layout) fields(object []byte, path string) (has Fields) {
	at := 0
	skip := func() {
		for at < len(object) && strings.IndexByte(" \t\r\n,:{", object[at]) >= 0 {
			at++
		}
	}
	if len(object) == 0 || object[0] != '{' {
		return 0
	}
	// By hand, as it looks for keys alone: decoding would make a map of each object for a set
	// of bits.
	for skip(); at < len(object) && object[at] == '"'; skip() {
		end := at + valueEnd(object[at:])
		key := path + string(object[at+1:max(end-1, at+1)])
		has |= l(key)
		for at = end; at < len(object) && strings.IndexByte(" \t\r\n:", object[at]) >= 0; {
			at++
		}
		end = at + valueEnd(object[at:])
		has |= l.fields(object[at:end], key+".")
		at = end
	}
	return has
}

// valueEnd is where the value ends that a text of JSON begins with.
func valueEnd(text []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
			if !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i
			}
		case depth == 0 && (c == ',' || c == ' ' || c == '\n'):
			return i
		}
	}
	return len(text)
}
