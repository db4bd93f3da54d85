package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/target"
)

// jsonFile is a kind of file that decides something, with its public reader.
type jsonFile struct {
	name string
	read func(path string) error
	// optional are the keys without which the file is read, and nullable those that may be
	// null.
	optional, nullable string
	counts             map[string]string // pattern and replacement that make a count wrong
}

var jsonFiles = []jsonFile{
	{
		name:     rundir.RecordFile,
		optional: "execution.started_in files package training",
		nullable: "execution.settings identity.datasets[0].options identity.loss.options identity.model.options identity.optimizer.options identity.schedule.options identity.settings package.exporters package.exporters[0].options",
		read:     func(path string) error { _, err := rundir.ReadRecord(path); return err },
		counts: map[string]string{
			`("training": \{\s*"epochs": )\d+`: "${1}2", `("best_epoch": )\d`: "${1}0", `("split": (?s:.*?)"train": )\d+`: "${1}1000000", `("classes": \[)`: `${1}"class0",`,
			`("decision": )"approved"`: `${1}"forced"`, `("weights": )"ema"`: `${1}"last"`, `("files": \{)`: `${1}"../split.json": "",`, `("width": )8`: `${1}8000`,
		},
	},
	{
		name: rundir.SplitFile, read: func(path string) error { _, err := dataset.ReadSplit(path); return err },
		counts: map[string]string{`("ratios": \[)`: "${1}1,", `("test": \[)[^\]]*`: "${1}"},
	},
	{
		name: rundir.DuplicatesFile, nullable: "pairs", read: func(path string) error { _, err := dataset.ReadDuplicates(path); return err },
		counts: map[string]string{`("test": )\d+`: "${1}1", `("validation": )\d+`: "${1}-1", `("conflicting": )\d+`: "${1}3"},
	},
	{
		name: rundir.ReleaseFile, optional: "criteria[0].interval evaluation_sha256 machine", read: func(path string) error { _, err := criterion.ReadRelease(path); return err },
		counts: map[string]string{`("criteria": \[)(\s*\{(?s:.*?)\})`: "${1}${2},${2}", `("passed": )true`: "${1}false"},
	},
	{
		name: "evaluation/test.json", optional: "dataset latency_ms part weights weights_sha256",
		nullable: "calibration_bins calibration_bins[0].accuracy calibration_bins[0].confidence per_class[0].f1 per_class[0].precision per_class[0].recall",
		read:     func(path string) error { _, err := target.ReadResult(path); return err },
		counts:   map[string]string{`("examples": )\d+`: "${1}1000", `("confusion": \[\s*\[\s*)\d+`: "${1}77", `("support": )\d+`: "${1}77", `("correct": )\d+`: "${1}1"},
	},
	{
		name: "history.jsonl", optional: "ema_sha256 optimizer_sha256", read: func(path string) error { _, err := metric.ReadHistory(path); return err },
		counts: map[string]string{`("epoch":)1`: "${1}2", `("train_accuracy":)[^,]*`: "${1}1.5"},
	},
	{
		name: "plots/plots.json", nullable: "plots", read: func(path string) error {
			_, err := rundir.At(filepath.Dir(filepath.Dir(path))).ReadFigures()
			return err
		},
		counts: map[string]string{`("plots": \[)(\s*\{(?s:.*?)\})`: "${1}${2},${2}", `("name": ")`: "${1}../plots/"},
	},
	{
		name: "export/export.json", nullable: "exporters exporters[0].options", read: func(path string) error { _, err := release.ReadExport(filepath.Dir(path)); return err },
		counts: map[string]string{`("schema": )1`: "${1}0"},
	},
}

// TestHostileJSON spoils every key of every file.
func TestHostileJSON(t *testing.T) {
	e := makeExample(t, "visualizations=confusion-matrix,accuracy")
	for _, f := range jsonFiles {
		t.Run(f.name, func(t *testing.T) {
			run := runtest.Copied(t, e.run)
			path := filepath.Join(run, filepath.FromSlash(f.name))
			text := readText(t, path)
			first, rest := text, ""
			if strings.HasSuffix(path, ".jsonl") {
				first, rest, _ = strings.Cut(text, "\n")
				rest = "\n" + rest
			}
			write := func(text string) {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.read(path); err != nil {
				t.Fatal(err)
			}
			for _, s := range spoiled(t, json.RawMessage(strings.TrimSpace(first)), "") {
				write(s.sealed() + rest)
				err := f.read(path)
				switch {
				case err == nil && !f.takes(s):
					t.Errorf("%s %s: it is read", s.key, s.how)
				case err != nil && f.takes(s):
					t.Errorf("%s %s: %v", s.key, s.how, err)
				case err != nil && s.how != missing && s.how != null && !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(s.key)):
					t.Errorf("%s %s: the error does not name the key: %v", s.key, s.how, err)
				}
			}
			first = strings.TrimSpace(first)
			for _, text := range []string{first + " {}" + rest, first + "]" + rest, first[:len(first)-1] + rest, strings.Replace(first, ":", `:"\ud800",`, 1) + rest} {
				if write(text); f.read(path) == nil {
					t.Errorf("read: %.60s…%s", text, text[max(0, len(text)-20):])
				}
			}
			for pattern, with := range f.counts {
				write(text)
				replaceIn(t, path, pattern, with)
				write(reseal(readText(t, path)))
				if f.read(path) == nil {
					t.Errorf("read with another %s", pattern)
				}
			}
			write(text)
			if err := os.Truncate(path, 1<<33); err != nil {
				t.Fatal(err)
			}
			if err := f.read(path); err == nil || !strings.Contains(err.Error(), "is longer than") {
				t.Errorf("a long file: error %v", err)
			}
		})
	}
}

