package auth

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// TestCredentials has the ways in which a request says who sends it.
func TestCredentials(t *testing.T) {
	type headers = map[string][]string
	tests := []struct {
		what    string
		headers headers
		want    Credentials
		bad     bool
	}{
		{"nothing", headers{}, Credentials{}, false},
		{"a token", headers{"Authorization": {"Bearer abc.def-_~+/="}}, Credentials{Token: "abc.def-_~+/="}, false},
		{"the scheme in other letters", headers{"Authorization": {"bearer  abc"}}, Credentials{Token: "abc"}, false},
		{"a forwarded token", headers{"X-Forwarded-Access-Token": {"abc"}}, Credentials{Token: "abc"}, false},
		{"both", headers{"Authorization": {"Bearer abc"}, "X-Forwarded-Access-Token": {"def"}}, Credentials{Token: "abc"}, false},
		{"a password and a forwarded token", headers{"Authorization": {"Basic abc"}, "X-Forwarded-Access-Token": {"def"}}, Credentials{Token: "def"}, false},
		{"a tenant", headers{"Authorization": {"Bearer abc"}, "Cray-Tenant-Name": {"red"}}, Credentials{"abc", "red"}, false},
		{"a password", headers{"Authorization": {"Basic abc"}}, Credentials{}, true},
		{"a token without a scheme", headers{"Authorization": {"abc"}}, Credentials{}, true},
		{"two tokens", headers{"Authorization": {"Bearer abc", "Bearer def"}}, Credentials{}, true},
		{"two tokens in one", headers{"Authorization": {"Bearer abc, Bearer def"}}, Credentials{}, true},
		{"two tenants", headers{"Cray-Tenant-Name": {"red", "blue"}}, Credentials{}, true},
		{"a token with a line break", headers{"Authorization": {"Bearer abc\nlevel=ERROR"}}, Credentials{}, true},
		{"a token of other bytes", headers{"X-Forwarded-Access-Token": {"abcé"}}, Credentials{}, true},
		{"a token that is too long", headers{"Authorization": {"Bearer " + strings.Repeat("a", MaxToken+1)}}, Credentials{}, true},
	}
	for _, test := range tests {
		got, err := FromHeader(http.Header(test.headers))
		if (err != nil) != test.bad || !test.bad && got != test.want || test.bad && ReasonOf(err) != Malformed {
			t.Errorf("%s: got %v, %v", test.what, got, err)
		}
	}
}

// TestInit has payloads of connection_init.
func TestInit(t *testing.T) {
	tests := []struct {
		payload string
		want    Credentials
		bad     bool
	}{
		{``, Credentials{}, false},
		{`null`, Credentials{}, false},
		{`{}`, Credentials{}, false},
		{`{"Authorization":"Bearer abc"}`, Credentials{Token: "abc"}, false},
		{`{"authorization":"Bearer abc","cray-tenant-name":"red","other":{"a":1}}`, Credentials{"abc", "red"}, false},
		{`{"x-forwarded-access-token":"abc"}`, Credentials{Token: "abc"}, false},
		{`{"Authorization":"abc"}`, Credentials{}, true},
		{`{"Authorization":["Bearer abc"]}`, Credentials{}, true},
		{`{"Authorization":"Bearer abc","authorization":"Bearer def"}`, Credentials{}, true},
		{`[]`, Credentials{}, true},
		{`"Bearer abc"`, Credentials{}, true},
	}
	for _, test := range tests {
		got, err := FromInit([]byte(test.payload))
		if (err != nil) != test.bad || !test.bad && got != test.want {
			t.Errorf("%s: got %v, %v", test.payload, got, err)
		}
	}
}

// TestPublic shows what clients get: what to do, and nothing of the reason.
func TestPublic(t *testing.T) {
	texts := map[string]bos.Code{}
	for _, reason := range []Reason{Missing, Malformed, Unknown, Expired, NotYetValid, WrongIssuer, WrongAudience, WrongUse, UnknownKey, BadSignature, Unavailable} {
		err := Refuse(reason, "secret detail: %w", errors.New("secret cause"))
		public := err.Public()
		texts[public.Message] = public.Code
		if strings.Contains(public.Message, "secret") || strings.Contains(public.Message, string(reason)) && reason != Missing {
			t.Errorf("%s: the client gets %q", reason, public.Message)
		}
		if ReasonOf(public) != reason || !strings.Contains(err.Error(), "secret cause") {
			t.Errorf("%s: the log gets %v", reason, public.Unwrap())
		}
	}
	if len(texts) != 3 {
		t.Errorf("%d texts, want one for no token, one for no answer, and one for the rest: %q", len(texts), texts)
	}
}

// TestUntil shows how long a connection may last.
func TestUntil(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for expires, want := range map[time.Time]time.Duration{
		{}:                        MaxSession,
		now.Add(5 * time.Minute):  5 * time.Minute,
		now.Add(48 * time.Hour):   MaxSession,
		now.Add(-5 * time.Minute): -5 * time.Minute,
	} {
		if got := (Principal{Expires: expires}).Until(now).Sub(now); got != want {
			t.Errorf("expires %s: %s, want %s", expires, got, want)
		}
	}
}
