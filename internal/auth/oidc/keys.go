package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/bosgraph/bosgraph/internal/auth"
)

const (
	// refreshInterval is how often keys are fetched without a reason, and so how long a key
	// that was withdrawn still works.
	refreshInterval = 5 * time.Minute
	// refreshGap is between two fetches at least, whatever tokens say. It bounds what a client
	// that invents key ids can make this server do to the provider; and for that long, a token
	// may be refused whose key is newer than the last fetch.
	refreshGap = 10 * time.Second
	// minRSA is the size below which RSA keys are not used, in bits (RFC 7518, 3.3).
	minRSA = 2048
)

// keys are those of a provider at one moment. They never change.
type keys struct {
	list []jose.JSONWebKey
}

// keySet follows the keys of a provider. It is safe for concurrent use.
type keySet struct {
	issuer Issuer
	client *http.Client
	now    func() time.Time
	leeway time.Duration
	plain  bool
	log    *slog.Logger

	current atomic.Pointer[keys] // nil before the first fetch that succeeded

	mu      sync.Mutex
	flight  *flight   // the fetch that is under way, nil for none
	last    time.Time // when the last fetch began
	failing error     // of the last fetch; nil if it succeeded
	skewed  bool      // a difference of the clocks was logged
}

// flight is one fetch, for all who wait for it.
type flight struct {
	done chan struct{} // closed when it is over
	err  error         // readable then
}

// verify checks a token's signature, and returns the keys with which it did. Of the header
// only kid and alg count: a token that brings its key along, or says where to fetch it, is
// treated as if it did not.
func (s *keySet) verify(ctx context.Context, token *jose.JSONWebSignature) (*keys, error) {
	header := token.Signatures[0].Protected
	now := s.current.Load()
	tried, err := now.try(token, header)
	if err == nil {
		return now, nil
	}
	// A key id that is known means that the signature is wrong, and asking the provider would
	// not change that. Without an id, the key may be one that is new.
	if tried > 0 && header.KeyID != "" {
		return nil, auth.Refuse(auth.BadSignature, "key %q: %w", header.KeyID, err)
	}
	if err := s.fetchFor(ctx); err != nil {
		return nil, auth.Refuse(auth.Unavailable, "key %q is not among those known, and the issuer's keys cannot be fetched: %w", header.KeyID, err)
	}
	// Only if the fetch has brought others: the same keys would give the same answer.
	if later := s.current.Load(); later != now {
		now = later
		if tried, err = now.try(token, header); err == nil {
			return now, nil
		}
	}
	if tried > 0 {
		return nil, auth.Refuse(auth.BadSignature, "none of %d keys: %w", tried, err)
	}
	return nil, auth.Refuse(auth.UnknownKey, "key %q", header.KeyID)
}

// try verifies a token with each key that it may be signed with, and returns how many those
// were. k may be nil: no keys.
func (k *keys) try(token *jose.JSONWebSignature, header jose.Header) (tried int, err error) {
	err = errNoKey
	for i := range k.count() {
		key := &k.list[i]
		if header.KeyID != "" && key.KeyID != header.KeyID || !fits(key, jose.SignatureAlgorithm(header.Algorithm)) {
			continue
		}
		tried++
		if _, err = token.Verify(key.Key); err == nil {
			return tried, nil
		}
	}
	return tried, err
}

// fits reports whether a key may be used with an algorithm. Each algorithm has one kind of
// key, so a key never serves for what it was not made for.
func fits(key *jose.JSONWebKey, algorithm jose.SignatureAlgorithm) bool {
	if key.Algorithm != "" && key.Algorithm != string(algorithm) || key.Use != "" && key.Use != "sig" {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return algorithm == jose.RS256 && public.N.BitLen() >= minRSA
	case *ecdsa.PublicKey:
		return algorithm == jose.ES256 && public.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return algorithm == jose.EdDSA
	default: // private and symmetric ones, which nobody should publish
		return false
	}
}

// fetchFor fetches the keys because a token needs one that is not known, and waits for it
// unless the last fetch was a moment ago: then it returns how that went.
func (s *keySet) fetchFor(ctx context.Context) error {
	s.mu.Lock()
	if s.flight == nil && s.now().Sub(s.last).Abs() < refreshGap {
		defer s.mu.Unlock()
		return s.failing
	}
	f := s.begin()
	s.mu.Unlock()
	return f.wait(ctx)
}

// refresh fetches the keys, or waits for a fetch that is under way.
func (s *keySet) refresh(ctx context.Context) error {
	s.mu.Lock()
	f := s.begin()
	s.mu.Unlock()
	return f.wait(ctx)
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin begins a fetch, if none is under way. The caller holds the lock. The fetch belongs to
// nobody: it ends by its own deadline, even if all stop waiting.
func (s *keySet) begin() *flight {
	if s.flight != nil {
		return s.flight
	}
	f := &flight{done: make(chan struct{})}
	// Noted when it begins: a provider that takes its time is not asked more often for that.
	s.flight, s.last = f, s.now()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		fetched, date, err := fetchKeys(ctx, s.client, s.issuer, s.plain)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.finish(fetched, date, err)
		f.err = err
		s.flight = nil
		close(f.done)
	}()
	return f
}

// finish takes over what was fetched. Keys stay as they were if that failed: tokens that
// these verify do not depend on the provider. The caller holds the lock.
func (s *keySet) finish(fetched *keys, date time.Time, err error) {
	failed := s.failing != nil
	s.failing = err
	if err != nil {
		if !failed {
			s.log.Error("cannot fetch the token issuer's keys; continuing with those known", "error", err, "keys", s.current.Load().count())
		}
		return
	}
	if !fetched.same(s.current.Load()) { // else tokens would be verified again for nothing
		s.current.Store(fetched)
		s.log.Info("token issuer's keys have changed", "keys", fetched.count())
	}
	if failed {
		s.log.Info("token issuer's keys can be fetched again")
	}
	s.compareClocks(date)
}

// compareClocks warns if this machine's clock and the provider's differ by more than tokens
// may: its tokens are then refused, and nothing else would say why.
func (s *keySet) compareClocks(theirs time.Time) {
	if theirs.IsZero() {
		return
	}
	// The header Date has whole seconds, and the answer took its time.
	ahead := s.now().Sub(theirs).Round(time.Second)
	skewed := ahead.Abs() > s.leeway+fetchTimeout
	if skewed && !s.skewed {
		s.log.Warn("clock differs from the token issuer's; its tokens may be refused", "ahead", ahead)
	}
	s.skewed = skewed
}

func (k *keys) count() int {
	if k == nil {
		return 0
	}
	return len(k.list)
}

// same reports whether both are the same keys under the same names, in the same order.
func (k *keys) same(other *keys) bool {
	if k.count() != other.count() || other == nil {
		return false
	}
	for i := range k.list {
		a, b := &k.list[i], &other.list[i]
		public, ok := a.Key.(interface{ Equal(crypto.PublicKey) bool })
		if !ok || !public.Equal(b.Key) || a.KeyID != b.KeyID || a.Algorithm != b.Algorithm || a.Use != b.Use {
			return false
		}
	}
	return true
}
