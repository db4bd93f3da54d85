package serve

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
)

// Options are how a server listens, and what it bears.
type Options struct {
	Listen      string // "127.0.0.1:8000"; port 0 is a free one
	MetricsPort int    // a second port of the same address, for metrics alone; -1: none, 0: a free one
	Token       string // that requests must have; "": none

	Workers     int   // goroutines that compute
	Body        int64 // bytes of a request, packed and unpacked
	Pixels      int   // of an image file
	Requests    int   // requests for results at a time
	Connections int   // connections at a time

	Header  time.Duration // for the header of a request to come
	Receive time.Duration // for the whole of a request to come
	Answer  time.Duration // for a complete request to be answered, and for its answer to be taken
	Idle    time.Duration // that a connection may be unused
	Drain   time.Duration // for requests to be answered after the end was asked for

	Log *logging.Log
}

// DefaultOptions are those of a server that only this machine reaches.
func DefaultOptions() Options {
	return Options{
		Listen: "127.0.0.1:8000", MetricsPort: -1, Body: 64 << 20, Pixels: 50_000_000, Requests: 64, Connections: 1024,
		Header: 10 * time.Second, Receive: 30 * time.Second, Answer: 30 * time.Second, Idle: 2 * time.Minute, Drain: 30 * time.Second,
	}
}

// leastToken is the length of a token that nobody guesses.
const leastToken = 16

// ReadToken reads the token in a file: its first line, without the end of the line.
func ReadToken(file string) (string, error) {
	const most = 4096
	b, err := fileio.ReadFile(file, most)
	if err != nil {
		return "", config.Usagef("--token-file: %w", err)
	}
	token := strings.TrimRight(string(b), "\r\n")
	if len(token) < leastToken || len(token) > most || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", config.Usagef("--token-file %s: want one line of %d to %d printable ASCII characters without spaces, such as openssl rand -hex 32 writes", file, leastToken, most)
	}
	return token, nil
}

// check refuses an address that others can reach without a token.
func (o *Options) check() error {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return config.Usagef("--listen %q: want an address and a port, such as 127.0.0.1:8000: %w", o.Listen, err)
	}
	if o.Token == "" && !isLoopback(host) {
		return config.Usagef("--listen %s can be reached by other machines: give a token that clients must have, by --token-file, or listen on 127.0.0.1", o.Listen)
	}
	return nil
}

// isLoopback says whether only this machine reaches an address. A name is resolved by
// whoever sets it, so that of names only localhost is taken.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (o *Options) tooLarge(bytes int64) error {
	return &failure{statusTooLarge, fmt.Sprintf("the request body has more bytes than this server takes: %d, and the limit is %d (--max-body-mb)", bytes, o.Body)}
}
