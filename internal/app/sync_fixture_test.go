package app_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// followed is a server that follows a BOS.
type followedSite struct {
	*apptest.Site
	bos *bosfake.BOS
	log *apptest.Journal
}

// pemOf is the certificate of a server, as its clients' authority.
func pemOf(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// listenBOS serves a BOS, and TAPMS, for this test.
func listenBOS(t *testing.T, b *bosfake.BOS) (url string) {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return server.URL
}

// followBOS runs a server that follows that BOS, and waits for the first whole sweep.
func followBOS(t *testing.T, redisURL string, b *bosfake.BOS, options ...string) followedSite {
	t.Helper()
	f := startFollowing(t, redisURL, b, options...)
	f.sweeps(1)
	return f
}

func startFollowing(t *testing.T, redisURL string, b *bosfake.BOS, options ...string) followedSite {
	t.Helper()
	log := &apptest.Journal{}
	s := apptest.ServeLogging(t, apptest.TextLog(log), redisURL,
		append([]string{"--bos-url", listenBOS(t, b) + "/apis/bos", "--bos-interval", "100ms"}, options...)...)
	return followedSite{s, b, log}
}

// eventually waits for a condition, and says what the sync has to say if it does not come.
func (f followedSite) eventually(what string, ok func() bool) {
	f.T.Helper()
	defer func() {
		if f.T.Failed() {
			f.T.Logf("the sync: %+v", f.App.SyncState())
		}
	}()
	apptest.Eventually(f.T, what, ok)
}

// sweeps waits for so many whole sweeps that begin from now on.
func (f followedSite) sweeps(n int) {
	f.T.Helper()
	for range n {
		from := time.Now()
		f.eventually("another sweep", func() bool { return f.App.SyncState().LastSweep.After(from) })
	}
}

// sync is what the server says of its sync.
func (f followedSite) sync() (problem string) {
	f.T.Helper()
	problem, _ = f.Must(`{ serverInfo { sync { error } } }`).At("serverInfo.sync.error").(string)
	return problem
}

// answers is what the stand-in itself answers.
func answers(t *testing.T, b *bosfake.BOS, path, tenant string) (status int, body []byte) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Cray-Tenant-Name", tenant)
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Code, w.Body.Bytes()
}

// restAnswer is what the server answers under BOS's addresses.
func (f followedSite) restAnswer(path, tenant string) (status int, body []byte) {
	f.T.Helper()
	return restOf(f.Site).Read(http.MethodGet, path, tenant)
}

// timeless is an answer without what depends on the moment, with its keys in order.
func timeless(body []byte) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return string(body)
	}
	if status, ok := v.(map[string]any); ok && status["timing"] != nil {
		if timing := status["timing"].(map[string]any); timing["end_time"] == nil {
			delete(timing, "duration")
		}
	}
	return fmt.Sprintf("%#v", v)
}

// likeBOS waits until the server answers as BOS does.
func (f followedSite) likeBOS(path, tenant string) {
	f.T.Helper()
	var have, want []byte
	var code, wantCode int
	began, deadline := time.Now(), time.After(30*time.Second)
	for {
		wantCode, want = answers(f.T, f.bos, path, tenant)
		code, have = f.restAnswer(path, tenant)
		if code == wantCode && timeless(have) == timeless(want) {
			return
		}
		select {
		case <-deadline:
			f.T.Fatalf("%s: status %d\n%s\nBOS: %d\n%s", path, code, have, wantCode, want)
		case <-redistest.Pause(began):
		}
	}
}

func untenanted(name string) bos.SessionKey { return bos.SessionKey{Name: name} }
