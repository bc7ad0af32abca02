package app_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
)

// secureSite is a server with TLS.
type secureSite struct {
	*apptest.Site
	cert, key string
	trusted   *x509.CertPool
}

// certify writes a certificate of its own authority, and trusts it.
func (s *secureSite) certify(t *testing.T, serial int64) {
	t.Helper()
	s.certifyUntil(t, serial, time.Now().Add(time.Hour))
}

func (s *secureSite) certifyUntil(t *testing.T, serial int64, until time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, s.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.write(t, s.cert, public)
	s.trusted.AppendCertsFromPEM(public)
}

func (s *secureSite) write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func serveSecure(t *testing.T, options ...string) *secureSite {
	t.Helper()
	folder := t.TempDir()
	s := &secureSite{cert: filepath.Join(folder, "cert"), key: filepath.Join(folder, "key"), trusted: x509.NewCertPool()}
	s.certify(t, 1)
	s.Site = apptest.ServeRedis(t, append(options, "--tls-cert-file", s.cert, "--tls-key-file", s.key)...)
	s.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.trusted, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	return s
}

// shows is the serial number of the certificate that the server shows.
func (s *secureSite) shows(t *testing.T) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", s.App.Addr(), &tls.Config{RootCAs: s.trusted, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

const watchSession = `subscription { sessionStatusUpdated(name: "s") { status counts { complete } } }`

