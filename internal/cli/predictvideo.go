package cli

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/predict/watch"
)

// videoFlags are the options of predict for videos.
type videoFlags struct {
	raw, every, summary string
	stream              bool
	retries, lag        int
	given               func(flag string) bool // says whether a flag was given
}

func (f *videoFlags) declare(o *config.Options) {
	o.Begin("Videos", config.Invocation)
	o.String(&f.every, "every", "1", "frames that have a line: each so many, such as 5, or one in each time, such as 0.5s", func(text string) error {
		_, err := watch.ParseEvery(text)
		return err
	})
	o.String(&f.summary, "summary", "", "file for the summaries of clips, as JSON; jsonl has them among its lines too")
	o.Int(&f.lag, "lag", 64, "frames that are waited for before it is decided where the target is", config.Between(1, 1024))
	o.String(&f.raw, "raw", "", "files and standard input are frames without headers: WIDTHxHEIGHT:FORMAT:RATE, such as 320x256:gray8:30", func(text string) error {
		if text == "" {
			return nil
		}
		_, err := watch.ParseRaw(text)
		return err
	})
	o.Bool(&f.stream, "stream", false, "files, whatever their names, and standard input are videos")
	o.Int(&f.retries, "retries", 3, "how often a network address is opened again when it fails", config.Between(0, 1_000_000))
}

// request is what the flags ask for. They were checked.
func (f *videoFlags) request() watch.Request {
	r := watch.Request{Stream: f.stream, Retries: f.retries}
	if f.given("lag") {
		r.Lag = f.lag
	}
	r.Every, _ = watch.ParseEvery(f.every)
	if f.raw != "" {
		r.Raw, _ = watch.ParseRaw(f.raw)
	}
	return r
}

// summaries is the file of --summary.
type summaries struct {
	Schema int              `json:"schema"`
	Clips  []*watch.Summary `json:"clips"`
}

// writer returns what predicts on videos and writes their lines; nil where the inputs are images.
func (f *videoFlags) writer(ctx context.Context, p *predict.Predictor, format string) (func(io.Writer) error, error) {
	request := f.request()
	sources, err := watch.Sources(p, request)
	if err != nil {
		return nil, err
	}
	if sources == nil {
		return nil, f.unfit()
	}
	w, err := watch.New(ctx, p, sources, request)
	if err != nil {
		return nil, err
	}
	return func(to io.Writer) error {
		made, unread := w.Run(ctx, watch.NewWriter(format, to, min(p.Request().Top, len(p.Labels))))
		if unread != nil && !isUnread(unread) || f.summary == "" {
			return unread
		}
		return errors.Join(fileio.WriteJSON(f.summary, summaries{1, made}), unread)
	}, nil
}

// unfit refuses what was asked of videos where there are none.
func (f *videoFlags) unfit() error {
	if f.summary != "" || f.raw != "" || f.stream || slices.ContainsFunc([]string{"every", "lag", "retries"}, f.given) {
		return config.Usagef("--every, --summary, --lag, --raw, --stream and --retries are for videos, and the inputs are images: a folder is a video only for a model of clips, and if the names of its images end in numbers")
	}
	return nil
}

// isUnread says whether an error counts inputs that could not be read, while the others have
// their lines.
func isUnread(err error) bool {
	return errors.Is(err, predict.ErrUnread) || errors.Is(err, watch.ErrUnread)
}
