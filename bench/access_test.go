package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

const (
	accessQueries     = 8000 // of each server in a round
	accessSubscribers = 300  // of each server
	accessUpdates     = 100  // in a round
)

// issue makes a provider that publishes a key, and a token of a viewer that it has signed, of the
// size that Keycloak's have.
func issue(b *testing.B) (issuer, token string) {
	b.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	jwks := fmt.Sprintf(`{"keys":[{"kty":"RSA","alg":"RS256","use":"sig","kid":"k","n":%q,"e":"AQAB"}]}`, encode(key.N.Bytes()))
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(jwks)) }))
	b.Cleanup(provider.Close)
	claims, err := json.Marshal(map[string]any{
		"iss": provider.URL, "aud": "bosgraph", "sub": "vera", "exp": time.Now().Add(time.Hour).Unix(),
		"resource_access": map[string]any{"shasta": map[string]any{"roles": []string{"wlm"}}}, "other": strings.Repeat("x", 800),
	})
	if err != nil {
		b.Fatal(err)
	}
	signed := encode([]byte(`{"alg":"RS256","kid":"k","typ":"JWT"}`)) + "." + encode(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	return provider.URL, signed + "." + encode(signature)
}

// guarded is a server and what it takes to use it.
type guarded struct {
	server
	token string
}

// pair starts two servers on one namespace: without access control, and with --auth oidc.
func pair(b *testing.B, s *site, options ...string) [2]guarded {
	b.Helper()
	options = append(options, "--redis-url", "redis://"+s.addr, "--namespace", s.namespace)
	issuer, token := issue(b)
	open, _ := newServer(b, options...)
	closed, _ := newServer(b, append(options, "--auth", "oidc", "--oidc-issuer", issuer+"="+issuer, "--oidc-audience", "bosgraph")...)
	return [2]guarded{{open, ""}, {closed, token}}
}

// running makes a site with a session of some components that runs.
func running(b *testing.B) *site {
	b.Helper()
	s := newSite(b, redistest.Server(b), "access")
	l := layout{sessions: 1, each: batch}
	s.create(b, l.names())
	s.load(b, batch, func(i int) []byte { return l.small(i, 0) })
	s.start(b, l.names())
	return s
}

// BenchmarkAccessQueries sends the same queries to a server without access control and to one that
// verifies tokens, by turns. Each iteration is a round of both; the order alternates.
func BenchmarkAccessQueries(b *testing.B) {
	s := running(b)
	servers := pair(b, s)
	body := query(b, fmt.Sprintf("query($name: String!) { session(name: $name) { name status { %s } } }", statusFields), map[string]any{"name": sessionName(0)})
	var send [2]func() outcome
	for i, at := range servers {
		requests := slices.Repeat([]request{{URL: at.url + "/graphql", Want: `"status":"RUNNING"`, Token: at.token, Body: body}}, accessQueries)
		send[i] = newClient(b).prepare(b, callers, requests)
		send[i]() // connects, and warms up
	}
	var rates, costs ratios
	for round := 0; b.Loop(); round++ {
		var took, used [2]time.Duration
		for _, i := range [][]int{{0, 1}, {1, 0}}[round%2] {
			before, start := servers[i].computing(b), time.Now()
			send[i]()
			took[i], used[i] = time.Since(start), servers[i].computing(b)-before
		}
		rates.add(took[0].Seconds() / took[1].Seconds())
		costs.add(used[0].Seconds() / used[1].Seconds())
	}
	rates.report(b, "rate-oidc/none")
	costs.report(b, "queries/cpu-oidc/none")
}

// BenchmarkAccessFanout sends updates to the subscribers of both servers at the same time, and compares the
// computing time that a message takes each.
func BenchmarkAccessFanout(b *testing.B) {
	s := running(b)
	servers := pair(b, s, "--tick", "10ms")
	ctx, cancel := context.WithCancel(b.Context())
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	var counts [2]atomic.Int64
	for i, at := range servers {
		for range accessSubscribers {
			reading.Add(1)
			go func() {
				defer reading.Done()
				if err := at.count(ctx, &counts[i]); err != nil && ctx.Err() == nil {
					b.Error(err)
				}
			}()
		}
		for counts[i].Load() < accessSubscribers { // all have their first state
			time.Sleep(10 * time.Millisecond)
		}
	}
	var costs ratios
	update := 0
	for b.Loop() {
		var before [2]time.Duration
		var from [2]int64
		for i := range servers {
			before[i], from[i] = servers[i].computing(b), counts[i].Load()
		}
		for range accessUpdates {
			message := fmt.Sprint("change ", update)
			if _, err := s.store.PatchComponents(b.Context(), []bos.ComponentPatch{{ID: xname(update % batch), Error: &message}}); err != nil {
				b.Fatal(err)
			}
			update++
			want := counts[0].Load() + accessSubscribers/2 // the next before most have this one would be skipped
			for deadline := time.Now().Add(time.Second); counts[0].Load() < want && time.Now().Before(deadline); {
				time.Sleep(time.Millisecond)
			}
		}
		var each [2]float64
		for i := range servers {
			each[i] = (servers[i].computing(b) - before[i]).Seconds() / float64(counts[i].Load()-from[i])
		}
		costs.add(each[0] / each[1])
	}
	costs.report(b, "messages/cpu-oidc/none")
	b.ReportMetric(float64(counts[0].Load())/float64(update), "messages/update-none")
	b.ReportMetric(float64(counts[1].Load())/float64(update), "messages/update-oidc")
}

// count subscribes, and counts what comes until ctx ends.
func (g guarded) count(ctx context.Context, n *atomic.Int64) error {
	body := fmt.Appendf(nil, `{"query":"subscription { sessionStatusUpdated(name: \"%s\") { revision counts { failed } } }"}`, sessionName(0))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"text/event-stream"}}
	if g.token != "" {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if bytes.HasPrefix(lines.Bytes(), []byte("data: {")) {
			n.Add(1)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return fmt.Errorf("the subscription has ended: %s", answer.Status)
}

// ratios are those of several rounds.
type ratios []float64

func (r *ratios) add(ratio float64) { *r = append(*r, ratio) }

// report reports the median, the least and the most.
func (r ratios) report(b *testing.B, of string) {
	slices.Sort(r)
	b.ReportMetric(r[len(r)/2], of)
	b.ReportMetric(r[0], of+"@least")
	b.ReportMetric(r[len(r)-1], of+"@most")
}
