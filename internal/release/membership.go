package release

import (
	"context"
	"errors"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// OtherModel is another model than the run's, whose training list must not meet what
// the run's model is judged by.
type OtherModel struct {
	Record *rundir.Record
	Split  *dataset.Split
	Path   string // of the run or package
}

// TrainedOn counts those examples of a run, at indexes of its data, that the other
// model was trained on. Where its data is not the run's, images are compared; known
// is false where that data is no longer where it was, so that nobody can tell.
func (m *OtherModel) TrainedOn(ctx context.Context, env *rundir.Environment, ours *rundir.Identity, data dataset.Dataset, indexes []int) (count int, known bool, err error) {
	theirs := &m.Record.Identity
	count = CountShared(Identify(theirs.Datasets, m.Split.Train), Identify(ours.Datasets, indexes))
	if count > 0 || covers(ours.Datasets, theirs.Datasets) {
		return count, true, nil
	}
	env.Log.Info("reading the data that the other model was trained on, to see whether it has images of the test part",
		"model", m.Record.Title(), "dataset", strings.Join(m.Record.DatasetNames(), ","), "data_dir", strings.Join(m.Record.DataDirs(m.Path), ","))
	theirData := m.dataAtHand(ctx)
	if theirData == nil {
		return 0, false, context.Cause(ctx)
	}
	shared, err := dataset.Shared(ctx, theirData, m.Split.Train, data, indexes)
	return len(shared), true, err
}

// covers says whether every dataset of part is also one of all.
func covers(all, part []rundir.DatasetNote) bool {
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
func (m *OtherModel) dataAtHand(ctx context.Context) dataset.Dataset {
	data, err := OpenRecorded(ctx, m.Record, m.Path)
	if err != nil || data.Digest() != m.Record.Identity.DatasetSHA256 {
		return nil
	}
	return data
}

// OpenRecorded opens the data that the run or package at path was made with, where it was
// then. It is looked at to compare images, which is not worth a download.
func OpenRecorded(ctx context.Context, record *rundir.Record, path string) (dataset.Dataset, error) {
	dirs := rundir.DataDirs(record.DataDirs(path))
	var requests []dataset.Request
	for _, note := range record.Identity.Datasets {
		requests = append(requests, dataset.Request{Name: note.Name, Options: note.Text(), Dir: dirs.Of(note.Title())})
	}
	opened, err := dataset.Open(ctx, requests, dataset.OpenOptions{Mode: dataset.ModeDisk, Offline: true, Decoder: record.Identity.Input.Decoder(),
		Files: dataset.FileOptions{Recorded: true, SkipCorrupt: record.Identity.SkipsFiles(), Contract: record.Identity.ContractVersion}})
	var missing *dataset.NotFoundError
	var named *dataset.Error
	switch {
	case errors.As(err, &missing) && errors.As(err, &named): // without the advice to name a folder by --data-dir
		return nil, named
	case err != nil:
		return nil, err
	}
	return opened.All, nil
}

// ExampleID names an example by the digest of the dataset that it was opened
// from and its index there, whatever that dataset was joined with.
type ExampleID struct {
	sha256 string
	index  int
}

// Identify names the examples at indexes of a joined dataset.
func Identify(members []rundir.DatasetNote, indexes []int) []ExampleID {
	ids := make([]ExampleID, len(indexes))
	for at, i := range indexes {
		for _, m := range members {
			if i < m.Examples {
				ids[at] = ExampleID{m.SHA256, i}
				break
			}
			i -= m.Examples
		}
	}
	return ids
}

// CountShared counts the examples that are in both lists.
func CountShared(a, b []ExampleID) int {
	set := make(map[ExampleID]bool, len(a))
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
