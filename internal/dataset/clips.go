package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// clipsSource reads recordings with a file of labels each: video files, or folders of
// numbered frames. They lie in class folders, which may be divided into parts:
//
//	DIR/<class>/**                  DIR/{train,test,val}/<class>/**
//
// or, with class=NAME, in any folders, all of one class; the second class is background.
// [clips.FindLabels] says where labels lie. Examples are in bytewise order of the clips'
// paths, and in each in the order of frames.
type clipsSource struct {
	class, layout string
	labels        string
	stride        int
	crop          string
	margin        float64
	minimum       int
	frames        string
	level         string
	window        int
	background    string
	group         string
	threshold     float64
	rate          int

	offsets []int // of frames
	decoder imaging.Decoder
	files   FileOptions
}

// The values of the options.
const (
	labelsOverlap    = "overlap"
	labelsRefuse     = "refuse"
	cropBox          = "box"
	cropFrame        = "frame"
	levelRaw         = "raw"
	levelMedian      = "median"
	backgroundAuto   = "auto"
	backgroundOn     = "on"
	backgroundOff    = "off"
	groupClip        = "clip"
	groupScene       = "scene"
	backgroundClass  = "background"
	maxOffset        = 64
	frameOffsetsText = "-4/0/4"
)

func newClips(o *config.Options) (Source, error) {
	s := &clipsSource{}
	o.String(&s.class, "class", byFolder, "what names the class of a clip: folder, or the one class of all clips, whose frames are told from background", checkClipClass)
	o.Choice(&s.layout, "layout", layoutAuto, "what the folders at the top are: classes, or parts such as train and test; auto: as their names say", layoutAuto, layoutClasses, layoutParts)
	o.Choice(&s.labels, "labels", labelsOverlap, "what to do about labels that do not match the frames: use their overlap, or refuse", labelsOverlap, labelsRefuse)
	o.Int(&s.stride, "stride", 6, "take an example from every so many frames", config.Between(1, 10_000))
	o.Choice(&s.crop, "crop", cropBox, "what an example is: a square around a target, or the whole frame", cropBox, cropFrame)
	o.Float64(&s.margin, "margin", 2.5, "side of the square over the longer side of the box", config.Between(0.1, 100), decimals(100))
	o.Int(&s.minimum, "minimum", 32, "least side of the square in pixels", config.Between(1, 4096))
	o.String(&s.frames, "frames", frameOffsetsText, "pictures of an example: how many frames each comes after the one it is about", checkOffsets)
	o.Choice(&s.level, "level", levelRaw, "take frames as they are, or less the median of the frames before them", levelRaw, levelMedian)
	o.Int(&s.window, "background-window", 64, "with level=median: frames of which the median is taken", config.Between(1, clips.MaxWindow))
	o.Choice(&s.background, "background", backgroundAuto, "take examples of background, a class of its own; auto: with class=NAME", backgroundAuto, backgroundOn, backgroundOff)
	o.Choice(&s.group, "group", groupClip, "what stays in one part: a clip, or all clips of a scene", groupClip, groupScene)
	o.Float64(&s.threshold, "scene-threshold", float64(sceneThreshold)/1000, "clips are of one scene where the cosine of their backgrounds is above this", config.Share, decimals(1000))
	o.Int(&s.rate, "rate", 30, "frames a second of clips that are folders of frames", config.Between(1, 100_000))
	s.offsets, _ = parseOffsets(s.frames) // checked when it was set
	return s, nil
}

func checkClipClass(class string) error {
	if class == backgroundClass {
		return errors.New("want the name of what the clips show, such as drone: background is the name of the other class")
	}
	return checkClass(class)
}

// decimals accepts numbers that are whole when they are multiplied by unit.
func decimals(unit float64) config.Check {
	return func(v float64) error {
		if math.RoundToEven(v*unit)/unit != v {
			return fmt.Errorf("want a multiple of %v", 1/unit)
		}
		return nil
	}
}

func checkOffsets(s string) error {
	_, err := parseOffsets(s)
	return err
}

// parseOffsets reads a list such as -4/0/4.
func parseOffsets(s string) ([]int, error) {
	var offsets []int
	for word := range strings.SplitSeq(s, "/") {
		n, err := strconv.Atoi(word)
		if err != nil || n < -maxOffset || n > maxOffset || slices.Contains(offsets, n) {
			return nil, fmt.Errorf("want different whole numbers from %d to %d with slashes between them, such as %s", -maxOffset, maxOffset, frameOffsetsText)
		}
		offsets = append(offsets, n)
	}
	if !slices.Contains(offsets, 0) || len(offsets) > imaging.MaxChannels {
		return nil, fmt.Errorf("want 0, the frame that the example is about, among at most %d numbers", imaging.MaxChannels)
	}
	return offsets, nil
}

// WithDecoder implements Decoding.
func (s *clipsSource) WithDecoder(d imaging.Decoder) Source {
	other := *s
	other.decoder = d
	return &other
}

// WithFiles implements Filed.
func (s *clipsSource) WithFiles(o FileOptions) Source {
	with := *s
	with.files = o
	return &with
}

// backed says whether examples of background are taken.
func (s *clipsSource) backed() bool {
	return s.background == backgroundOn || s.background == backgroundAuto && s.class != byFolder
}

// cutting says what is cut out of clips.
func (s *clipsSource) cutting() *clips.Cutting {
	c := &clips.Cutting{
		Stride: s.stride, Whole: s.crop == cropFrame, Offsets: s.offsets, Background: s.backed(), Refuse: s.labels == labelsRefuse,
		Square: clips.Square{Margin: int(math.RoundToEven(s.margin * 100)), Minimum: s.minimum},
	}
	if s.level == levelMedian {
		c.Window = s.window
	}
	return c
}

