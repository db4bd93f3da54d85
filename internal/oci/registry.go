package oci

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
)

// Options say where to publish, and how.
type Options struct {
	Reference string // HOST/NAME:TAG
	PlainHTTP bool   // only on loopback
	// Username and Password go to the registry of Reference alone. Without a password, the
	// configuration of Docker says what to use.
	Username, Password string
	Locks              string // folder for locks, by which publications of this user wait for each other
	Wait               time.Duration
	Log                func(message string)

	pulling bool // credentials are those of Docker's configuration alone
	secrets *secrets
}

// attempts is how often something is tried that a registry failed at, and firstWait how
// long to wait before the second time; then twice as long each time.
const (
	attempts  = 5
	firstWait = 500 * time.Millisecond
	// answerTimeout is how long a registry may take to answer a request once it has it.
	answerTimeout = 2 * time.Minute
)

// ParseReference reads HOST/NAME:TAG.
func ParseReference(reference string) (registry.Reference, error) {
	parsed, err := registry.ParseReference(reference)
	switch {
	case err != nil:
		return parsed, config.Usagef("%q is not the name of an image: want HOST/NAME:TAG, such as ghcr.io/acme/digits:1.0.0", reference)
	case parsed.Reference == "" || strings.Contains(reference, "@") || parsed.ValidateReferenceAsTag() != nil:
		return parsed, config.Usagef("%q has no tag: want HOST/NAME:TAG, such as ghcr.io/acme/digits:1.0.0", reference)
	}
	return parsed, nil
}

// isLoopback says whether a registry is on this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// repository is the repository of the reference.
func (o Options) repository() (*remote.Repository, error) {
	reference, err := ParseReference(o.Reference)
	if err != nil {
		return nil, err
	}
	return o.client(reference)
}

// client asks the registry of a reference.
func (o Options) client(reference registry.Reference) (*remote.Repository, error) {
	if o.PlainHTTP && !isLoopback(reference.Host()) {
		return nil, config.Usagef("HTTP without TLS is for registries on this machine, and %s is none: publish by HTTPS", reference.Host())
	}
	credential, err := o.credential(reference.Host())
	if err != nil {
		return nil, err
	}
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the HTTP transport of this process was replaced")
	}
	transport = transport.Clone()
	transport.ResponseHeaderTimeout = answerTimeout
	guarded := &guard{transport, reference.Host(), o.PlainHTTP, o.secrets}
	client := &auth.Client{Client: &http.Client{Transport: guarded}, Cache: auth.NewCache(), Credential: credential}
	client.SetUserAgent(buildinfo.Program())
	return &remote.Repository{Client: client, Reference: reference, PlainHTTP: o.PlainHTTP, SkipReferrersGC: true}, nil
}

// credential finds what to show to the registry at host, and to no other.
func (o Options) credential(host string) (auth.CredentialFunc, error) {
	if o.Password != "" {
		return auth.StaticCredential(host, auth.Credential{Username: o.Username, Password: o.Password}), nil
	}
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration of Docker, which has credentials of registries: %w", err)
	}
	from := credentials.Credential(store)
	return func(ctx context.Context, asking string) (auth.Credential, error) {
		if asking != host {
			return auth.EmptyCredential, nil
		}
		found, err := from(ctx, asking)
		if err != nil {
			// The helper of a store may have printed anything.
			return found, &credentialError{fmt.Errorf("cannot get the credentials for %s from the configuration of Docker: run 'docker login %s' again", asking, asking)}
		}
		o.secrets.add(found.Password, found.RefreshToken, found.AccessToken)
		return found, nil
	}, nil
}

type credentialError struct{ error }

// try does something until it succeeds, the registry refuses it, or it has failed often
// enough.
func (o Options) try(ctx context.Context, what string, do func() error) error {
	wait := o.Wait
	if wait == 0 {
		wait = firstWait
	}
	for attempt := 1; ; attempt++ {
		err := do()
		if err == nil {
			return nil
		}
		var taken *takenError
		var different *differs
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &taken), errors.As(err, &different):
			return err
		}
		if !passes(err) || attempt == attempts {
			return o.explain(what, attempt, err)
		}
		if o.Log != nil {
			o.Log(fmt.Sprintf("%s failed, and is tried again: %s", what, o.redact(err)))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		wait *= 2
	}
}

// passes says whether a failure may be over after a while.
func passes(err error) bool {
	var answer *errcode.ErrorResponse
	var network net.Error
	var credential *credentialError
	switch {
	case errors.As(err, &credential), errors.Is(err, errInClear), errors.Is(err, http.ErrSchemeMismatch):
		return false
	case errors.As(err, &answer):
		return answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout
	}
	return errors.As(err, &network) || strings.Contains(err.Error(), "EOF")
}

// explain says what to do about a failure.
func (o Options) explain(what string, attempt int, err error) error {
	status := 0
	var answer *errcode.ErrorResponse
	if errors.As(err, &answer) {
		status = answer.StatusCode
	}
	remedy := ""
	switch {
	case errors.Is(err, auth.ErrBasicCredentialNotFound), status == http.StatusUnauthorized, status == http.StatusForbidden:
		host, _, _ := strings.Cut(o.Reference, "/")
		remedy = fmt.Sprintf(": the credentials are missing, have expired, or do not allow it: run 'docker login %s' again", host)
		if !o.pulling {
			remedy += fmt.Sprintf(", or set %s and %s", UsernameVariable, PasswordVariable)
		}
	case errors.Is(err, http.ErrSchemeMismatch):
		remedy = ": the registry has no TLS, which it needs"
		if !o.pulling {
			remedy = ": the registry has no TLS: give --plain-http if it is on this machine, else one that has TLS"
		}
	case status == http.StatusMethodNotAllowed:
		remedy = ": the registry is read-only"
	case status == http.StatusRequestEntityTooLarge, status == http.StatusInsufficientStorage:
		remedy = ": the registry has no room for it"
	}
	if attempt > 1 {
		what += fmt.Sprintf(" failed %d times", attempt)
	} else {
		what += " failed"
	}
	// It does not wrap the error, whose text may show a secret.
	return fmt.Errorf("%s: %s%s", what, o.redact(err), remedy)
}

// The environment variables with credentials.
const (
	UsernameVariable = "REGISTRY_USERNAME"
	PasswordVariable = "REGISTRY_PASSWORD"
)

// query is that of an address, in which registries put tokens, and a user before the host.
var query = regexp.MustCompile(`\?[^\s"']*|://[^\s"'/@]*@`)

// redact is the text of an error without secrets.
func (o Options) redact(err error) string {
	text := o.secrets.hide(err.Error())
	return query.ReplaceAllStringFunc(text, func(found string) string {
		if found[0] == '?' {
			return "?***"
		}
		return "://***@"
	})
}
