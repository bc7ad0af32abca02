package app

import (
	"net/http"

	"github.com/bosgraph/bosgraph/internal/rest"
)

// rest routes BOS's own paths: as its service has them, and as a system's gateway
// does.
func (a *App) rest(mux *http.ServeMux, base string) {
	for _, prefix := range []string{base, base + "/apis/bos"} {
		h := rest.New(a.store, rest.Options{Prefix: prefix, Log: a.log})
		mux.Handle(prefix+"/v2", h)
		mux.Handle(prefix+"/v2/", h)
	}
}
