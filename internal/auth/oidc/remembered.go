package oidc

import (
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// verified is what is known of a token whose signature is good.
type verified struct {
	principal auth.Principal
	claims    jwt.Claims
	set       *keySet
	keys      *keys // that it was verified with
}

// A generation of remembered tokens has at most so many, and so many bytes of text. There are two: as
// many are remembered at least, twice as many at most.
const (
	generation      = 4096
	generationBytes = 8 << 20
)

// remembered keeps verified tokens, so that a client that sends the same one with every
// request costs a look-up and not a signature: a hundredth (BenchmarkVerify). Its zero
// value is ready. Tokens that are not good are not remembered: who sends many of them could
// push the good ones out.
//
// They are kept by their text. A digest would be a tenth of the memory, but takes longer than all
// the rest that a request pays for access control.
type remembered struct {
	mu         sync.Mutex
	young, old map[string]verified
	bytes      int // of text in young
}

// find returns a token that was verified with the keys that its provider has now. Once these
// change, every token is verified again: the key may have been withdrawn.
func (r *remembered) find(token string) (verified, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.young[token]
	if !ok {
		if found, ok = r.old[token]; ok {
			r.put(token, found)
		}
	}
	if ok && found.keys != found.set.current.Load() {
		return verified{}, false
	}
	return found, ok
}

func (r *remembered) add(token string, v verified) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(token, v)
}

func (r *remembered) put(token string, v verified) {
	if r.young == nil || len(r.young) >= generation || r.bytes+len(token) > generationBytes {
		r.young, r.old, r.bytes = map[string]verified{}, r.young, 0
	}
	if _, known := r.young[token]; !known {
		r.bytes += len(token)
	}
	// A copy: the text may be a part of a longer one, a header or a message, which would be kept whole.
	r.young[strings.Clone(token)] = v
}
