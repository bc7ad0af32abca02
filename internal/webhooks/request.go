package webhooks

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// result is what became of a request.
type result struct {
	accepted bool
	gone     bool          // the target wants no more requests
	reason   string        // why it was not accepted, without the address, which may hold a secret
	asked    time.Duration // how long the target asks to wait; 0 for nothing
}

// newClient makes a client that follows no redirect: a target is what the file says, and nothing that
// an answer says.
func newClient(roots *tls.Config) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: roots, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxHeaderBytes,
			MaxIdleConnsPerHost: connectionsIdle, IdleConnTimeout: connectionsIdleIn,
		},
	}
}

// send sends one request. All of it, with the answer, may take as long as the target's timeout.
func (t *Target) send(ctx context.Context, id string, body []byte) result {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return result{reason: "the address can't be used"} // it was checked
	}
	now := time.Now() // as receivers compare it with theirs
	h := request.Header
	h.Set("Content-Type", cloudEventsType)
	if t.body != nil {
		h.Set("Content-Type", plainType)
	}
	h.Set("User-Agent", defaultUserAgent)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	if len(t.secrets) > 0 {
		h.Set("webhook-signature", sign(t.secrets, id, now, body))
	}
	answer, err := t.client.Do(request)
	if err != nil {
		return result{reason: t.unanswered(err)}
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswerBytes)) // what it says does not matter
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return result{accepted: true}
	case code == http.StatusGone:
		return result{gone: true, reason: "it answered 410 Gone"}
	case code >= 300 && code < 400:
		return result{reason: fmt.Sprintf("it answered %d, and redirects are not followed: configure the address that it leads to", code)}
	default:
		return result{reason: fmt.Sprintf("it answered %d %s", code, http.StatusText(code)), asked: retryAfter(answer.Header, now)}
	}
}

// unanswered says why there was no answer.
func (t *Target) unanswered(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("it did not answer within %v", t.timeout)
	}
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		err = outer.Err // the outer one has the address
	}
	return clip(err.Error())
}

// retryAfter reads how long an answer asks to wait, in seconds or until a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
