package exporter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// The keys under which every exported file describes its model. Labels and
// resize rule are JSON.
const (
	keyName    = "blocktrain.name"
	keyVersion = "blocktrain.version"
	keyTarget  = "blocktrain.target" // classifiers do not have it
	keyLabels  = "blocktrain.labels" // classifiers alone have them
	keyResize  = "blocktrain.resize"
	keyWeights = "blocktrain.weights_sha256"
	keyRelease = "blocktrain.release"      // "forced"; other models have none of these
	keyReason  = "blocktrain.force_reason" // as it was given
)

// forced is how a release that was forced is marked.
const forced = "forced"

// describe returns the artifact's own metadata and this package's keys, which
// win.
func (a Artifact) describe() (map[string]string, error) {
	rule, err := compact(a.Rule)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(a.Metadata)) {
		if !utf8.ValidString(key) || !utf8.ValidString(a.Metadata[key]) {
			return nil, fmt.Errorf("metadata %q is not valid UTF-8", key)
		}
	}
	all := map[string]string{}
	maps.Copy(all, a.Metadata)
	maps.Copy(all, map[string]string{
		keyName:    a.Name,
		keyVersion: a.Version,
		keyResize:  rule,
		keyWeights: a.Parameters.Digest(),
	})
	all[keyTarget] = a.Target
	if a.labelled() {
		delete(all, keyTarget)
		if all[keyLabels], err = compact(a.Labels); err != nil {
			return nil, err
		}
	}
	if a.ForceReason != "" {
		all[keyRelease], all[keyReason] = forced, a.ForceReason
	}
	return all, nil
}

// Labels are the classes that a file of exported weights names; nil where it names
// none. A list that cannot be read, or that has a name twice, is an error.
func Labels(file weights.File) ([]string, error) {
	text, has := file.Metadata[keyLabels]
	if !has {
		return nil, nil
	}
	var labels []string
	if err := fileio.DecodeJSON([]byte(text), &labels, fileio.Form{}); err != nil {
		return nil, fmt.Errorf("%s: %w", keyLabels, err)
	}
	if sorted := slices.Sorted(slices.Values(labels)); len(slices.Compact(sorted)) != len(labels) {
		return nil, fmt.Errorf("%s: two classes have one name", keyLabels)
	}
	return labels, nil
}

func compact(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
}
