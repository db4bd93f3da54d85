package oci

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Limits of what is pulled.
const (
	maxManifest = 4 << 20 // bytes, as many as registries have to take
	maxLayers   = 1000
)

// unpackAnnotation is "true" on a layer that 'oras push' made of a folder.
const unpackAnnotation = "io.deis.oras.content.unpack"

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Pulled is a file of an artifact.
type Pulled struct {
	Path   string // where it is now
	Name   string // that it has in the artifact: one without folders
	Folder bool   // it is a .tar.gz of the folder Name
}

// artifact is a manifest, as far as it is read here.
type artifact struct {
	MediaType string         `json:"mediaType"`
	Layers    []artifactFile `json:"layers"`
}

type artifactFile struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// ParseDigest reads HOST/NAME@sha256:DIGEST.
func ParseDigest(reference string) (registry.Reference, error) {
	parsed, err := registry.ParseReference(reference)
	if err != nil || !digestForm.MatchString(parsed.Reference) || reference != parsed.String() {
		return parsed, fmt.Errorf("%.200q names no artifact by its digest: want HOST/NAME@sha256:DIGEST with 64 hexadecimal digits, as oras push prints it", reference)
	}
	return parsed, nil
}

// Pull downloads the files of the artifact that Options.Reference names by its digest to an
// empty folder: the layers of its manifest, which have names, as 'oras push' gives them.
// They may have limit bytes together. Every digest is compared; where one differs, the error
// wraps rundir.ErrDifference. Registries on this machine are asked without TLS. The reference
// may be somebody else's choice, so credentials are only those that the configuration of
// Docker has for that registry.
func Pull(ctx context.Context, o Options, folder string, limit int64) ([]Pulled, error) {
	reference, err := ParseDigest(o.Reference)
	if err != nil {
		return nil, config.Usage(err)
	}
	o.PlainHTTP, o.pulling, o.Username, o.Password, o.secrets = isLoopback(reference.Host()), true, "", "", &secrets{}
	repository, err := o.client(reference)
	if err != nil {
		return nil, err
	}
	p := &pull{Options: o, repository: repository}
	var manifest artifact
	if err := p.try(ctx, "reading the manifest of "+o.Reference, func() (err error) { manifest, err = p.manifest(ctx); return err }); err != nil {
		return nil, err
	}
	if err := checkLayers(&manifest, limit); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Reference, err)
	}
	var files []Pulled
	for i := range manifest.Layers {
		layer := &manifest.Layers[i]
		name := layer.Annotations[v1.AnnotationTitle]
		file := Pulled{Path: filepath.Join(folder, name), Name: name, Folder: layer.Annotations[unpackAnnotation] == "true"}
		if file.Folder { // whose own name is that of a folder
			file.Path += archiveSuffix
		}
		if err := p.try(ctx, "downloading "+name+" of "+o.Reference, func() error { return p.layer(ctx, layer, file.Path) }); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

const archiveSuffix = ".tar.gz"

// pull is one download.
type pull struct {
	Options
	repository *remote.Repository
}

// manifest reads the manifest and compares its digest.
func (p *pull) manifest(ctx context.Context) (m artifact, err error) {
	wanted := p.repository.Reference.Reference
	found, err := p.repository.Manifests().Resolve(ctx, wanted)
	if err != nil {
		return m, err
	}
	r, err := p.repository.Manifests().Fetch(ctx, found)
	if err != nil {
		return m, err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return m, err
	}
	if got := "sha256:" + fileio.SHA256Of(b); got != wanted {
		return m, &differs{fmt.Errorf("%w: the registry answers for %s with a manifest that has the digest %s", rundir.ErrDifference, p.Reference, got)}
	}
	if err := fileio.DecodeJSON(b, &m, fileio.Form{MaxBytes: maxManifest, Open: true}); err != nil {
		return m, &differs{fmt.Errorf("the manifest of %s: %w", p.Reference, err)}
	}
	if m.MediaType != v1.MediaTypeImageManifest {
		return m, &differs{fmt.Errorf("%s is of the type %.80q, want an artifact, %s: name the digest of the artifact itself and not that of an index", p.Reference, m.MediaType, v1.MediaTypeImageManifest)}
	}
	return m, nil
}

// differs is an answer that asking again does not change.
type differs struct{ error }

func (d *differs) Unwrap() error { return d.error }

// checkLayers refuses layers that are no files of one folder, or too large.
func checkLayers(m *artifact, limit int64) error {
	if len(m.Layers) == 0 || len(m.Layers) > maxLayers {
		return fmt.Errorf("it has %d files, want 1 to %d", len(m.Layers), maxLayers)
	}
	seen := map[string]bool{}
	left := limit
	for _, layer := range m.Layers {
		name := layer.Annotations[v1.AnnotationTitle]
		switch {
		case !filepath.IsLocal(name) || filepath.Base(name) != name || name == ".":
			return fmt.Errorf("a file is called %.100q, want a name without folders in the annotation %s, as 'oras push FILE' gives it", name, v1.AnnotationTitle)
		case seen[name]:
			return fmt.Errorf("two files are called %.100q", name)
		case !digestForm.MatchString(layer.Digest):
			return fmt.Errorf("the file %.100q has the digest %.100q, want one by SHA-256", name, layer.Digest)
		case layer.Size < 0 || layer.Size > left:
			return fmt.Errorf("its files have more than %d bytes", limit)
		}
		seen[name] = true
		left -= layer.Size
	}
	return nil
}

// layer downloads a file, and leaves none that has another digest.
func (p *pull) layer(ctx context.Context, layer *artifactFile, path string) (err error) {
	r, err := p.repository.Blobs().Fetch(ctx, v1.Descriptor{MediaType: layer.MediaType, Digest: digest.Digest(layer.Digest), Size: layer.Size})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return &differs{err}
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(r, layer.Size+1))
	if err != nil {
		return err
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); n != layer.Size || got != layer.Digest {
		return &differs{fmt.Errorf("%w: a file of %s has %d bytes or more and the digest %s, the manifest says %d and %s", rundir.ErrDifference, p.Reference, n, got, layer.Size, layer.Digest)}
	}
	return nil
}
