package oidc

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// TestStorm sends tokens with key ids that nobody has, many at once and for minutes, and
// counts what the provider is asked. Meanwhile good tokens are accepted.
func TestStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, stranger := signs(jose.RS256, rsaKey(), "rsa"), signs(jose.EdDSA, edKey(), "")
		p := newProvider(good)
		p.set(func(p *provider) { p.slow = 100 * time.Millisecond })
		v, _ := newVerifier(t, p)
		fresh := good.sign(map[string]any{"exp": time.Now().Add(time.Hour).Unix()})
		expect(t, v, fresh, "")
		begin, sent := time.Now(), 0
		for round := range 300 { // one a second
			var all sync.WaitGroup
			for i := range 10 {
				token := stranger
				token.kid = fmt.Sprintf("key-%d-%d", round, i)
				all.Go(func() { expect(t, v, token.sign(nil), auth.UnknownKey) })
				sent++
			}
			expect(t, v, fresh, "")
			all.Wait()
			time.Sleep(time.Second)
		}
		most := int(time.Since(begin)/refreshGap) + 1
		if got := p.fetches(); got < 2 || got > most {
			t.Errorf("%d fetches for %d tokens in %s, want 2 to %d", got, sent, time.Since(begin), most)
		}
		t.Logf("%d tokens with unknown keys in %s: %d fetches of keys", sent, time.Since(begin), p.fetches())
	})
}

// TestManyAtOnce shows that those who need the same fetch share it.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := signs(jose.RS256, rsaKey(), "rsa")
		p := newProvider(good)
		p.set(func(p *provider) { p.slow = time.Second })
		v, _ := newVerifier(t, p)
		token := good.sign(nil)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { expect(t, v, token, "") })
		}
		all.Wait()
		if got := p.fetches(); got != 1 {
			t.Errorf("%d fetches, want 1", got)
		}
	})
}

// TestRotation shows that tokens of a new key are good at once, those of the old one as long as
// it is published, and no longer than a refresh after that, although they were remembered.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := signs(jose.RS256, rsaKey(), "1"), signs(jose.ES256, ecKey(), "2")
		p := newProvider(before)
		v, _ := newVerifier(t, p)
		run(t, v)
		synctest.Wait()
		long := map[string]any{"exp": time.Now().Add(time.Hour).Unix()}
		old := before.sign(long)
		expect(t, v, old, "")

		time.Sleep(time.Minute)
		p.publish(before, after)
		expect(t, v, after.sign(long), "")
		expect(t, v, old, "")

		p.publish(after)
		expect(t, v, old, "")
		time.Sleep(refreshInterval)
		synctest.Wait()
		expect(t, v, old, auth.UnknownKey)
		expect(t, v, after.sign(long), "")

		// The same id for another key: what some providers do after a restart.
		other := signs(jose.RS256, otherRSA(), "2")
		p.publish(other)
		time.Sleep(refreshInterval)
		synctest.Wait()
		expect(t, v, other.sign(long), "")
	})
}

// TestRotationWithoutIDs has a provider that gives its keys no ids: a signature that no known
// key fits may be of a new one, so the keys are fetched, no more often than for unknown ids.
func TestRotationWithoutIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := signs(jose.RS256, rsaKey(), ""), signs(jose.RS256, otherRSA(), "")
		p := newProvider(before)
		v, _ := newVerifier(t, p)
		expect(t, v, before.sign(nil), "")
		p.publish(after)
		expect(t, v, after.sign(nil), auth.BadSignature)
		time.Sleep(refreshGap)
		expect(t, v, after.sign(nil), "")
		for range 100 {
			expect(t, v, before.sign(nil), auth.BadSignature)
		}
		if got := p.fetches(); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}
	})
}

