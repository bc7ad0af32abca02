package app

import "runtime/debug"

// BuildInfo says what this program was built from, as the go command has noted it.
type BuildInfo struct {
	// Version is the tag that it was built at, a pseudo-version of the commit where there is none, or
	// "development" where the go command did not know. Changes that were not committed add "+dirty".
	Version string `json:"version"`
	Commit  string `json:"commit"` // empty if that is not known
	Date    string `json:"date"`   // of the commit, as RFC 3339 has it; empty if that is not known
	Go      string `json:"go"`     // the version of Go that it was built with
}

// Build returns it.
func Build() BuildInfo {
	b := BuildInfo{Version: "development"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Go = info.GoVersion
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		}
	}
	return b
}

// String is one line for people.
func (b BuildInfo) String() string {
	text := "bosgraph " + b.Version
	if b.Commit != "" {
		text += ", commit " + b.Commit + " of " + b.Date
	}
	return text + ", " + b.Go
}
