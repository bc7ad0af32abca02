package client

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"
	"unicode"
)

// Trusting returns a configuration that trusts the certificate authorities of a PEM file
// instead of the system's.
func Trusting(file string) (*tls.Config, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	// An empty pool would trust nobody, and fail later with a message that does not name the
	// file.
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: there is no certificate in it", file)
	}
	return &tls.Config{RootCAs: pool}, nil
}

// Authorize gives a request the bearer token in a file. It is read again for each request:
// tokens are renewed while we watch.
func Authorize(r *http.Request, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	token := strings.TrimSpace(string(content))
	// Such a header could not be sent, and its error would pass for one of the network.
	if token == "" || strings.ContainsFunc(token, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }) {
		return fmt.Errorf("%s: this is not one token: it has to hold the token alone, the first line that \"bosgraph token\" prints", file)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return nil
}
