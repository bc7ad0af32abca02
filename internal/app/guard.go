package app

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/guard"
	"github.com/bosgraph/bosgraph/internal/rest"
	"github.com/bosgraph/bosgraph/internal/transport"
)

// guarded puts the check of host names and origins in front of all that is served,
// health probes included. What it refuses is answered as the path would answer.
func (a *App) guarded(next http.Handler) http.Handler {
	base := a.config.BasePath
	if slices.Contains(a.config.AllowHosts, guard.AnyHost) {
		a.log.Warn("every host name is allowed (--allow-host=*): a web page can reach this server by a name that it makes resolve to it (DNS rebinding)")
	}
	return guard.New(next, guard.Options{
		Listen: a.config.Listen, Hosts: a.config.AllowHosts, Origins: a.config.AllowOrigins, Proxies: a.config.Proxies(), Log: a.log,
		Refuse: func(w http.ResponseWriter, r *http.Request, status int, message string) {
			// Clients of each path decode its own form of errors; a page gets text.
			switch path, _ := strings.CutPrefix(r.URL.Path, base); {
			case path == "/graphql":
				transport.Refuse(w, r, status, bos.Errorf(bos.Forbidden, "%s", message))
			case rest.Has(path):
				rest.Refuse(w, status, message)
			default:
				say(w, status, message)
			}
		},
	})
}
