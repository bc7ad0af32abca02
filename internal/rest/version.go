package rest

import (
	"net/http"
	"strings"
)

// version is an answer to a question about the API: which version of BOS's it is.
type version struct {
	Links []link `json:"links"`
	Major string `json:"major"` // BOS: strings, though it describes them as integers
	Minor string `json:"minor"`
	Patch string `json:"patch"`
}

type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// versionOf is the version of BOS whose answers these are, not bosgraph's own.
func versionOf(links ...link) version {
	return version{Links: links, Major: "2", Minor: "50", Patch: "0"}
}

// version answers with the version. BOS: v2/base.py, calc_version.
func (h *handler) version(w http.ResponseWriter, r *request) error {
	root := h.root(r)
	return send(w, versionOf(link{root + "/", "self"}, link{root + "/v2", "versions"}))
}

// versions answers with the versions of the API that there are: BOS's own root.
func (h *handler) versions(w http.ResponseWriter, r *request) error {
	return send(w, []version{versionOf(link{h.root(r) + "/", "self"})})
}

// root is the address that BOS's paths are below, without a slash at its end.
// BOS: url_for, which adds the gateway's path where a gateway has sent the request.
func (h *handler) root(r *request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	prefix := r.at.prefix
	if r.Header.Get("X-Forwarded-For") != "" && !strings.HasSuffix(prefix, gateway) {
		prefix += gateway
	}
	return scheme + "://" + r.Host + prefix
}
