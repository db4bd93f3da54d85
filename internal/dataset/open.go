package dataset

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Request names a dataset and where its data is looked for.
type Request struct {
	Name    string // of a module
	Options string // of the module: "key=value,key=value"
	Dir     string
}

// OpenOptions say how datasets are opened.
type OpenOptions struct {
	Mode    Mode
	Decoder imaging.Decoder // of image files
	Offline bool            // download nothing
	DryRun  bool            // download nothing, and let the error of missing data say that this is why
	Log     *slog.Logger    // is told of each dataset; nil: nobody is
	Files   FileOptions     // of sources that are [Filed]
}

// Opened is what [Open] returns.
type Opened struct {
	All      Dataset             // the members joined: [Concat]
	Members  []Dataset           // in the order of the requests
	Resolved []map[string]string // options of each member's module, defaults included
}

// Open opens datasets and joins them. All modules are made before the first file is
// read, so that a wrong name or option costs no time. Mistakes in what was asked for,
// data that is not where it is looked for among them, are a [config.UsageError].
func Open(ctx context.Context, requests []Request, o OpenOptions) (*Opened, error) {
	opened := &Opened{}
	sources := make([]Source, len(requests))
	var errs []error
	for i, r := range requests {
		source, resolved, err := MakeDataset(r.Name, r.Options)
		sources[i], opened.Resolved, errs = source, append(opened.Resolved, resolved), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &config.UsageError{Err: err}
	}
	for i, r := range requests {
		d, err := o.openSource(ctx, r, sources[i])
		if err != nil {
			return nil, err
		}
		opened.Members = append(opened.Members, d)
	}
	all, err := Concat(opened.Members...)
	if err != nil {
		return nil, err
	}
	if err := o.Files.checkAlike(all.Classes()); err != nil {
		return nil, config.Usage(fmt.Errorf("datasets that are joined: %w", err))
	}
	opened.All = all
	return opened, nil
}

// openSource opens one dataset, whose module is made already.
func (o OpenOptions) openSource(ctx context.Context, r Request, source Source) (Dataset, error) {
	if o.Offline || o.DryRun {
		ctx, source = offline(ctx, source)
	}
	if files, is := source.(Decoding); is {
		source = files.WithDecoder(o.Decoder)
	}
	if filed, is := source.(Filed); is {
		source = filed.WithFiles(o.Files)
	}
	d, err := source.Open(ctx, r.Dir, o.Mode)
	if err == nil {
		if alike := o.Files.checkAlike(d.Classes()); alike != nil {
			err = config.Usage(alike)
		}
	}
	if err != nil {
		return nil, o.explain(r, err)
	}
	if o.Log != nil {
		o.Log.InfoContext(ctx, "dataset opened", "dataset", r.Name, "examples", d.Len(), "classes", len(d.Classes()), "sha256", d.Digest())
	}
	return d, nil
}

// canDownload says whether a module can fetch its data.
func canDownload(module string) bool {
	source, _, err := MakeDataset(module, "")
	_, can := source.(Downloader)
	return err == nil && can
}

// explain names the dataset in an error that does not, and says what to do where its
// data is not found.
func (o OpenOptions) explain(r Request, err error) error {
	var named *Error
	if !errors.As(err, &named) {
		err = &Error{"dataset " + r.Name, err}
	}
	var missing *NotFoundError
	switch {
	case !errors.As(err, &missing):
		return err
	case strings.HasPrefix(r.Dir, "~"):
		return config.Usagef("%w; the shell did not replace the ~, which it does at the beginning of a word alone: want the folder in full in --data-dir", err)
	case o.DryRun && canDownload(r.Name):
		return config.Usagef("%w; --data-dir says where the data is, and a dry run downloads nothing", err)
	}
	return config.Usagef("%w; --data-dir says where the data is", err)
}
