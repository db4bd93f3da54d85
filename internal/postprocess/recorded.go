package postprocess

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/track"
)

// form is that of the file. A change in what its words mean takes another schema.
var form = fileio.Form{MaxBytes: 1 << 20, Schemas: []int{1}}

// Recorded is the rule by which the model of a record finds targets in videos, nil where it
// classifies whole frames. It is as the file of the package says, and an error where that asks
// for what this program does not do. Run directories have no such file: the rule then is that of
// this program, and recorded is false.
func Recorded(source *rundir.Source, record *rundir.Record) (rule *track.Rule, recorded bool, err error) {
	path := source.File(File)
	if !source.Packaged || !fileio.Exists(path) {
		rule, err = Rule(record)
		return rule, false, err
	}
	var found document
	if err := fileio.ReadJSON(path, &found, form); err != nil {
		return nil, true, unfollowed(err)
	}
	own, err := describe(record)
	if err != nil {
		return nil, true, err
	}
	if own == nil {
		return nil, true, unfollowed(fmt.Errorf("%s: the model was not trained on clips, or on clips that were cut in different ways", File))
	}
	if err := found.followedBy(own); err != nil {
		return nil, true, unfollowed(fmt.Errorf("%s: %w", File, err))
	}
	if found.Track == nil {
		return nil, true, nil
	}
	if err := found.Track.Rule.Check(); err != nil {
		return nil, true, unfollowed(errors.New(File + ": track.rule: " + err.Error())) // it is no error of usage
	}
	return found.Track.Rule, true, nil
}

// unfollowed is the error of a file that this program cannot go by.
func unfollowed(err error) error {
	return fmt.Errorf("%w: this program cannot use the model on videos as its package says; use the version of the program that made the package, or train and package the model with this one", err)
}

// followedBy refuses a document that differs from that of this program in more than words and
// the numbers by which targets are found.
func (d *document) followedBy(own *document) error {
	if (d.Track == nil) != (own.Track == nil) {
		return errors.New("track: want it for models of targets in clips, and for these alone")
	}
	if d.Track != nil {
		if d.Track.Rule == nil {
			return errors.New("track.rule: it is missing")
		}
		was, is := d.Track.Rule, own.Track.Rule
		if was.Square != is.Square || !reflect.DeepEqual(was.Offsets, is.Offsets) || was.Window != is.Window {
			return errors.New("track.rule: square, offsets or window are not those that the model was trained with")
		}
		if !reflect.DeepEqual(d.Track.Method, own.Track.Method) {
			return errors.New("track.method: it is not that of this program")
		}
	}
	for _, f := range []struct {
		name    string
		was, is any
	}{
		{"frames.offsets", d.Frames.Offsets, own.Frames.Offsets}, {"frames.window", d.Frames.Window, own.Frames.Window}, {"frames.rate", d.Frames.Rate, own.Frames.Rate},
		{"smoothing.frames", d.Smoothing.Frames, own.Smoothing.Frames}, {"smoothing.least", d.Smoothing.Least, own.Smoothing.Least},
		{"decision.by", d.Decision.By, own.Decision.By}, {"decision", d.Decision.wordless(), own.Decision.wordless()}, {"classes", d.Classes, own.Classes},
	} {
		if !reflect.DeepEqual(f.was, f.is) {
			return fmt.Errorf("%s: it has %.200v, and this program %.200v", f.name, f.was, f.is)
		}
	}
	return nil
}

// wordless is the decision without what describes it, in the form of the file.
func (d decision) wordless() string {
	d.Words = ""
	if d.Features != nil {
		d.Features = &describedTrack{FeatureNumbers: d.Features.FeatureNumbers}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
