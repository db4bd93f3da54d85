package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
)

// otherModel is another model than the run's, whose training list must not meet what
// the run's model is judged by.
type otherModel struct {
	record    *Record
	split     *dataset.Split
	splitPath string
}

// trainedOn counts those examples of the run, at indexes, that the other model was
// trained on. Where its data is not the run's, images are compared; known is false
// where that data is no longer where it was, so that nobody can tell.
func (r *session) trainedOn(ctx context.Context, other otherModel, indexes []int) (count int, known bool, err error) {
	theirs, ours := &other.record.Identity, &r.record.Identity
	count = countShared(identify(theirs.Datasets, other.split.Train), identify(ours.Datasets, indexes))
	if count > 0 || covers(ours.Datasets, theirs.Datasets) {
		return count, true, nil
	}
	r.env.Log.Info("reading the data that the other model was trained on, to see whether it has images of the test part",
		"model", other.record.title(), "dataset", strings.Join(other.record.datasetNames(), ","), "data_dir", strings.Join(other.record.dataDirs(filepath.Dir(other.splitPath)), ","))
	data := other.dataAtHand(ctx)
	if data == nil {
		return 0, false, context.Cause(ctx)
	}
	shared, err := dataset.Shared(ctx, data, other.split.Train, r.data.all, indexes)
	return len(shared), true, err
}

// covers says whether every dataset of part is also one of all.
func covers(all, part []DatasetNote) bool {
	have := map[string]bool{}
	for _, d := range all {
		have[d.SHA256] = true
	}
	for _, d := range part {
		if !have[d.SHA256] {
			return false
		}
	}
	return true
}

// dataAtHand is the data that the model was made with, nil where it is not where it
// was then.
func (m *otherModel) dataAtHand(ctx context.Context) dataset.Dataset {
	data, err := m.record.openData(ctx, filepath.Dir(m.splitPath))
	if err != nil || data.Digest() != m.record.Identity.DatasetSHA256 {
		return nil
	}
	return data
}

// openData opens the data that the run or package at path was made with, where it was
// then. It is looked at to compare images, which is not worth a download.
func (record *Record) openData(ctx context.Context, path string) (dataset.Dataset, error) {
	then := Settings{DataDirs: record.dataDirs(path)}
	var members []dataset.Dataset
	for _, note := range record.Identity.Datasets {
		source, _, err := dataset.MakeDataset(note.Name, note.text())
		if err != nil {
			return nil, err
		}
		d, err := dataset.Offline(source).Open(ctx, then.DataDir(note.Name), dataset.ModeDisk)
		if err != nil {
			return nil, fmt.Errorf("dataset %s: %w", note.Name, err)
		}
		members = append(members, d)
	}
	return dataset.Concat(members...)
}

// exampleID names an example by the digest of the dataset that it was opened
// from and its index there, whatever that dataset was joined with.
type exampleID struct {
	sha256 string
	index  int
}

// identify names the examples at indexes of a joined dataset.
func identify(members []DatasetNote, indexes []int) []exampleID {
	ids := make([]exampleID, len(indexes))
	for at, i := range indexes {
		for _, m := range members {
			if i < m.Examples {
				ids[at] = exampleID{m.SHA256, i}
				break
			}
			i -= m.Examples
		}
	}
	return ids
}

// countShared counts the examples that are in both lists.
func countShared(a, b []exampleID) int {
	set := make(map[exampleID]bool, len(a))
	for _, id := range a {
		set[id] = true
	}
	n := 0
	for _, id := range b {
		if set[id] {
			n++
		}
	}
	return n
}
