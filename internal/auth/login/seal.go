package login

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// seal hides what a browser keeps for the server. A cookie that leaks, with a backup of a
// browser's files or from a proxy's log, then holds no token that other services accept.
type seal struct{ aead cipher.AEAD }

// newSeal makes a seal of a secret of any length; empty for one of its own.
func newSeal(secret []byte) seal {
	if len(secret) == 0 {
		secret = []byte(rand.Text() + rand.Text())
	}
	// Derived and not used as it is: a secret may have any length, and one that is shared with
	// another program gives another key here.
	key, err := hkdf.Key(sha256.New, secret, nil, "bosgraph cookies, AES-256-GCM", 32)
	if err != nil {
		panic(err) // of a wrong length alone
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	// Random, because replicas share the key and could not agree on a counter.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return seal{aead}
}

// close seals something for a purpose. It can be opened for the same purpose only.
func (s seal) close(purpose string, plain []byte) string {
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(purpose)))
}

// open returns what was sealed; false if it was not, for that purpose, with the same secret.
func (s seal) open(purpose, text string) ([]byte, bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	plain, err := s.aead.Open(nil, nil, sealed, []byte(purpose))
	return plain, err == nil
}

// The forms of a packed token.
const (
	formText = iota // as it is
	formJWT         // a JSON Web Token: its signature, then header and payload, compressed
)

// pack makes a token short. What makes tokens of identity providers long is names of roles and
// groups in JSON, which is hard to compress once it is in base64.
func pack(token string) []byte {
	plain := append([]byte{formText}, token...)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return plain
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return plain // packing it would change it
		}
	}
	packed := binary.AppendUvarint([]byte{formJWT}, uint64(len(decoded[2])))
	// The signature is as good as random: compressing it would only make it longer.
	packed = append(packed, decoded[2]...)
	packed = binary.AppendUvarint(packed, uint64(len(decoded[0])))
	to := bytes.NewBuffer(packed)
	w, err := flate.NewWriter(to, flate.BestCompression)
	if err != nil {
		return plain // can't be: the level is known
	}
	_, _ = w.Write(decoded[0]) // to memory: never fails
	_, _ = w.Write(decoded[1])
	_ = w.Close()
	return to.Bytes()
}

var errPacked = errors.New("not a packed token")

// unpack undoes pack. What it is given was sealed here, and is bounded all the same.
func unpack(packed []byte) (string, error) {
	if len(packed) == 0 || packed[0] > formJWT {
		return "", errPacked
	}
	form, rest := packed[0], packed[1:]
	if form == formText {
		return string(rest), nil
	}
	signature, rest, ok := take(rest)
	if !ok {
		return "", errPacked
	}
	size, n := binary.Uvarint(rest)
	if n <= 0 {
		return "", errPacked
	}
	both, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(rest[n:])), auth.MaxToken))
	if err != nil || size > uint64(len(both)) {
		return "", errPacked
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(both[:size]) + "." + encode(both[size:]) + "." + encode(signature), nil
}

// take cuts off a part that has its length in front.
func take(from []byte) (part, rest []byte, ok bool) {
	size, n := binary.Uvarint(from)
	if n <= 0 || size > uint64(len(from)-n) {
		return nil, nil, false
	}
	return from[n : n+int(size)], from[n+int(size):], true
}
