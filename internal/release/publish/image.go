package publish

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/oci"
	"github.com/blocktrain/blocktrain/internal/provenance"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// modelsDir is the folder of an image that has the model repository: KServe looks for it
// under this name.
const modelsDir = "models"

// archiveType is the type of what is attached to an image with the package's archive.
const archiveType = "application/vnd.blocktrain.package.v1"

// attached are the media types of what lies beside an archive, by the ending of its name.
var attached = map[string]string{
	".cdx.json":     "application/vnd.cyclonedx+json",
	".intoto.jsonl": "application/vnd.in-toto+json",
	".model.sig":    "application/vnd.dev.sigstore.bundle.v0.3+json",
}

const archiveSuffix = ".tar.gz"

// Archive is the path of the archive of a package that may be named by its folder.
func Archive(path string) (string, error) {
	archive := string(provenance.BesideOf(path)) + archiveSuffix
	if !fileio.Exists(archive) {
		return "", config.Usagef("%s is not there, and an image has the archive attached, which the signatures are of: put it beside the folder", archive)
	}
	return archive, nil
}

// Image is what a registry gets of a package, which was unpacked from archive and which
// somebody has verified. The repository of its source, an address, may be empty.
func Image(source *rundir.Source, record *rundir.Record, archive, repository string) (oci.Release, error) {
	if _, err := modelFiles(source, record.Name); err != nil {
		return oci.Release{}, err
	}
	r := oci.Release{Folder: source.File(exporter.RepositoryDir), At: modelsDir, Annotations: map[string]string{
		v1.AnnotationTitle: record.Name, v1.AnnotationVersion: record.ReleaseVersion, v1.AnnotationCreated: "1970-01-01T00:00:00Z",
		v1.AnnotationLicenses: record.License, v1.AnnotationSource: repository,
		"blocktrain.decision": record.Decision, "blocktrain.identity": record.IdentitySHA256,
	}}
	maps.DeleteFunc(r.Annotations, func(_, value string) bool { return value == "" })
	whole := oci.Attachment{Type: archiveType, Files: []oci.File{{Path: archive, MediaType: "application/gzip"}}}
	for _, path := range provenance.BesideOf(archive).Files() {
		mediaType := typeOf(path)
		if mediaType == "" {
			whole.Files = append(whole.Files, oci.File{Path: path, MediaType: "text/plain"})
			continue
		}
		r.Attached = append(r.Attached, oci.Attachment{Type: mediaType, Files: []oci.File{{Path: path, MediaType: mediaType}}})
	}
	r.Attached = slices.Insert(r.Attached, 0, whole)
	return r, nil
}

func typeOf(path string) string {
	for ending, mediaType := range attached {
		if strings.HasSuffix(filepath.Base(path), ending) {
			return mediaType
		}
	}
	return ""
}
