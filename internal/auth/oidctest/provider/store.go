package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// users are those that may log in. The password of each is "password".
type users struct{}

// claims are what tokens say of a user.
func claims(id string) map[string]any {
	client := func(roles ...string) map[string]any {
		return map[string]any{"resource_access": map[string]any{"shasta": map[string]any{"roles": roles}}, "groups": []string{}}
	}
	switch id {
	case "root":
		return client("admin")
	case "vera":
		return client("bosgraph-viewer")
	case "tina":
		c := client("tenant-admin")
		c["groups"] = []string{"vcluster-red-tenant-admin", "staff"}
		return c
	default: // otto, who has no role
		return client()
	}
}

func (users) GetUserByID(id string) *storage.User {
	switch id {
	case "root", "vera", "tina", "otto":
		return &storage.User{ID: id, Username: id, Password: "password", FirstName: id, LastName: "Test"}
	default:
		return nil
	}
}

func (u users) GetUserByUsername(name string) *storage.User { return u.GetUserByID(name) }

func (users) ExampleClientID() string { return "service" }

// store is the example's storage with keys that change, access tokens that are JWTs, and the
// users' claims in them.
type store struct {
	*storage.Storage
	lifetime time.Duration

	mu   sync.Mutex
	keys []key // the first signs
	made int
}

type key struct {
	id      string
	private *rsa.PrivateKey
}

func (k key) ID() string                                  { return k.id }
func (k key) Key() any                                    { return k.private }
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

// published is the public part of a key.
type published struct{ key }

func (published) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (published) Use() string                        { return "sig" }
func (p published) Key() any                         { return &p.private.PublicKey }

// rotate signs with a new key from now on. The earlier ones stay published.
func (s *store) rotate() {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	// In front, and the others stay: tokens that were signed before are still good, as with
	// providers.
	s.keys = append([]key{{fmt.Sprintf("key-%d", s.made), private}}, s.keys...)
}

// retire publishes only the key that signs.
func (s *store) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = s.keys[:1]
}

func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[0], nil
}

func (s *store) KeySet(context.Context) ([]op.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []op.Key
	for _, k := range s.keys {
		all = append(all, published{k})
	}
	return all, nil
}

// jwtClient gets JWTs, and may be anywhere on this machine.
type jwtClient struct{ op.Client }

func (jwtClient) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeJWT }
func (jwtClient) DevMode() bool                       { return true }

func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return jwtClient{c}, nil
}

func (s *store) CreateAccessToken(ctx context.Context, request op.TokenRequest) (string, time.Time, error) {
	id, _, err := s.Storage.CreateAccessToken(ctx, request)
	return id, time.Now().Add(s.lifetime), err
}

func (s *store) GetPrivateClaimsFromScopes(_ context.Context, user, _ string, _ []string) (map[string]any, error) {
	c := claims(user)
	c["preferred_username"] = user
	return c, nil
}

func (s *store) SetUserinfoFromRequest(ctx context.Context, info *oidc.UserInfo, token op.IDTokenRequest, scopes []string) error {
	if err := s.Storage.SetUserinfoFromRequest(ctx, info, token, scopes); err != nil {
		return err
	}
	for name, value := range claims(token.GetSubject()) {
		info.AppendClaims(name, value)
	}
	return nil
}
