package modellock

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/oci"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Source says how the data of a dataset comes to a machine that has nothing but the
// repository. As text it is one of
//
//	built-in                    the program draws it
//	download                    the program downloads it, and compares digests that it has
//	folder:PATH                 a folder or file of the repository
//	https://...#sha256=DIGEST   a file, such as an asset of a release: .tar.gz, or data itself
//	oci:HOST/NAME@sha256:DIGEST an artifact of a registry, as 'oras push' makes it of files or folders
type Source struct {
	Kind      string // "built-in", "download", "folder", "https" or "oci"
	Path      string // of a folder, from the top of the repository, with slashes
	URL       string // of a file, without the digest
	SHA256    string // of the file
	Reference string // of an artifact, with its digest
}

// The kinds of sources.
const (
	BuiltIn  = "built-in"
	Download = "download"
	Folder   = "folder"
	Asset    = "https"
	Artifact = "oci"
)

// sourceForms are the forms that a source may have, for messages.
const sourceForms = "built-in, download, folder:PATH, https://...#sha256=DIGEST or oci:HOST/NAME@sha256:DIGEST"

var sha256Text = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ParseSource reads a source.
func ParseSource(text string) (*Source, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case text == BuiltIn || text == Download:
		return &Source{Kind: text}, nil
	case kind == Folder:
		if rest == "" || rest != path.Clean(rest) || path.IsAbs(rest) || rest == ".." || strings.HasPrefix(rest, "../") || strings.Contains(rest, `\`) {
			return nil, fmt.Errorf("%q is no folder of the repository: want a path such as folder:data/photos", rest)
		}
		return &Source{Kind: Folder, Path: rest}, nil
	case kind == "https" || kind == "http":
		return parseAsset(text)
	case kind == Artifact:
		if _, err := oci.ParseDigest(rest); err != nil {
			return nil, err
		}
		return &Source{Kind: Artifact, Reference: rest}, nil
	}
	return nil, fmt.Errorf("%.80q says of no data how it comes: want %s", text, sourceForms)
}

func parseAsset(text string) (*Source, error) {
	address, fragment, _ := strings.Cut(text, "#")
	digest, named := strings.CutPrefix(fragment, "sha256=")
	if !named || !sha256Text.MatchString(digest) {
		return nil, fmt.Errorf("%.200q has no digest: want #sha256= and 64 hexadecimal digits behind the address", text)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("%.200q is no address of a file: want https://HOST/PATH, without credentials", address)
	}
	return &Source{Kind: Asset, URL: address, SHA256: digest}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sourcesOf are the sources of the datasets of a run, by the names that the datasets have
// in settings. Those that are not given are found out, where that is possible.
func sourcesOf(record *rundir.Record, given map[string]string) (map[string]string, error) {
	all := map[string]string{}
	for i := range record.Identity.Datasets {
		note := &record.Identity.Datasets[i]
		text, named := given[note.Title()]
		if !named && len(record.Identity.Datasets) == 1 {
			text = given[""]
		}
		if text == "" {
			text = usual(note)
		}
		if text == "" {
			return nil, config.Usagef("nothing says how the data of the dataset %s comes to another machine: want --data %s=SOURCE, with %s", note.Title(), note.Title(), sourceForms)
		}
		if _, err := ParseSource(text); err != nil {
			return nil, config.Usagef("--data %s: %w", note.Title(), err)
		}
		all[note.Title()] = text
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, known := all[name]; !known && (name != "" || len(all) != 1) {
			return nil, config.Usagef("--data names the dataset %q, the run has %s", name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
		}
	}
	return all, nil
}

// usual is the source of a dataset that needs no data, or whose files the program has
// digests of; else "".
func usual(note *rundir.DatasetNote) string {
	if note.Name == "digits" {
		return BuiltIn
	}
	source, _, err := dataset.MakeDataset(note.Name, note.Text())
	if err != nil {
		return ""
	}
	if _, can := source.(dataset.Downloader); can {
		return Download
	}
	return ""
}
