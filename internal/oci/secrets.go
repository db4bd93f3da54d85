package oci

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// secrets are what must be in no message, wherever it comes back from: a registry may answer
// with the header that it was sent.
type secrets struct {
	mu    sync.Mutex
	known []string // the longest first, since one may be part of another
}

// add enters secrets in the forms that they are sent in.
func (s *secrets) add(all ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range all {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if form != "" && !slices.Contains(s.known, form) {
				s.known = append(s.known, form)
			}
		}
	}
	slices.SortStableFunc(s.known, func(a, b string) int { return len(b) - len(a) })
}

// addHeader enters what a header Authorization has.
func (s *secrets) addHeader(authorization string) {
	scheme, value, _ := strings.Cut(authorization, " ")
	s.add(value)
	if !strings.EqualFold(scheme, "Basic") {
		return
	}
	if pair, err := base64.StdEncoding.DecodeString(value); err == nil {
		_, password, _ := strings.Cut(string(pair), ":")
		s.add(string(pair), password)
	}
}

// hide replaces all of them.
func (s *secrets) hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.known {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// guard sends requests for a registry. It learns the secrets that they carry, sends none in
// the clear to another host than this machine, and none that is for the registry elsewhere:
// registries say where an upload goes on, and where tokens are given out.
type guard struct {
	http.RoundTripper
	host    string // of the registry
	plain   bool   // it has no TLS
	secrets *secrets
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !(g.plain && isLoopback(r.URL.Host)) {
		if r.Body != nil {
			return nil, errors.Join(errInClear, r.Body.Close())
		}
		return nil, errInClear
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return g.RoundTripper.RoundTrip(r)
	}
	g.secrets.addHeader(header)
	scheme, _, _ := strings.Cut(header, " ")
	asksForToken := r.Method == http.MethodGet && strings.EqualFold(scheme, "Basic") // where the registry says that it is to be got
	if !asksForToken && hostname(r.URL.Host) != hostname(g.host) {
		r = r.Clone(r.Context())
		r.Header.Del("Authorization")
	}
	return g.RoundTripper.RoundTrip(r)
}

// errInClear does not pass.
var errInClear = errors.New("the registry sends to an address without TLS, where everybody could read the credentials: nothing was sent there")

// hostname is a host without its port.
func hostname(host string) string { return (&url.URL{Host: host}).Hostname() }
