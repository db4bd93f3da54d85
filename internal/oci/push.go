package oci

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Pushed is a release in a registry.
type Pushed struct {
	Reference string // HOST/NAME:TAG
	Digest    string // of the index, with its algorithm
	Already   bool   // the tag stood for it before
}

// Text names the image by its digest, as a deployment should.
func (p *Pushed) Text() string {
	return fmt.Sprintf("%s@%s\n", p.Reference, p.Digest)
}

// Push publishes a release. The tag is set when everything else is there. If it stands for
// other bytes, the error wraps rundir.ErrRefused and the tag stays. Registries cannot set a
// tag on condition that it is free: publications by one user of a machine wait for each other,
// and those of several machines must be kept apart by whoever starts them.
func Push(ctx context.Context, r Release, o Options) (_ *Pushed, err error) {
	o.secrets = &secrets{}
	o.secrets.add(o.Password)
	repository, err := o.repository()
	if err != nil {
		return nil, err
	}
	unlock, err := o.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	dir, remove, err := fileio.TempDir("blocktrain-image-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	b, err := r.build(dir)
	if err != nil {
		return nil, err
	}
	p := &push{Options: o, repository: repository, built: b}
	return p.all(ctx)
}

// push is one publication.
type push struct {
	Options
	repository *remote.Repository
	*built
}

func (p *push) all(ctx context.Context) (*Pushed, error) {
	already, err := p.tagged(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.parts(ctx); err != nil {
		return nil, err
	}
	if !already {
		if err := p.tag(ctx); err != nil {
			return nil, err
		}
	}
	if err := p.check(ctx); err != nil {
		return nil, err
	}
	return &Pushed{Reference: p.Reference, Digest: p.index.Digest.String(), Already: already}, nil
}

// tagged says whether the tag is set. One that stands for something else is an error.
func (p *push) tagged(ctx context.Context) (already bool, err error) {
	err = p.try(ctx, "asking for "+p.Reference, func() error {
		found, err := p.repository.Resolve(ctx, p.repository.Reference.Reference)
		switch {
		case errors.Is(err, errdef.ErrNotFound):
			return nil
		case err != nil:
			return err
		case found.Digest != p.index.Digest:
			return &takenError{p.Reference, found.Digest.String(), p.index.Digest.String()}
		}
		already = true
		return nil
	})
	return already, err
}

// takenError is that of a tag that stands for something else.
type takenError struct{ reference, found, wanted string }

// Error implements error.
func (e *takenError) Error() string {
	return fmt.Sprintf("%v: %s is %s already, which has other bytes than what is to be published, %s; a tag is never moved: publish under another one, such as that of the next version", rundir.ErrRefused, e.reference, e.found, e.wanted)
}

// Unwrap implements errors.Is.
func (e *takenError) Unwrap() error { return rundir.ErrRefused }

// parts pushes everything but the tag. What is there already is left as it is.
func (p *push) parts(ctx context.Context) error {
	for _, b := range p.blobs {
		err := p.try(ctx, fmt.Sprintf("uploading %s (%d bytes)", b.MediaType, b.Size), func() error {
			there, err := p.repository.Blobs().Exists(ctx, b.Descriptor)
			if err != nil || there {
				return err
			}
			return p.send(b, func(r io.Reader) error { return p.repository.Blobs().Push(ctx, b.Descriptor, r) })
		})
		if err != nil {
			return err
		}
	}
	manifests := append(append([]*blob{}, p.manifests...), p.index)
	// A referrer is pushed even if it is there: the list that names it may lack it.
	for _, m := range append(manifests, p.referrers...) {
		err := p.try(ctx, "uploading a manifest", func() error {
			return p.send(m, func(r io.Reader) error { return p.repository.Manifests().Push(ctx, m.Descriptor, r) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *push) send(b *blob, to func(io.Reader) error) error {
	r, err := b.open()
	if err != nil {
		return err
	}
	defer r.Close() // who sends a file closes it too
	return to(r)
}

// tag sets the tag, if nobody has set it meanwhile.
func (p *push) tag(ctx context.Context) error {
	already, err := p.tagged(ctx)
	if err != nil || already {
		return err
	}
	return p.try(ctx, "setting the tag "+p.repository.Reference.Reference, func() error {
		return p.repository.Manifests().PushReference(ctx, p.index.Descriptor, bytes.NewReader(p.index.bytes), p.repository.Reference.Reference)
	})
}

// check asks for what was published: the tag, each manifest byte by byte, and whether the
// blobs are there.
func (p *push) check(ctx context.Context) error {
	already, err := p.tagged(ctx)
	if err != nil {
		return err
	}
	if !already {
		return fmt.Errorf("the registry took %s and does not have it now: ask who runs the registry", p.Reference)
	}
	manifests := append(append([]*blob{p.index}, p.manifests...), p.referrers...)
	for _, m := range manifests {
		if err := p.try(ctx, "reading the manifest "+m.Digest.String(), func() error { return p.compare(ctx, m) }); err != nil {
			return err
		}
	}
	return nil
}

func (p *push) compare(ctx context.Context, m *blob) error {
	r, err := p.repository.Manifests().Fetch(ctx, v1.Descriptor{MediaType: m.MediaType, Digest: m.Digest, Size: m.Size})
	if err != nil {
		return err
	}
	found, err := io.ReadAll(io.LimitReader(r, m.Size+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if !bytes.Equal(found, m.bytes) {
		return fmt.Errorf("the registry answers with other bytes than those of %s, which were sent to it: do not use it", m.Digest)
	}
	return nil
}

// lockWait is how long a publication waits for another one under the same tag.
const lockWait = 10 * time.Minute

// lock keeps other publications of this user under the same tag waiting.
func (o Options) lock(ctx context.Context) (unlock func() error, err error) {
	if o.Locks == "" {
		return func() error { return nil }, nil
	}
	dir := filepath.Join(o.Locks, "publish-"+fileio.SHA256Of([]byte(o.Reference))[:16])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	locked, err := fileio.LockWithin(ctx, dir, lockWait)
	if errors.Is(err, fileio.ErrLocked) {
		return nil, fmt.Errorf("another publication under %s has not ended in %v: look for its process: %w", o.Reference, lockWait, err)
	}
	if err != nil {
		return nil, err
	}
	return locked.Unlock, nil
}
