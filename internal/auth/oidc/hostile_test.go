package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// TestTokens has one token for each thing that may be wrong with one, and the good ones that
// are nearest to them.
func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := signs(jose.RS256, rsaKey(), "rsa")
		ec, ed := signs(jose.ES256, ecKey(), "ec"), signs(jose.EdDSA, edKey(), "ed")
		stranger := signs(jose.RS256, otherRSA(), "rsa")
		public := must(x509.MarshalPKIXPublicKey(good.public))
		asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
		in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
		with := func(s signer, name jose.HeaderKey, value any) signer {
			s.headers = map[jose.HeaderKey]any{name: value}
			return s
		}
		named := func(s signer, kid string) signer { s.kid = kid; return s }
		weak := must(rsa.GenerateKey(rand.Reader, 1024))
		p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
		published := jose.JSONWebKey{Key: stranger.public, KeyID: "rsa", Algorithm: "RS256", Use: "sig"}
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
		parts := strings.Split(good.sign(nil), ".")
		viewer := strings.Split(good.sign(map[string]any{"sub": "another"}), ".")
		p := newProvider(good, ec, ed, signs(jose.RS256, weak, "weak"), signs(jose.ES384, p384, "p384"))
		v, _ := newVerifier(t, p)

		tests := []struct {
			what, token string
			want        auth.Reason
		}{
			{"RS256", good.sign(nil), ""},
			{"ES256", ec.sign(nil), ""},
			{"EdDSA", ed.sign(nil), ""},
			{"no key id", named(good, "").sign(nil), ""},
			{"one audience as a string", good.sign(map[string]any{"aud": testAudience}), ""},
			{"an access token by its type", with(good, "typ", "at+jwt").sign(nil), ""},
			{"nothing", "", auth.Missing},

			{"expired a second before the leeway ends", good.sign(map[string]any{"exp": in(time.Second - testLeeway)}), ""},
			{"expired when the leeway ends", good.sign(map[string]any{"exp": in(-testLeeway)}), auth.Expired},
			{"expired", good.sign(map[string]any{"exp": in(-time.Hour)}), auth.Expired},
			{"no expiry", good.sign(map[string]any{"exp": nil}), auth.Malformed},
			{"no subject", good.sign(map[string]any{"sub": nil}), auth.Malformed},
			{"an empty subject", good.sign(map[string]any{"sub": ""}), auth.Malformed},
			{"expiry beyond all times", good.sign(map[string]any{"exp": 1e30}), auth.Malformed},
			{"expiry as text", good.sign(map[string]any{"exp": "tomorrow"}), auth.Malformed},
			{"not yet valid, within the leeway", good.sign(map[string]any{"nbf": in(testLeeway)}), ""},
			{"not yet valid", good.sign(map[string]any{"nbf": in(testLeeway + time.Second)}), auth.NotYetValid},
			{"issued in the future", good.sign(map[string]any{"iat": in(time.Hour), "exp": in(2 * time.Hour)}), auth.NotYetValid},

			{"another issuer", good.sign(map[string]any{"iss": "https://evil.test"}), auth.WrongIssuer},
			{"the issuer with a slash", good.sign(map[string]any{"iss": testIssuer + "/"}), auth.WrongIssuer},
			{"no issuer", good.sign(map[string]any{"iss": nil}), auth.WrongIssuer},
			{"another audience", good.sign(map[string]any{"aud": "account"}), auth.WrongAudience},
			{"no audience", good.sign(map[string]any{"aud": nil}), auth.WrongAudience},
			{"an audience that begins alike", good.sign(map[string]any{"aud": testAudience + "2"}), auth.WrongAudience},

			{"alg none without a signature", none + "." + parts[1] + ".", auth.WrongUse},
			{"alg none with one", none + "." + parts[1] + "." + parts[2], auth.WrongUse},
			{"HS256 with the public key as PEM", shared(asPEM, "rsa", good.sign(nil)), auth.WrongUse},
			{"HS256 with the public key as DER", shared(public, "rsa", good.sign(nil)), auth.WrongUse},
			{"HS256 with the modulus", shared(good.public.(*rsa.PublicKey).N.Bytes(), "rsa", good.sign(nil)), auth.WrongUse},
			{"an algorithm that is not accepted, with a good key", named(signs(jose.PS256, rsaKey(), ""), "rsa").sign(nil), auth.WrongUse},
			{"RS256 under the key id of another kind", named(good, "ec").sign(nil), auth.UnknownKey},
			{"a published key that is too small", signs(jose.RS256, weak, "weak").sign(nil), auth.UnknownKey},
			{"a published key of another curve", signs(jose.ES384, p384, "p384").sign(nil), auth.WrongUse},

			{"a stranger's signature", stranger.sign(nil), auth.BadSignature},
			{"a stranger's without key id", named(stranger, "").sign(nil), auth.BadSignature},
			{"the signature of another token", viewer[0] + "." + viewer[1] + "." + parts[2], auth.BadSignature},
			{"a signature cut off", parts[0] + "." + parts[1] + ".", auth.BadSignature},
			{"an unknown key id", named(stranger, "new").sign(nil), auth.UnknownKey},
			{"a key id that is a URL", named(stranger, "https://evil.test/keys").sign(nil), auth.UnknownKey},
			{"a key id that is an empty file", shared(nil, "../../../dev/null", good.sign(nil)), auth.WrongUse},
			{"a key id that is a path", named(stranger, "../../../dev/null").sign(nil), auth.UnknownKey},
			{"a key id that is a query", named(stranger, "rsa' OR '1'='1").sign(nil), auth.UnknownKey},
			{"keys at a URL of its own", with(stranger, "jku", "https://evil.test/keys").sign(nil), auth.BadSignature},
			{"a certificate at a URL of its own", with(stranger, "x5u", "https://evil.test/cert").sign(nil), auth.BadSignature},
			{"its own key in the header", with(stranger, "jwk", published).sign(nil), auth.BadSignature},
			{"a critical header that nobody knows", with(good, "crit", []string{"exp"}).sign(nil), auth.BadSignature},
			{"a logout token", with(good, "typ", "logout+jwt").sign(nil), auth.WrongUse},

			{"no token at all", "abc", auth.Malformed},
			{"three parts of nothing", "..", auth.WrongUse},
			{"claims that are a list", good.raw([]byte(`[]`)), auth.Malformed},
			{"claims that are no JSON", good.raw([]byte(`{"iss":`)), auth.Malformed},
			{"two issuers", good.raw(fmt.Appendf(nil, `{"iss":"https://evil.test","iss":%q,"exp":%d,"aud":"shasta"}`, testIssuer, in(time.Minute))), auth.Malformed},
			{"too long", good.sign(map[string]any{"x": strings.Repeat("x", auth.MaxToken)}), auth.Malformed},
			{"JSON in place of three parts", `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, auth.Malformed},
		}
		publicText := ""
		for _, test := range tests {
			_, err := v.Verify(t.Context(), test.token)
			if got := auth.ReasonOf(err); got != test.want || (err == nil) != (test.want == "") {
				t.Errorf("%s: got %v, want %q", test.what, err, test.want)
			}
			var refused *auth.Error
			if !errors.As(err, &refused) || refused.Reason == auth.Missing {
				continue
			}
			// To the client all are one.
			if text := refused.Public(); publicText == "" {
				publicText = text.Message
			} else if text.Message != publicText || text.Code != bos.Unauthenticated {
				t.Errorf("%s: the client gets %s %q", test.what, text.Code, text.Message)
			}
			if test.token != "" && strings.Contains(err.Error(), test.token) {
				t.Errorf("%s: the token is in the log: %v", test.what, err)
			}
		}
		// Discovery and keys, each asked for once: unknown keys came within one gap.
		if got := p.fetches(); got != 1 {
			t.Errorf("%d fetches of keys", got)
		}
		if got := p.hosts(); got != "map[keycloak.test:true]" {
			t.Errorf("asked %s", got)
		}
	})
}

// shared is a token that is signed with a secret (HS256), made by hand: the library refuses
// to sign with what is no good secret.
func shared(secret []byte, kid string, token string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode(fmt.Appendf(nil, `{"alg":"HS256","typ":"JWT","kid":%q}`, kid)) + "." + strings.Split(token, ".")[1]
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// TestClock shows what a clock that is wrong by an hour does: tokens are refused, in either
// direction, and the log says that it may be the clock.
func TestClock(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good := signs(jose.RS256, rsaKey(), "rsa")
				p := newProvider(good)
				clock := ahead
				v, log := newVerifier(t, p, func(o *Options) { o.Now = func() time.Time { return time.Now().Add(clock) } })
				token := good.sign(nil)
				want := auth.NotYetValid
				if ahead > 0 {
					want = auth.Expired
				}
				expect(t, v, token, want)
				_, err := v.Verify(context.Background(), token)
				if !strings.Contains(err.Error(), "clock") {
					t.Errorf("the error does not mention the clock: %v", err)
				}
				if got := log.count("clock differs from the token issuer's"); got != 1 {
					t.Errorf("the log mentions the clock %d times, want once", got)
				}
				clock = 0 // set right, without a restart
				expect(t, v, token, "")
			})
		})
	}
}

// TestExpiresWhileRemembered shows that a token whose signature was found good is refused all
// the same when its time is over.
func TestExpiresWhileRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := signs(jose.RS256, rsaKey(), "rsa")
		v, _ := newVerifier(t, newProvider(good))
		token := good.sign(nil)
		principal := expect(t, v, token, "")
		if want := time.Now().Add(5*time.Minute + testLeeway); !principal.Expires.Equal(want.Truncate(time.Second)) {
			t.Errorf("expires %v, want %v", principal.Expires, want)
		}
		time.Sleep(time.Until(principal.Expires) - time.Nanosecond)
		expect(t, v, token, "")
		time.Sleep(time.Nanosecond)
		expect(t, v, token, auth.Expired)
	})
}

func BenchmarkVerify(b *testing.B) {
	good := signs(jose.RS256, rsaKey(), "rsa")
	v, _ := newVerifier(b, newProvider(good))
	token := good.sign(map[string]any{"exp": time.Now().Add(time.Hour).Unix()})
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.Verify(context.Background(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			if _, err := v.check(context.Background(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
