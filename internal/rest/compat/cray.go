package compat

// Command is a command of the `cray` command line that reads BOS, and what it sends.
type Command struct {
	Line string // with names in braces, as in [Request]
	Path string // below the gateway's address, with its query

	Missing bool // it names a session template, which a system may not have
}

// Cray is every command of craycli that reads BOS v2, and each parameter that it takes.
// craycli makes them of the description of BOS that it carries: a path becomes words,
// `list` what has no id at its end, `describe` what has one, a parameter of the query an
// option. craycli: cray/generator.py, cray/modules/bos; BOS's description as of 2.48.
// Each but the first two is also there without the word v2, and sends the same.
func Cray() []Command {
	return []Command{
		{Line: "cray bos list", Path: "/"},
		{Line: "cray bos v2 list", Path: "/v2"},
		{Line: "cray bos v2 version list", Path: "/v2/version"},
		{Line: "cray bos v2 healthz list", Path: "/v2/healthz"},
		{Line: "cray bos v2 options list", Path: "/v2/options"},
		{Line: "cray bos v2 sessiontemplates list", Path: "/v2/sessiontemplates"},
		{Line: "cray bos v2 sessiontemplates describe compute", Path: "/v2/sessiontemplates/compute", Missing: true},
		{Line: "cray bos v2 sessiontemplatesvalid describe compute", Path: "/v2/sessiontemplatesvalid/compute", Missing: true},
		{Line: "cray bos v2 sessiontemplatetemplate list", Path: "/v2/sessiontemplatetemplate"},
		{Line: "cray bos v2 sessions list", Path: "/v2/sessions"},
		{Line: "cray bos v2 sessions list --min-age 1d", Path: "/v2/sessions?min_age=1d"},
		{Line: "cray bos v2 sessions list --max-age 6h", Path: "/v2/sessions?max_age=6h"},
		{Line: "cray bos v2 sessions list --status running", Path: "/v2/sessions?status=running"},
		{Line: "cray bos v2 sessions describe {session}", Path: "/v2/sessions/{session}"},
		{Line: "cray bos v2 sessions status list {session}", Path: "/v2/sessions/{session}/status"},
		{Line: "cray bos v2 components list", Path: "/v2/components"},
		{Line: "cray bos v2 components list --ids {component},{other}", Path: "/v2/components?ids={component}%2C{other}"},
		{Line: "cray bos v2 components list --session {session}", Path: "/v2/components?session={session}"},
		{Line: "cray bos v2 components list --staged-session {session}", Path: "/v2/components?staged_session={session}"},
		{Line: "cray bos v2 components list --enabled True", Path: "/v2/components?enabled=True"},
		{Line: "cray bos v2 components list --phase configuring", Path: "/v2/components?phase=configuring"},
		{Line: "cray bos v2 components list --status failed,on_hold", Path: "/v2/components?status=failed%2Con_hold"},
		{Line: "cray bos v2 components list --start-after-id {component}", Path: "/v2/components?start_after_id={component}"},
		{Line: "cray bos v2 components list --page-size 100", Path: "/v2/components?page_size=100"},
		{Line: "cray bos v2 components describe {component}", Path: "/v2/components/{component}"},
	}
}
