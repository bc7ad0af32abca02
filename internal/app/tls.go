package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/bos"
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

// expiryNotice is how long before its end a certificate is reported.
const expiryNotice = 14 * 24 * time.Hour

func (c *certificate) until() time.Time { return c.current.Load().Leaf.NotAfter }

// warn logs an end that is near or past. Such a certificate is used all the same: clients that ignore its end are better
// served by it than by none.
func (c *certificate) warn() {
	if time.Until(c.until()) < expiryNotice {
		c.log.Warn("certificate has expired or expires within 14 days", "until", c.until())
	}
}

// finding is what a check says of it.
func (c *certificate) finding() bos.Finding {
	f := bos.Finding{Subject: "certificate", Level: bos.Fine, Text: "it is valid until " + c.until().Format(time.RFC3339)}
	switch left := time.Until(c.until()); {
	case left <= 0:
		f.Level, f.Text = bos.Failure, "it expired at "+c.until().Format(time.RFC3339)
	case left < expiryNotice:
		f.Level = bos.Warning
	default:
		return f
	}
	f.Fix = "renew --tls-cert-file"
	return f
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
		c.log.Info("certificate read again", "until", c.until())
		c.warn()
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
