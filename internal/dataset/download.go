package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Limits of a download.
const (
	maxDownload     = 64 << 20 // bytes; the largest published file has 26 million
	downloadTimeout = 10 * time.Minute
	connectTimeout  = 15 * time.Second
	answerTimeout   = 30 * time.Second
)

// downloads is the client of all downloads. It obeys the usual proxy variables.
var downloads = &http.Client{
	Timeout: downloadTimeout,
	Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: answerTimeout,
	},
}

// Downloader is a Source that can download. Whoever fetches anything does it by get, the
// only function of the package that reaches a network, and implements this.
type Downloader interface {
	Source
	// Offline is the source without downloads: where data is not at hand, Open fails
	// with a [NotFoundError].
	Offline() Source
}

// Offline implements [Downloader].
func (s *idxSource) Offline() Source {
	offline := *s
	offline.fetch = false
	return &offline
}

// offlineKey marks a context in which nothing is downloaded, whatever the source.
type offlineKey struct{}

// errOffline says that a source which should not download tried to.
var errOffline = errors.New("downloads are not allowed here, and this dataset does not say where it looked for its data")

// offline is the source without downloads, and a context in which get refuses: so that
// nothing is downloaded by a source which can, and is no [Downloader].
func offline(ctx context.Context, s Source) (context.Context, Source) {
	if d, is := s.(Downloader); is {
		s = d.Offline()
	}
	return context.WithValue(ctx, offlineKey{}, true), s
}

// download fetches the files that p lacks, each written whole or not at all,
// and returns the paths of all four. What is there already must be the published
// files too: parts of different datasets are never mixed.
func (s *idxSource) download(ctx context.Context, p place) ([4]string, error) {
	if p.foreign != "" {
		return p.paths, &Error{s.name, fmt.Errorf("%s: give another data folder", p)}
	}
	for i, file := range s.files {
		var err error
		if p.paths[i] != "" {
			err = file.verify(p.paths[i])
		} else {
			p.paths[i] = filepath.Join(p.folder, file.name+".gz")
			err = file.download(ctx, s.mirrors, p.paths[i])
		}
		if ctx.Err() != nil { // of which a missing network is not the cause
			return p.paths, ctx.Err()
		}
		if err != nil {
			return p.paths, &Error{s.name, fmt.Errorf("%w\nWithout a network, put the files %s into %s", err,
				strings.Join(s.names(), ", "), p.folder)}
		}
	}
	return p.paths, nil
}

// verify reports a file that is not the published one.
func (f publishedFile) verify(path string) error {
	digest, err := unpackedSHA256(path)
	if err == nil && digest != f.sha256 {
		err = fmt.Errorf("its content has SHA-256 %s, the published file has %s: remove it or complete its folder by hand", digest, f.sha256)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// download tries the mirrors in turn and writes the first answer whose content
// has the right digest to path.
func (f publishedFile) download(ctx context.Context, mirrors []string, path string) error {
	var errs []error
	for _, mirror := range mirrors {
		address := mirror + f.name + ".gz"
		slog.InfoContext(ctx, "download", "from", address, "to", path)
		body, err := get(ctx, address)
		if err == nil {
			err = f.check(body)
		}
		if err == nil {
			return write(path, body)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		errs = append(errs, fmt.Errorf("%s: %w", address, err))
	}
	return fmt.Errorf("cannot download %s: %w", f.name, errors.Join(errs...))
}

// write writes a file and makes its folder, which is not there before the first
// download has succeeded.
func write(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return fileio.WriteBytes(path, body)
}

func (f publishedFile) check(body []byte) error {
	digest, err := unpackedDigest(bytes.NewReader(body))
	if err == nil && digest != f.sha256 {
		err = fmt.Errorf("its content has SHA-256 %s, want %s", digest, f.sha256)
	}
	return err
}

// get returns the body at address.
func get(ctx context.Context, address string) ([]byte, error) {
	if ctx.Value(offlineKey{}) != nil {
		return nil, errOffline
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := downloads.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDownload+1))
	if err == nil && len(body) > maxDownload {
		err = fmt.Errorf("more than %d bytes", maxDownload)
	}
	return body, err
}