// takes says whether a file with the fault is one that the reader must take: what is
// optional, and keys that are free.
func (f *jsonFile) takes(s spoil) bool {
	for _, list := range []struct{ keys, how string }{{f.optional, missing}, {f.nullable, null}} {
		if s.how == list.how && slices.Contains(strings.Fields(list.keys), s.key) {
			return true
		}
	}
	if s.how != missing && s.how != letters && s.how != unknown {
		return false
	}
	return strings.Contains(s.path, ".options.") || strings.HasPrefix(s.path, "files.") && s.how == missing
}

// reseal gives a record, and its identity, their digests; other documents stay as they
// are.
func reseal(text string) string {
	identity, err := fileio.TopKey([]byte(text), "identity")
	if err != nil {
		return text
	}
	var b, whole bytes.Buffer
	old, err := fileio.TopKey([]byte(text), "identity_sha256")
	if err == nil && json.Indent(&b, identity, "", "  ") == nil {
		b.WriteByte('\n')
		text = strings.Replace(text, string(old), fmt.Sprintf("%q", fileio.SHA256Of(b.Bytes())), 1)
	}
	if json.Indent(&whole, []byte(text), "", "  ") != nil {
		return text
	}
	return string(rundir.Seal(whole.Bytes()))
}

// spoil is a document with one fault.
type spoil struct {
	how, path string
	key       string // what the error must say
	text      string
}

// sealed is the document with the digest of its identity, if it is a record.
func (s spoil) sealed() string {
	if s.path == "identity_sha256" || s.path == "record_sha256" {
		return s.text
	}
	return reseal(s.text)
}

const (
	twice   = "comes twice"
	letters = "is in other letters"
	unknown = "is unknown"
	missing = "is missing"
	null    = "is null"
)

// spoiled are the documents that come of raw by one fault at one key of an object in it.
// Of an array, the first value is spoiled.
func spoiled(t *testing.T, raw json.RawMessage, at string) (all []spoil) {
	t.Helper()
	switch raw[0] {
	case '[':
		var values []json.RawMessage
		if err := json.Unmarshal(raw, &values); err != nil {
			t.Fatal(err)
		}
		if len(values) == 0 {
			return nil
		}
		for _, s := range spoiled(t, values[0], at+"[0]") {
			rest, err := json.Marshal(values[1:])
			if err != nil {
				t.Fatal(err)
			}
			s.text = strings.TrimSuffix("["+s.text+","+string(rest[1:]), ",]")
			if len(values) == 1 {
				s.text += "]"
			}
			all = append(all, s)
		}
	case '{':
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			t.Fatal(err)
		}
		for _, key := range slices.Sorted(maps.Keys(members)) {
			all = append(all, spoiledAt(t, raw, members, key, strings.TrimPrefix(at+"."+key, "."))...)
		}
	}
	return all
}

// spoiledAt are the faults at one key.
func spoiledAt(t *testing.T, raw json.RawMessage, members map[string]json.RawMessage, key, path string) (all []spoil) {
	t.Helper()
	others := maps.Clone(members)
	delete(others, key)
	member := func(key, value string) string { return fmt.Sprintf("%q:%s", key, value) }
	with := func(entries ...string) string {
		for _, key := range slices.Sorted(maps.Keys(others)) {
			entries = append(entries, member(key, string(others[key])))
		}
		return "{" + strings.Join(entries, ",") + "}"
	}
	value := string(members[key])
	all = []spoil{
		{twice, path, path, with(member(key, value), member(key, value))},
		{letters, path, strings.ToUpper(key[:1]) + key[1:], with(member(strings.ToUpper(key[:1])+key[1:], value))},
		{unknown, path, key + "_x", with(member(key, value), member(key+"_x", value))},
		{missing, path, path, with()},
		{null, path, path, with(member(key, "null"))},
	}
	all = slices.DeleteFunc(all, func(s spoil) bool { return s.how == letters && s.key == key }) // a digit
	for _, s := range spoiled(t, members[key], path) {
		s.text = with(member(key, s.text))
		all = append(all, s)
	}
	return all
}