// ClipsCutting is what the dataset clips with such options, in the form of [MakeDataset], cuts
// out of clips, and how many frames a second those have that are folders.
func ClipsCutting(options string) (cutting *clips.Cutting, rate int, err error) {
	made, _, err := MakeDataset(ClipsName, options)
	if err != nil {
		return nil, 0, err
	}
	s := made.(*clipsSource) // as the table has it
	return s.cutting(), s.rate, nil
}

// ClipsName is the name of the dataset clips.
const ClipsName = "clips"

// sceneThreshold is the threshold in thousandths.
func (s *clipsSource) sceneThreshold() int { return int(math.RoundToEven(s.threshold * 1000)) }

// Open implements Source.
func (s *clipsSource) Open(ctx context.Context, dir string, mode Mode) (Dataset, error) {
	if a := s.decoder.Alpha; a != "" && a != imaging.AlphaDrop {
		return nil, config.Usagef("clips: frames are read without their transparency: want --alpha %s", imaging.AlphaDrop)
	}
	listed, err := s.list(dir)
	if err != nil {
		return nil, &Error{"clips", err}
	}
	found, err := s.arrange(listed)
	if err != nil {
		return nil, &Error{"clips " + dir, err}
	}
	if err := s.read(ctx, found); err != nil {
		return nil, &Error{"clips " + dir, err}
	}
	found.tell(ctx)
	if err := found.findScenes(ctx, s.sceneThreshold()); err != nil {
		return nil, &Error{"clips " + dir, err}
	}
	of, err := s.examplesOf(found)
	if err == nil {
		err = checkExamples(of.classes, of)
	}
	if err != nil {
		return nil, config.Usage(&Error{"clips " + dir, err})
	}
	d, err := newSetInMode(ctx, opening{mode: mode}, of.classes, of, s.group, of.load)
	if err != nil {
		return nil, &Error{"clips " + dir, err}
	}
	return d, nil
}

// list reads what the folder holds.
func (s *clipsSource) list(dir string) (*listing.Tree, error) {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &NotFoundError{fmt.Errorf("%s does not exist: want a folder with a subfolder of clips for each class", dir)}
	case err == nil && !info.IsDir():
		return nil, config.Usagef("%s is a file: want a folder with a subfolder of clips for each class", dir)
	}
	return listing.Read(dir, s.files.LeaveOut...)
}

// read reads the labels of all clips, and then what is cut out of them.
func (s *clipsSource) read(ctx context.Context, f *foundClips) error {
	if err := f.readLabels(s.crop == cropFrame); err != nil {
		return err
	}
	cutting := s.cutting()
	decoder, err := s.clipDecoder(ctx, f)
	if err != nil {
		return err
	}
	store := &clips.Store{Dir: s.files.Cache.Dir, Limit: s.files.Cache.Limit, Fresh: s.files.Cache.Fresh}
	progress := newProgress("clips read", len(f.list))
	failures := make([]error, len(f.list))
	err = blocks(ctx, len(f.list), 1, func(low, _ int) {
		failures[low] = f.list[low].read(ctx, cutting, decoder, store)
		progress.step(ctx)
	})
	if err != nil {
		return err
	}
	var unread []failure
	for at, err := range failures {
		if err != nil {
			unread = append(unread, failure{at, err})
		}
	}
	if len(unread) > 0 {
		err := newUnreadError(unread, len(f.list))
		err.what = "clips"
		return err
	}
	return nil
}

// read cuts the examples out of a clip, or finds what was cut out before.
func (c *foundClip) read(ctx context.Context, cutting *clips.Cutting, decoder clips.Decoder, store *clips.Store) error {
	key, err := cutting.Key(decoder.Name(), c.clip, c.labels)
	if err != nil {
		return err
	}
	c.file, err = store.Open(key, func(w *clips.Writer) (*clips.Summary, error) {
		return cutting.Cut(ctx, decoder, c.clip, c.labels, w.Begin, w.Add)
	})
	if err != nil {
		return err
	}
	c.Summary, c.reading = c.file.Summary, &clipReading{c.clip, cutting, decoder}
	if c.clip.Frames == nil {
		c.Decoder = decoder.Name()
	}
	return nil
}

// tell warns of labels that do not match their clips, and of clips without a box.
func (f *foundClips) tell(ctx context.Context) {
	var warnings, unlabelled []string
	for _, c := range f.list {
		for _, warning := range c.Warnings {
			warnings = append(warnings, path.Join(path.Dir(c.Source), warning))
		}
		if c.Unlabelled {
			unlabelled = append(unlabelled, c.Source)
		}
	}
	f.warn(ctx, "labels do not match their clips", "labels", warnings)
	f.warn(ctx, "clips whose labels hold no box at all are taken for unlabelled, and give neither targets nor background", "unlabelled", unlabelled)
	f.warn(ctx, "files of labels say the same of different clips: some may be those of another clip", "labels", f.sameLabels())
}

// warn names ten of a list, and a file that has all of them.
func (f *foundClips) warn(ctx context.Context, message, kind string, lines []string) {
	if len(lines) == 0 {
		return
	}
	attributes := []any{"folder", f.root, "clips", len(lines), "these", strings.Join(lines[:min(len(lines), listing.MostNamed)], "; ")}
	if len(lines) > listing.MostNamed {
		attributes = append(attributes, "list", listing.WriteList(kind, lines))
	}
	slog.WarnContext(ctx, message, attributes...)
}