// TestTLS asks, follows an event stream over HTTP/2 and a WebSocket over HTTP/1.1.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := serveSecure(t)
	s.Session("s")
	s.Put(apptest.Powering("x1", "s"))
	s.Update("s", "status", "RUNNING")
	response, err := s.Client.Get(s.Base + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.ProtoMajor != 2 || response.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s, %v", response.Proto, response.Header)
	}
	events := stream(t, s.Site, watchSession)
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, TLSClientConfig: &tls.Config{RootCAs: s.trusted, MinVersion: tls.VersionTLS12}}
	conn, _, err := dialer.Dial("wss"+strings.TrimPrefix(s.Base, "https")+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := func() string {
		t.Helper()
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		_, text, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, text := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":` + jsonOf(t, watchSession) + `}}`} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, got := range []string{next(t, events), read() + read()} {
		if !strings.Contains(got, `"RUNNING"`) {
			t.Errorf("first: %s", got)
		}
	}
	s.Put(apptest.Vars{"id": "x1", "enabled": false, "session": "s", "status": apptest.Vars{"phase": ""}})
	for what, got := range map[string]string{"event stream": next(t, events), "WebSocket": read()} {
		if !strings.Contains(got, `"COMPLETE"`) {
			t.Errorf("%s: %s", what, got)
		}
	}
	if got := next(t, events) + next(t, events); got != "end" && got != "endend" && !strings.HasSuffix(got, "end") {
		t.Errorf("the event stream has not ended: %s", got)
	}
	if got := read(); !strings.Contains(got, `"complete"`) {
		t.Errorf("the WebSocket's operation has not ended: %s", got)
	}
	if conn, err := tls.Dial("tcp", s.App.Addr(), &tls.Config{RootCAs: s.trusted, MaxVersion: tls.VersionTLS11}); err == nil { //nolint:gosec // to see it refused
		_ = conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

// TestEventStreamsOverHTTP2End shows that the server's end resets streams, by which their clients
// know to reconnect, and that a client that leaves takes nothing of others with it.
func TestEventStreamsOverHTTP2End(t *testing.T) {
	t.Parallel()
	s := serveSecure(t)
	s.Session("s")
	s.Put(apptest.Powering("x1", "s"))
	s.Update("s", "status", "RUNNING")
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Base+"/graphql", strings.NewReader(`{"query":`+jsonOf(t, watchSession)+`}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	events := stream(t, s.Site, watchSession)
	if got := next(t, events); !strings.Contains(got, "RUNNING") {
		t.Fatal(got)
	}
	leave()
	_ = response.Body.Close()
	s.Must(`{ serverInfo { version } }`)
	s.Stop(10 * time.Second)
	if got := next(t, events); got != "end" {
		t.Errorf("after the server's end: %s", got)
	}
}

// TestCertificatesAreReadAgain replaces the certificate under a running server, by a good one and
// by a bad one.
func TestCertificatesAreReadAgain(t *testing.T) {
	t.Parallel()
	s := serveSecure(t)
	if got := s.shows(t); got != 1 {
		t.Fatalf("certificate %d", got)
	}
	s.certify(t, 2)
	deadline := time.Now().Add(30 * time.Second)
	for s.shows(t) != 2 {
		if time.Now().After(deadline) {
			t.Fatal("the new certificate is not used")
		}
	}
	s.write(t, s.key, []byte("no key"))
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		if got := s.shows(t); got != 2 {
			t.Fatalf("certificate %d", got)
		}
	}
	s.certify(t, 3)
	for s.shows(t) != 3 {
		if time.Now().After(deadline) {
			t.Fatal("after a bad one, a good one is not used")
		}
	}
}

// TestTheEndOfACertificateIsReported serves with one that lasts, and replaces it by one that expires soon and one that has expired.
func TestTheEndOfACertificateIsReported(t *testing.T) {
	t.Parallel()
	folder, log := t.TempDir(), &apptest.Journal{}
	s := &secureSite{cert: filepath.Join(folder, "cert"), key: filepath.Join(folder, "key"), trusted: x509.NewCertPool()}
	options := []string{"--tls-cert-file", s.cert, "--tls-key-file", s.key}
	reported := func(level bos.Level, text string, until time.Time) {
		t.Helper()
		if _, out := check(t, options...); !strings.Contains(out, fmt.Sprintf("%-8scertificate: it %s %s\n", level, text, until.UTC().Format(time.RFC3339))) {
			t.Errorf("the check says\n%s", out)
		}
	}
	lasting := time.Now().Add(15 * 24 * time.Hour)
	s.certifyUntil(t, 1, lasting)
	s.Site = apptest.ServeLogging(t, apptest.TextLog(log), "", options...)
	s.Client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.trusted, MinVersion: tls.VersionTLS12}}
	if n := valueOf(t, scrape(t, s.Site, s.Base+"/metrics"), "bosgraph_tls_certificate_expiry_timestamp_seconds"); n != float64(lasting.Unix()) {
		t.Errorf("the metric is %v, not %d", n, lasting.Unix())
	}
	reported(bos.Fine, "is valid until", lasting)
	const line = `level=WARN msg="certificate has expired or expires within 14 days"`
	if apptest.CountLines(log, line) != 0 {
		t.Errorf("of a certificate for 15 days the log says %s", log)
	}
	near, past := time.Now().Add(13*24*time.Hour), time.Now().Add(-time.Minute)
	s.certifyUntil(t, 2, near)
	apptest.Eventually(t, "a line about one for 13 days", func() bool { return apptest.CountLines(log, line) == 1 })
	reported(bos.Warning, "is valid until", near)
	s.certifyUntil(t, 3, past)
	apptest.Eventually(t, "a line about one that has expired", func() bool { return apptest.CountLines(log, line) == 2 })
	reported(bos.Failure, "expired at", past)

	log = &apptest.Journal{}
	apptest.ServeLogging(t, apptest.TextLog(log), "", options...)
	if apptest.CountLines(log, line) != 1 {
		t.Errorf("at the start the log says %s", log)
	}
}

// TestSlowStreamsOfHTTP2AreReset shows that a stream whose client does not read is reset once its
// time is up, and that the other streams of the same connection get everything meanwhile.
func TestSlowStreamsOfHTTP2AreReset(t *testing.T) {
	t.Parallel()
	s := serveSecure(t, "--write-deadline", "500ms")
	s.Client.Transport.(*http.Transport).HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
	s.Session("s")
	s.Put(apptest.Powering("x1", "s"))
	s.Update("s", "status", "RUNNING")
	const query = `subscription { sessionStatusUpdated(name: "s") { errorSummary { message } } }`
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Base+"/graphql", strings.NewReader(`{"query":`+jsonOf(t, query)+`}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	slow, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()
	healthy := stream(t, s.Site, query)
	next(t, healthy)
	for i := range 20 {
		text := fmt.Sprintf("%d %s", i, strings.Repeat("e", 60_000))
		s.Put(apptest.Failing("x1", "s", text))
		for got := ""; !strings.Contains(got, text); {
			if got = next(t, healthy); got == "end" {
				t.Fatal("the stream that is read has ended")
			}
		}
	}
	// What had been sent before the client stopped reading is there; the rest is not.
	got, err := io.ReadAll(slow.Body)
	if err == nil || len(got) > 5*60_000 {
		t.Errorf("%d bytes, then %v", len(got), err)
	}
}

// TestRefusalsAreReadableOverTLS shows that a client beyond the limit of connections reads why.
func TestRefusalsAreReadableOverTLS(t *testing.T) {
	t.Parallel()
	s := serveSecure(t, "--max-http-connections", "1")
	conn, err := tls.Dial("tcp", s.App.Addr(), &tls.Config{RootCAs: s.trusted, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	response, err := s.Client.Get(s.Base + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(text), "--max-http-connections") {
		t.Errorf("%s: %s (%v)", response.Status, text, err)
	}
}
