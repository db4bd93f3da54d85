package modellock

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/oci"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Limits of what is fetched.
const (
	maxAsset    = 8 << 30 // bytes of a file, and of all files of an archive
	maxEntries  = 2_000_000
	fetchLimit  = time.Hour
	answerLimit = time.Minute
)

// Fetch brings the data of a lock to this machine: files of the repository are where they
// are, at the root, and others are put below a folder, by the names of their datasets. It
// returns the values of --data-dir. A file with another digest than the lock has is
// removed, and nothing of it is unpacked: the error then wraps rundir.ErrDifference.
func (l *Lock) Fetch(ctx context.Context, root, into string) ([]string, error) {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(l.Data)) {
		s, err := ParseSource(l.Data[name])
		if err != nil {
			return nil, fmt.Errorf("data: %s: %w", name, err)
		}
		place := ""
		switch s.Kind {
		case Download:
			place = filepath.Join(into, name)
		case Folder:
			place, err = inside(root, s.Path)
		case Asset:
			place, err = fetch(filepath.Join(into, name), func(folder string) (string, error) { return s.asset(ctx, folder) })
		case Artifact:
			place, err = fetch(filepath.Join(into, name), func(folder string) (string, error) { return s.artifact(ctx, folder) })
		}
		if err != nil {
			return nil, fmt.Errorf("the data of %s: %w", name, err)
		}
		if place != "" {
			words = append(words, name+"="+place)
		}
	}
	return words, nil
}

// inside is the path of a folder or file of the repository. One that a link leads out of
// it is refused.
func inside(root, name string) (string, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return "", err
	}
	defer r.Close()
	if _, err := r.Stat(filepath.FromSlash(name)); err != nil {
		return "", fmt.Errorf("%s is not in the repository: %w", name, err)
	}
	return filepath.Join(root, filepath.FromSlash(name)), nil
}

// fetch makes a folder and fills it. It removes it again where that fails.
func fetch(folder string, fill func(folder string) (place string, err error)) (place string, err error) {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", config.Usagef("%w: want a folder without data that was fetched before", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	return fill(folder)
}

// asset downloads a file into a folder, and unpacks it if it is an archive.
func (s *Source) asset(ctx context.Context, folder string) (place string, err error) {
	file := filepath.Join(folder, s.fileName())
	if err := s.download(ctx, file); err != nil {
		return "", err
	}
	if !isArchive(file) {
		return file, nil
	}
	if err := unpack(ctx, file, folder); err != nil {
		return "", fmt.Errorf("%s: %w", s.URL, err)
	}
	return folder, os.Remove(file)
}

// artifact downloads the files of an artifact into a folder, and unpacks those that are
// archives or were folders. One file or folder alone is the data itself.
func (s *Source) artifact(ctx context.Context, folder string) (place string, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	files, err := oci.Pull(ctx, oci.Options{Reference: s.Reference}, folder, maxAsset)
	if err != nil {
		return "", err
	}
	place = folder
	for _, file := range files {
		if len(files) == 1 && (file.Folder || !isArchive(file.Name)) {
			place = filepath.Join(folder, file.Name)
		}
		if !file.Folder && !isArchive(file.Name) {
			continue
		}
		if err := unpack(ctx, file.Path, folder); err != nil {
			return "", fmt.Errorf("%s of %s: %w", file.Name, s.Reference, err)
		}
		if err := os.Remove(file.Path); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(place); err != nil {
		return "", fmt.Errorf("%s: its archive does not hold the folder that it is named after: %w", s.Reference, err)
	}
	return place, nil
}

// isArchive says whether a file is unpacked by its name.
func isArchive(name string) bool {
	return strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz")
}

// fileName is what the file of an asset is called here: what its address ends with, if that
// is a name on every system.
func (s *Source) fileName() string {
	name := "data"
	if u, err := url.Parse(s.URL); err == nil {
		if base := path.Base(u.Path); filepath.IsLocal(base) && base != "." && !strings.ContainsAny(base, `/\:`) && !strings.ContainsFunc(base, unicode.IsControl) {
			name = base
		}
	}
	return name
}

// stayEncrypted follows an address that a server sends to, unless it has no TLS where the
// first one had.
func stayEncrypted(next *http.Request, before []*http.Request) error {
	const most = 10
	switch {
	case len(before) >= most:
		return fmt.Errorf("more than %d redirections", most)
	case next.URL.Scheme != "https" && before[0].URL.Scheme == "https":
		return fmt.Errorf("it is redirected to %s, which is not https", next.URL.Host)
	}
	return nil
}

// download writes the file, whose digest is compared before anybody reads it.
func (s *Source) download(ctx context.Context, file string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answerLimit
	response, err := (&http.Client{Transport: transport, CheckRedirect: stayEncrypted}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: the server answered %s", s.URL, response.Status)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, digest), io.LimitReader(response.Body, maxAsset+1))
	switch found := hex.EncodeToString(digest.Sum(nil)); {
	case err != nil:
		return fmt.Errorf("%s: %w", s.URL, err)
	case n > maxAsset:
		return fmt.Errorf("%s has more than %d bytes", s.URL, int64(maxAsset))
	case found != s.SHA256:
		return fmt.Errorf("%w: %s has SHA-256 %s, the lock has %s", rundir.ErrDifference, s.URL, found, s.SHA256)
	}
	return nil
}

// unpack unpacks files and folders of an archive. Anything else, and a path that leads out
// of the folder, is refused.
func unpack(ctx context.Context, file, folder string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(maxAsset)
	entries := tar.NewReader(z)
	for range maxEntries {
		header, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		n, err := unpackEntry(root, header, io.LimitReader(entries, left+1))
		if left -= n; err != nil || left < 0 {
			return errors.Join(err, tooLarge(left))
		}
	}
	return fmt.Errorf("more than %d files", maxEntries)
}

func tooLarge(left int64) error {
	if left < 0 {
		return fmt.Errorf("its files have more than %d bytes", int64(maxAsset))
	}
	return nil
}

// unpackEntry writes one file or folder and returns how many bytes it has.
func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) (int64, error) {
	name := filepath.FromSlash(strings.TrimSuffix(header.Name, "/"))
	switch {
	case header.Typeflag == tar.TypeXGlobalHeader:
		return 0, nil
	case !filepath.IsLocal(name):
		return 0, fmt.Errorf("the archive holds %q, which leads out of it", header.Name)
	case header.Typeflag == tar.TypeDir:
		return 0, root.MkdirAll(name, 0o755)
	case header.Typeflag != tar.TypeReg:
		return 0, fmt.Errorf("the archive holds %q, which is neither a file nor a folder", header.Name)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return 0, err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, content)
	return n, errors.Join(err, f.Close())
}
