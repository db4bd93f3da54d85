package oci

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Release is what a tag will stand for.
type Release struct {
	Folder      string            // whose files the image has
	At          string            // where the image has them, such as "models"
	Annotations map[string]string // of index, images, and as labels of the images
	Attached    []Attachment
}

// Attachment is a referrer: files that belong to the release.
type Attachment struct {
	Type  string // of the artifact, a media type
	Files []File
}

// File is a file of an attachment, which has its base name there.
type File struct {
	Path      string
	MediaType string
}

// platforms are those that an image is made for: of the nodes that run servers of models.
var platforms = []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}

// epoch is the time of files and images. A clock would make every publication another one.
var epoch = time.Unix(0, 0).UTC()

// blob is content with its descriptor. It is in bytes or in the file path.
type blob struct {
	v1.Descriptor
	path  string
	bytes []byte
}

func (b *blob) open() (io.ReadCloser, error) {
	if b.path == "" {
		return io.NopCloser(bytes.NewReader(b.bytes)), nil
	}
	return fileio.OpenRegular(b.path)
}

// content is a blob of bytes.
func content(mediaType string, b []byte) *blob {
	return &blob{Descriptor: v1.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(b), Size: int64(len(b))}, bytes: b}
}

func jsonContent(mediaType string, v any) (*blob, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return content(mediaType, b), nil
}

// fileContent is a blob in a file.
func fileContent(mediaType, path string) (*blob, error) {
	sum, err := fileio.SHA256(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &blob{Descriptor: v1.Descriptor{MediaType: mediaType, Digest: digest.NewDigestFromEncoded(digest.SHA256, sum), Size: info.Size()}, path: path}, nil
}

// built is a release as a registry takes it, in the order in which it is pushed.
type built struct {
	blobs     []*blob
	manifests []*blob // the images
	index     *blob
	referrers []*blob
}

// build makes a release in the temporary folder dir.
func (r Release) build(dir string) (*built, error) {
	layer, diffID, err := r.layer(filepath.Join(dir, "layer.tar.gz"))
	if err != nil {
		return nil, err
	}
	b := &built{blobs: []*blob{layer}}
	index := v1.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageIndex, Annotations: r.Annotations}
	for _, platform := range platforms {
		if err := r.addImage(b, &index, platform, layer.Descriptor, diffID); err != nil {
			return nil, err
		}
	}
	if b.index, err = jsonContent(v1.MediaTypeImageIndex, index); err != nil {
		return nil, err
	}
	for _, a := range r.Attached {
		if err := a.add(b); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// layer writes the image's one layer to path. The digest is that of the layer's tar.
func (r Release) layer(path string) (*blob, digest.Digest, error) {
	if err := fileio.WriteArchive(path, r.Folder, r.At, epoch); err != nil {
		return nil, "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, z); err != nil {
		return nil, "", err
	}
	layer, err := fileContent(v1.MediaTypeImageLayerGzip, path)
	return layer, digest.NewDigestFromEncoded(digest.SHA256, hex.EncodeToString(h.Sum(nil))), err
}

// addImage adds the image for a platform.
func (r Release) addImage(b *built, index *v1.Index, platform v1.Platform, layer v1.Descriptor, diffID digest.Digest) error {
	image, err := jsonContent(v1.MediaTypeImageConfig, v1.Image{
		Created: &epoch, Platform: platform,
		Config:  v1.ImageConfig{Labels: maps.Clone(r.Annotations)},
		RootFS:  v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{diffID}},
		History: []v1.History{{Created: &epoch, CreatedBy: "blocktrain publish"}},
	})
	if err != nil {
		return err
	}
	manifest, err := jsonContent(v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		Config: image.Descriptor, Layers: []v1.Descriptor{layer}, Annotations: r.Annotations,
	})
	if err != nil {
		return err
	}
	b.blobs, b.manifests = append(b.blobs, image), append(b.manifests, manifest)
	entry := manifest.Descriptor
	entry.Platform = &platform
	index.Manifests = append(index.Manifests, entry)
	return nil
}

// add adds the manifest of an attachment to the index, and its files.
func (a Attachment) add(b *built) error {
	none := content(v1.MediaTypeEmptyJSON, v1.DescriptorEmptyJSON.Data)
	manifest := v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest,
		ArtifactType: a.Type, Config: none.Descriptor, Subject: &b.index.Descriptor,
		Annotations: map[string]string{v1.AnnotationCreated: epoch.Format(time.RFC3339)},
	}
	b.blobs = append(b.blobs, none)
	for _, file := range a.Files {
		one, err := fileContent(file.MediaType, file.Path)
		if err != nil {
			return fmt.Errorf("what is attached to the image: %w", err)
		}
		b.blobs = append(b.blobs, one)
		entry := one.Descriptor
		entry.Annotations = map[string]string{v1.AnnotationTitle: filepath.Base(file.Path)}
		manifest.Layers = append(manifest.Layers, entry)
	}
	made, err := jsonContent(v1.MediaTypeImageManifest, manifest)
	if err != nil {
		return err
	}
	b.referrers = append(b.referrers, made)
	return nil
}