// TestIssuerDown shows that known keys serve for as long as the provider cannot be reached,
// that a token which needs another key may be tried again later, and that the log says both
// once.
func TestIssuerDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, next := signs(jose.RS256, rsaKey(), "1"), signs(jose.RS256, otherRSA(), "2")
		p := newProvider(good)
		v, log := newVerifier(t, p)
		run(t, v)
		synctest.Wait()
		p.set(func(p *provider) { p.down = errDown })
		long := map[string]any{"exp": time.Now().Add(48 * time.Hour).Unix()}
		for range 24 {
			time.Sleep(time.Hour)
			expect(t, v, good.sign(long), "")
			expect(t, v, next.sign(long), auth.Unavailable)
		}
		if got := log.count("cannot fetch the token issuer's keys"); got != 1 {
			t.Errorf("logged %d times", got)
		}
		p.publish(next)
		p.set(func(p *provider) { p.down = nil })
		time.Sleep(refreshGap)
		expect(t, v, next.sign(long), "")
		expect(t, v, good.sign(long), auth.UnknownKey)
		if got := log.count("can be fetched again"); got != 1 {
			t.Errorf("the end is logged %d times", got)
		}
	})
}

// TestDownAtStart shows that a server which starts before its provider does is right as soon
// as that is there, and that tries are rare until then.
func TestDownAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := signs(jose.RS256, rsaKey(), "1")
		p := newProvider(good)
		p.set(func(p *provider) { p.down = errDown })
		v, _ := newVerifier(t, p)
		for range 100 {
			expect(t, v, good.sign(nil), auth.Unavailable)
			time.Sleep(time.Second)
		}
		if got := p.asked[testIssuer+"/.well-known/openid-configuration"]; got != 10 {
			t.Errorf("asked %d times in 100 s, want 10", got)
		}
		p.set(func(p *provider) { p.down = nil })
		time.Sleep(refreshGap)
		expect(t, v, good.sign(nil), "")
	})
}

// TestWaiting shows that a request waits for keys no longer than it wants to, and that a
// provider which never answers holds nobody for more than the deadline.
func TestWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := signs(jose.RS256, rsaKey(), "1")
		p := newProvider(good)
		p.set(func(p *provider) { p.slow = time.Hour })
		v, _ := newVerifier(t, p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := v.Verify(ctx, good.sign(nil)); auth.ReasonOf(err) != auth.Unavailable || time.Since(begin) != time.Second {
			t.Errorf("after %s: %v", time.Since(begin), err)
		}
		expect(t, v, good.sign(nil), auth.Unavailable)
		if took := time.Since(begin); took != fetchTimeout {
			t.Errorf("took %s, want %s", took, fetchTimeout)
		}
	})
}

// TestSharedKeys shows that a provider with several names is asked once for its keys.
func TestSharedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := signs(jose.RS256, rsaKey(), "1")
		p := newProvider(good)
		const other = "https://auth.cmn.test/realms/shasta"
		v, _ := newVerifier(t, p, func(o *Options) {
			o.Issuers = []Issuer{{testIssuer, testIssuer + "/certs"}, {other, testIssuer + "/certs"}}
		})
		expect(t, v, good.sign(nil), "")
		expect(t, v, good.sign(map[string]any{"iss": other}), "")
		if got := p.fetches(); got != 1 {
			t.Errorf("%d fetches, want 1", got)
		}
	})
}

// TestSeparateIssuers shows that one provider's keys are good for its own tokens only.
func TestSeparateIssuers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := signs(jose.RS256, rsaKey(), "1"), signs(jose.RS256, otherRSA(), "1")
		p := newProvider(first)
		const other = "https://other.test"
		p.set(func(p *provider) {
			p.answer = func(r *http.Request) *http.Response {
				if r.URL.Host != "other.test" {
					return nil
				}
				key := string(must(jose.JSONWebKey{Key: second.public, KeyID: "1"}.MarshalJSON()))
				return respond(http.StatusOK, `{"keys":[`+key+`]}`)
			}
		})
		v, _ := newVerifier(t, p, func(o *Options) { o.Issuers = append(o.Issuers, Issuer{other, other + "/keys"}) })
		expect(t, v, first.sign(nil), "")
		expect(t, v, second.sign(map[string]any{"iss": other}), "")
		expect(t, v, second.sign(nil), auth.BadSignature)
		expect(t, v, first.sign(map[string]any{"iss": other}), auth.BadSignature)
	})
}

// run lets a verifier follow its providers until the test ends.
func run(t *testing.T, v *Verifier) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { v.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
}
