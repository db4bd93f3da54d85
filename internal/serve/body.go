package serve

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/serve/bounds"
)

const statusTooLarge = http.StatusRequestEntityTooLarge

// bodies is how many bodies of the largest size may be held at a time.
const bodies = 4

// full is the answer where there is no room for a request now.
func full(what string) error { return &failure{http.StatusServiceUnavailable, what} }

// readBody reads a body as it was before it was packed. Memory is taken as bytes come, so
// that a length which is only claimed costs nothing.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, held *bounds.Holding) ([]byte, error) {
	if r.ContentLength > s.options.Body {
		w.Header().Set("Connection", "close")
		return nil, s.options.tooLarge(r.ContentLength)
	}
	packed, err := s.readAll(r.Body, held, max(r.ContentLength, 0))
	if err != nil {
		if failed := (*failure)(nil); !errors.As(err, &failed) {
			err = unreadBody(err)
		}
		w.Header().Set("Connection", "close")
		return nil, err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // the request has come; a connection without deadlines has none to take back
	return s.unpack(packed, r.Header.Get("Content-Encoding"), held)
}

// unreadBody says why a body did not come.
func unreadBody(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &failure{http.StatusRequestTimeout, "the request body did not come in time"}
	}
	return invalid("the request body cannot be read: %v", err)
}

// unpack undoes the encoding of a body.
func (s *Server) unpack(packed []byte, encoding string, held *bounds.Holding) ([]byte, error) {
	var from io.Reader
	var err error
	switch strings.ToLower(encoding) {
	case "", "identity":
		return packed, nil
	case "gzip":
		from, err = gzip.NewReader(bytes.NewReader(packed))
	case "deflate":
		from, err = zlib.NewReader(bytes.NewReader(packed))
	default:
		return nil, errEncoding
	}
	if err == nil {
		packed, err = s.readAll(from, held, 0)
	}
	if failed := (*failure)(nil); err != nil && !errors.As(err, &failed) {
		err = invalid("the request body is not %s, as its Content-Encoding says: %v", encoding, err)
	}
	return packed, err
}

var errEncoding = &failure{http.StatusNotImplemented, "Unsupported compression type"}

// readAll reads to the end, at most as many bytes as a body may have. About so many are
// expected.
func (s *Server) readAll(r io.Reader, held *bounds.Holding, expected int64) ([]byte, error) {
	const first = 64 << 10
	size := min(expected+1, first)
	if expected == 0 {
		size = bytes.MinRead
	}
	var b []byte
	for {
		if !held.Take(size) {
			return nil, full("this server holds as many bytes of requests as it may: ask again")
		}
		b = append(make([]byte, 0, int64(len(b))+size), b...)
		for len(b) < cap(b) {
			n, err := r.Read(b[len(b):cap(b)])
			b = b[:len(b)+n]
			switch {
			case int64(len(b)) > s.options.Body:
				return nil, s.options.tooLarge(int64(len(b)))
			case errors.Is(err, io.EOF):
				return b, nil
			case err != nil:
				return nil, err
			}
		}
		size = min(int64(len(b)), max(expected+1-int64(len(b)), first))
	}
}

// headerLength is the header that says how many bytes of a body are JSON.
const headerLength = "Inference-Header-Content-Length"

// split parts a body into JSON and what follows; raw is one that has no JSON.
func split(header http.Header, body []byte) (text, binary []byte, raw bool, err error) {
	given := header.Get(headerLength)
	if given == "" {
		return body, nil, len(body) == 0, nil
	}
	n, err := strconv.Atoi(given)
	if errors.Is(err, strconv.ErrSyntax) {
		return nil, nil, false, invalid("%s: want a number of bytes, got %q", headerLength, given)
	}
	if err != nil || n < 0 || n > len(body) {
		return nil, nil, false, invalid("inference header size should be in range (0, %d), got: %s", len(body), given)
	}
	return body[:n], body[n:], n == 0, nil
}

// packs says which of Triton's ways to pack an answer a client takes: "gzip", "deflate" or "".
func packs(header http.Header) string {
	accepted := header.Get("Accept-Encoding")
	for _, way := range []string{"gzip", "deflate"} {
		if strings.Contains(accepted, way) && !strings.Contains(accepted, way+";q=0") {
			return way
		}
	}
	return ""
}

// pack packs an answer.
func pack(way string, text []byte) ([]byte, error) {
	var b bytes.Buffer
	var to io.WriteCloser = zlib.NewWriter(&b)
	if way == "gzip" {
		to = gzip.NewWriter(&b)
	}
	if _, err := to.Write(text); err != nil {
		return nil, fmt.Errorf("cannot pack the answer: %w", err)
	}
	err := to.Close()
	return b.Bytes(), err
}
