package triton

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// maxLabelBytes is what a file of labels may have; Triton sets no limit.
const maxLabelBytes = 256 << 20

// escapesRefused is the release from which Triton refuses labels outside the folder.
const escapesRefused = "26.02"

// checkLabels reads the labels of an output.
func (m *model) checkLabels(t tensor) {
	path := m.dir + "/" + t.labels // as Triton joins them
	if outside, err := m.outside(path); err == nil && outside {
		if m.release.since(escapesRefused) {
			m.core("labels-outside", "label file path '%s' for output '%s' in model '%s' is outside model directory", path, t.name, m.name)
			return
		}
		m.warn("labels-outside", "put the labels into the model's folder", "the labels of output '%s', %s, are outside the model's folder: Triton refuses that from %s on", t.name, t.labels, escapesRefused)
	}
	if isFolder(path) {
		m.add(Finding{
			Rule: "labels-folder", Level: Aborts, By: "core", Remedy: "put a file with a label on each line there",
			Words: "tritonserver aborts (SIGABRT): std::length_error basic_string::_M_replace_aux",
		})
		return
	}
	b, err := fileio.ReadFile(path, maxLabelBytes)
	if err != nil {
		m.core("labels-missing", "failed to open text file for read %s: %s", path, reason(err))
		return
	}
	labels := bytes.Split(b, []byte("\n"))
	m.checkLines(t, labels[:len(labels)-trailing(labels)])
}

// trailing is 1 where the text ended with a line break, after which no line comes.
func trailing(lines [][]byte) int {
	if len(lines[len(lines)-1]) == 0 {
		return 1
	}
	return 0
}

// reason is what C's strerror says of an error.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return "Permission denied"
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// outside says whether a path leads out of the model's folder, by links too.
func (m *model) outside(path string) (bool, error) {
	folder, err := filepath.EvalSymlinks(m.dir)
	if err != nil {
		return false, err
	}
	to, err := filepath.EvalSymlinks(path)
	if err != nil {
		to = filepath.Clean(path)
		folder = filepath.Clean(m.dir)
	}
	relative, err := filepath.Rel(folder, to)
	return err == nil && (relative == ".." || strings.HasPrefix(relative, "../")), err
}

// checkLines looks at labels for what Triton takes and clients will not.
func (m *model) checkLines(t tensor, labels [][]byte) {
	want := int64(1)
	for _, dim := range t.dims {
		want *= dim
	}
	switch n := int64(len(labels)); {
	case want < 0 || len(t.dims) > 1:
		m.note("labels-count", "output '%s' has no fixed number of values in one row: its %d labels were not counted", t.name, n)
	case n < want:
		m.warn("labels-short", "write a label for each value", "output '%s' has %d values and %d labels: the others come without a label, and nothing says so", t.name, want, n)
	case n > want:
		m.warn("labels-long", "remove what is too much", "output '%s' has %d values and %d labels: the last are never used", t.name, want, n)
	}
	seen := map[string]int{}
	for i, label := range labels {
		if rule, fault := labelFault(label); fault != "" {
			m.warn(rule, "write one label on each line, in UTF-8, with a line feed alone after it", "label %d of output '%s', %q, %s", i, t.name, label, fault)
			return // one line is enough to say what is wrong with the file
		}
		if other, twice := seen[string(label)]; twice {
			m.warn("labels-twice", "give each class a name of its own", "labels %d and %d of output '%s' are both %q", other, i, t.name, label)
			return
		}
		seen[string(label)] = i
	}
}

// labelFault says what is wrong with one label.
func labelFault(label []byte) (rule, fault string) {
	switch {
	case len(bytes.TrimSpace(label)) == 0:
		return "labels-empty", "is empty: Triton leaves it out"
	case bytes.HasSuffix(label, []byte("\r")):
		return "labels-crlf", "ends with a carriage return, which Triton keeps in its answers"
	case !utf8.Valid(label):
		return "labels-not-utf8", "is not UTF-8, and neither are Triton's JSON answers with it"
	case bytes.ContainsRune(label, ':'):
		return "labels-colon", "has a colon, by which clients take value:index:label apart"
	case bytes.ContainsFunc(label, unicode.IsControl):
		return "labels-control", "has a control character"
	}
	return "", ""
}
