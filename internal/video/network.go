package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
)

// schemes are the kinds of network addresses that are opened.
var schemes = []string{"http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "tcp", "udp"}

// networkProtocols are those that ffmpeg may use for an address. Files are not among them, so
// that a playlist of a server cannot have them read.
const networkProtocols = "http,https,httpproxy,tcp,tls,udp,udplite,rtp,srtp,rtmp,rtmps,rtmpt,rtmpts,srt,crypto"

// networkFormats may be read from an address: playlists of servers too.
var networkFormats = formats + ",hls,applehttp,dash,rtsp,rtp,sdp"

// IsAddress says whether a name is a network address, which [OpenNetwork] opens.
func IsAddress(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && slices.Contains(schemes, strings.ToLower(scheme))
}

// Redacted is an address for messages: without user, password and query, which may hold a key.
func Redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, "://")
		return scheme + "://..."
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// OpenNetwork reads from an address: one that the user has given, never one that stands in a
// file. A connection that fails is opened again up to Options.Retries times; time goes on by
// this machine's clock meanwhile.
func OpenNetwork(ctx context.Context, address string, o Options) (*Reader, error) {
	if !IsAddress(address) {
		return nil, config.Usagef("%s is no network address that is read: want one that begins with %s://", Redacted(address), strings.Join(schemes, "://, "))
	}
	name := Redacted(address)
	in := opening{name: name, live: true, protocols: networkProtocols, clean: cleaner(address, name),
		input: []string{"-format_whitelist", networkFormats, "-i", address}}
	s := &retrying{options: o, name: name, now: time.Now,
		open: func() (source, error) { return newDecoder(ctx, in, o) },
		wait: func(d time.Duration) error { return wait(ctx, d) }}
	return newReader(s, o)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// cleaner takes an address and its secrets out of messages.
func cleaner(address, name string) func(string) string {
	pairs := []string{address, name}
	if u, err := url.Parse(address); err == nil {
		secrets := []string{u.RawQuery}
		if u.User != nil {
			password, _ := u.User.Password()
			raw, _, _ := strings.Cut(strings.TrimPrefix(address, u.Scheme+"://"), "@")
			secrets = append(secrets, raw, u.User.String(), password, u.User.Username())
			_, rawPassword, _ := strings.Cut(raw, ":")
			secrets = append(secrets, rawPassword)
		}
		for _, s := range secrets {
			if s != "" {
				pairs = append(pairs, s, "***")
			}
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// retrying is a source that is opened again when it fails.
type retrying struct {
	options Options
	name    string
	open    func() (source, error)
	wait    func(time.Duration) error
	now     func() time.Time
	current source
	known   Info
	begun   bool
	tries   int
	offset  int64 // added to time stamps
	last    int64
	at      time.Time // when the last frame came
	fresh   bool      // opened, without a frame yet
}

func (s *retrying) info() Info { return s.known }

func (s *retrying) close() {
	if s.current != nil {
		s.current.close()
		s.current = nil
	}
}

// next implements source.
func (s *retrying) next(buf []byte) (stamped, error) {
	for {
		f, err := s.try(buf)
		if err == nil || errors.Is(err, io.EOF) {
			return f, err
		}
		s.close()
		var failed *Error
		if !errors.As(err, &failed) || !failed.again {
			return f, err
		}
		if s.tries == s.options.Retries {
			if s.tries > 0 {
				failed.Text += fmt.Sprintf("; it was opened again %d times, which is the limit", s.tries)
			}
			return f, failed
		}
		s.tries++
		s.options.warn("opening an address again", "address", s.name, "try", s.tries, "limit", s.options.Retries, "why", failed.Text)
		pause := s.options.Pause
		if pause <= 0 {
			pause = time.Second
		}
		if err := s.wait(pause); err != nil {
			return f, err
		}
	}
}

// try reads a frame, from a new connection if there is none.
func (s *retrying) try(buf []byte) (stamped, error) {
	if s.current == nil {
		current, err := s.open()
		if err != nil {
			return stamped{}, err
		}
		s.current, s.fresh = current, true
	}
	f, err := s.current.next(buf)
	if err != nil {
		return f, err
	}
	if s.fresh {
		if err := s.join(f); err != nil {
			return f, err
		}
		s.fresh = false
	}
	f.pts += s.offset
	f.reopened = s.tries
	s.last, s.at = f.pts, s.now()
	return f, nil
}

// join makes the first frame of a connection follow the last of the one before.
func (s *retrying) join(f stamped) error {
	info := s.current.info()
	if !s.begun {
		s.known, s.begun = info, true
		return nil
	}
	if info.Format != s.known.Format || info.TimeBase != s.known.TimeBase {
		return failf(s.name, Changed, "came back as %s and was %s before: start anew", info.Format, s.known.Format)
	}
	s.offset = s.last + max(1, ticks(s.now().Sub(s.at), info.TimeBase)) - f.pts
	return nil
}

// ticks is a duration in units of a time base, rounded down.
func ticks(d time.Duration, base Rational) int64 {
	hi, lo := bits.Mul64(uint64(max(0, d)), uint64(base.Den))
	den := uint64(time.Second) * uint64(max(1, base.Num))
	if hi >= den {
		return 0
	}
	q, _ := bits.Div64(hi, lo, den)
	return int64(q)
}
