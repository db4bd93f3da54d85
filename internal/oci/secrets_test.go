package oci

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TestSecretsSentBack publishes to a registry that answers with what it was sent. Nothing of it
// may be shown, whichever way the credentials came.
func TestSecretsSentBack(t *testing.T) {
	const password, token = "s3cret/pass+word", "t0ken-of-the-test"
	pair := base64.StdEncoding.EncodeToString([]byte("ada:" + password))
	for name, c := range map[string]struct {
		docker, challenge string
		status            int
	}{
		"by the environment":    {"", `Basic realm="x"`, http.StatusBadRequest},
		"by Docker":             {`{"auths":{"HOST":{"auth":"` + pair + `"}}}`, `Basic realm="x"`, http.StatusBadRequest},
		"refused in the end":    {"", `Basic realm="x"`, http.StatusForbidden},
		"tried again":           {"", `Basic realm="x"`, http.StatusBadGateway},
		"with a token":          {"", `Bearer realm="http://HOST/token",service="x"`, http.StatusBadRequest},
		"with a token, refused": {"", `Bearer realm="http://HOST/token",service="x"`, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				header := r.Header.Get("Authorization")
				switch {
				case r.URL.Path == "/token" && header != "":
					fmt.Fprintf(w, `{"token":%q}`, token)
					return
				case header == "" || strings.HasPrefix(c.challenge, "Bearer") && !strings.HasPrefix(header, "Bearer"):
					w.Header().Set("WWW-Authenticate", strings.ReplaceAll(c.challenge, "HOST", r.Host))
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				said, _ := json.Marshal(strings.Join([]string{header, pair, "ada:" + password, url.QueryEscape(password)}, " and "))
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `{"errors":[{"code":"DENIED","message":%s}]}`, said)
			}))
			t.Cleanup(server.Close)
			host := strings.TrimPrefix(server.URL, "http://")
			t.Setenv("DOCKER_CONFIG", t.TempDir())
			var log strings.Builder
			o := Options{Reference: host + "/acme/digits:1.0.0", PlainHTTP: true, Wait: time.Millisecond, Log: func(message string) { log.WriteString(message) }}
			if c.docker == "" {
				o.Username, o.Password = "ada", password
			} else if err := fileio.WriteBytes(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(strings.ReplaceAll(c.docker, "HOST", host))); err != nil {
				t.Fatal(err)
			}
			_, err := Push(t.Context(), releaseForTest(t, "weights"), o)
			if err == nil {
				t.Fatal("it was published")
			}
			said := log.String() + err.Error()
			for _, secret := range []string{password, url.QueryEscape(password), pair, token} {
				if strings.Contains(said, secret) {
					t.Errorf("%q is shown: %s", secret, said)
				}
			}
		})
	}
}

// recorder is what a request is sent to.
type recorder struct{ sent *http.Request }

func (s *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	s.sent = r
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// TestGuard sends credentials to the registry alone, but for a question for a token, and
// nothing in the clear.
func TestGuard(t *testing.T) {
	const basic, bearer = "Basic YWRhOnMzY3JldA==", "Bearer abc"
	for _, c := range []struct {
		method, address, header string
		plain                   bool
		sent                    string // the header; "!": nothing
	}{
		{"PUT", "https://ghcr.io/v2/a/blobs/x", bearer, false, bearer},
		{"PUT", "https://ghcr.io:443/v2/a/blobs/x", bearer, false, bearer},
		{"PUT", "https://evil.example/x", bearer, false, ""},
		{"PUT", "https://evil.example/x", basic, false, ""},
		{"POST", "https://evil.example/x", basic, false, ""},
		{"GET", "https://auth.example/token", basic, false, basic},
		{"GET", "https://auth.example/token", bearer, false, ""},
		{"GET", "http://auth.example/token", basic, false, "!"},
		{"PUT", "http://ghcr.io/v2/a/blobs/x", bearer, false, "!"},
		{"POST", "http://auth.example/token", "", false, "!"}, // whose body has them
		{"PUT", "http://127.0.0.1:1/x", basic, true, ""},
		{"PUT", "http://example.org/x", "", true, "!"},
	} {
		to := &recorder{}
		g := &guard{to, "ghcr.io", c.plain, &secrets{}}
		r, err := http.NewRequestWithContext(t.Context(), c.method, c.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", c.header)
		_, err = g.RoundTrip(r) //nolint:bodyclose // it has none
		switch {
		case c.sent == "!":
			if !errors.Is(err, errInClear) || to.sent != nil {
				t.Errorf("%+v: error %v", c, err)
			}
		case err != nil || to.sent.Header.Get("Authorization") != c.sent:
			t.Errorf("%+v: error %v, sent %q", c, err, to.sent.Header.Get("Authorization"))
		}
	}
}
