package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/internal/reread"
	"github.com/bosgraph/bosgraph/internal/transport"
)

// certificate is the one that the server shows: that of the files, as they were last when they
// were good.
type certificate struct {
	cert, key string // paths
	files     *reread.Files
	current   atomic.Pointer[tls.Certificate]
	log       *slog.Logger
}

// openCertificate reads it.
func openCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, files: reread.New(cert, key), log: log}
	return c, c.read()
}

func (c *certificate) read() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("--tls-cert-file, --tls-key-file: %w", err)
	}
	c.current.Store(&pair)
	return nil
}

// certificateEvery is how often the files are looked at; a change takes effect within two of it.
const certificateEvery = time.Second

// follow reads the files again when they change, until ctx is done.
func (c *certificate) follow(ctx context.Context) {
	c.files.Follow(ctx, certificateEvery, func() {
		if err := c.read(); err != nil {
			c.log.Error("certificate unusable; the earlier one stays in use", "error", err)
			return
		}
		c.log.Info("certificate read again", "until", c.current.Load().Leaf.NotAfter)
	})
}

// config is what is spoken: TLS 1.2 and later with Go's choice of ciphers. WebSockets need
// HTTP/1.1, which browsers ask for then.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// secure puts TLS on a listener, if the server has a certificate.
func (a *App) secure(l net.Listener) net.Listener {
	if a.tls == nil {
		return l
	}
	return transport.Secure(l, a.tls)
}
