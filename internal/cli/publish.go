package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/oci"
	"github.com/blocktrain/blocktrain/internal/provenance"
	"github.com/blocktrain/blocktrain/internal/release/publish"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/verify"
)

// publishing is what the command is asked for.
type publishing struct {
	publish.Conditions
	repository                  publish.Options
	image                       oci.Options
	publicKey, rollback, source string
	attestations                []string
}

func publishCommand() *command {
	var p publishing
	return &command{
		flagsAlone: true,
		use:        "publish [PACKAGE]", short: "bring a package to a model repository or a registry", group: groupStages,
		long: `Publishes a package that 'package verify' finds nothing wrong with, exit code 4
if it does, and that the gate approved; another one is refused, exit code 3.
Only flags count, but for --max-package-mb: no environment and no .env.

--model-repository is a folder that Triton may be watching. The model comes as
the version after the highest. Its folder is built beside the repository, and
exchanged in one step. Other classes, inputs or outputs than those of the model
that is there are refused. --keep removes older versions, but only those that
this command published and nobody changed. --rollback MODEL, without a package,
publishes the version before the newest one once more.

The standard output has where the package went; what was verified goes to the
standard error.

--image is HOST/NAME:TAG. The image has the model repository under /models, for
Kubernetes' image volumes; attached to it are the archive, its statements, its
signatures, and with --attestation Sigstore bundles about the archive, such as
those of GitHub's actions/attest. The tag is set last, and never moved: one that
stands for other bytes is refused. Credentials are those of Docker's
configuration, or REGISTRY_USERNAME and REGISTRY_PASSWORD.`,
		example: `  blocktrain publish digits-1.0.0.tar.gz --model-repository /srv/models --keep 3
  blocktrain publish --rollback digits --model-repository /srv/models
  blocktrain publish digits-1.0.0.tar.gz --image ghcr.io/acme/digits:1.0.0 \
    --public-key release.pub --require-signature`,
		settings: named("max-package-mb"),
		own:      p.declare,
		args: func(args []string) error {
			if len(args) > 1 {
				return config.Usagef("want one package, got %d arguments", len(args))
			}
			return nil
		},
		run: func(ctx context.Context, c *call) error {
			if err := p.check(c.args); err != nil {
				return err
			}
			if p.rollback != "" {
				done, err := publish.Rollback(ctx, p.rollback, p.repository)
				if err == nil {
					c.print(done.Text())
				}
				return err
			}
			return p.publish(ctx, c)
		},
	}
}

func (p *publishing) declare(o *config.Options) {
	o.String(&p.repository.Repository, "model-repository", "", "folder of models that Triton serves")
	o.String(&p.repository.Staging, "staging", "", "folder in which one is made to build in, on the same file system as --model-repository and outside of it; empty: beside that")
	o.Bool(&p.repository.ReplaceInterface, "replace-interface", false, "publish even if classes, inputs, outputs or an edited configuration are replaced")
	o.Int(&p.repository.Keep, "keep", 0, "versions published by this command that stay, the new one included; 0: all", config.Between(0, 1_000_000))
	o.String(&p.rollback, "rollback", "", "model to roll back, in --model-repository")
	o.String(&p.image.Reference, "image", "", "image to publish, HOST/NAME:TAG")
	o.Bool(&p.image.PlainHTTP, "plain-http", false, "the registry is on this machine and has no TLS")
	o.String(&p.source, "source", "", "address of the source, which the image names (org.opencontainers.image.source)")
	o.Words(&p.attestations, "attestation", "", "files with a Sigstore bundle about the archive, to attach to the image")
	o.Bool(&p.AllowForced, "allow-forced", false, "publish a release that was forced")
	o.Bool(&p.RequireSignature, "require-signature", false, "refuse a package that no key of --public-key has signed")
	o.String(&p.publicKey, "public-key", "", "trusted public keys: a PEM FILE, or env:NAME for a variable that holds one")
	// What surrounds the command must not loosen what it wants, or send a package elsewhere.
	o.FromFlags()
}

// check refuses flags that do not go together.
func (p *publishing) check(args []string) error {
	toFolder, toRegistry := p.repository.Repository != "", p.image.Reference != ""
	switch {
	case p.rollback != "" && (len(args) > 0 || !toFolder || toRegistry):
		return config.Usagef("--rollback wants --model-repository, and neither a package nor --image")
	case p.rollback == "" && len(args) == 0:
		return config.Usagef("want the package to publish, unpacked or as .tar.gz")
	case toFolder == toRegistry:
		return config.Usagef("say where to publish: --model-repository or --image, one of them")
	case len(p.attestations) > 0 && !toRegistry:
		return config.Usagef("--attestation wants --image: a model repository has no place for attestations")
	case p.RequireSignature && p.publicKey == "":
		return config.Usagef("--require-signature wants --public-key: without it nobody knows whose signature counts")
	}
	if toRegistry {
		_, err := oci.ParseReference(p.image.Reference)
		return err
	}
	if !fileio.Exists(p.repository.Repository) {
		return config.Usagef("--model-repository %s does not exist: make the folder that the server is given, or name another", p.repository.Repository)
	}
	return nil
}

// publish verifies the package and publishes what was verified.
func (p *publishing) publish(ctx context.Context, c *call) (err error) {
	path := c.args[0]
	if p.image.Reference != "" {
		if path, err = publish.Archive(path); err != nil {
			return err
		}
	}
	source, err := rundir.OpenModelSource(ctx, path, c.settings.MaxPackageMB)
	if err != nil {
		return damaged(ctx, c, path, err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	record, err := p.verified(ctx, c, path, source)
	if err != nil {
		return err
	}
	if p.image.Reference != "" {
		return p.push(ctx, c, source, record, path)
	}
	done, err := publish.ToRepository(ctx, source, record, p.repository)
	if err == nil {
		c.print(done.Text())
	}
	return err
}

// damaged is the error of a package that cannot be opened: the difference that 'package
// verify' finds, if it finds one.
func damaged(ctx context.Context, c *call, path string, opened error) error {
	found, err := verify.Package(ctx, c.env, verify.PackageRequest{Path: path, MaxMB: c.settings.MaxPackageMB})
	if !errors.Is(err, rundir.ErrDifference) {
		return opened
	}
	c.say(found.Text())
	return err
}

// verified is the record of a package that may be published.
func (p *publishing) verified(ctx context.Context, c *call, path string, source *rundir.Source) (*rundir.Record, error) {
	request := verify.PackageRequest{Path: path, MaxMB: c.settings.MaxPackageMB}
	if p.publicKey != "" {
		var err error
		if request.Keys, err = provenance.ReadPublicKeys(p.publicKey); err != nil {
			return nil, err
		}
	}
	before, err := fileio.SHA256(source.File(fileio.ChecksumFile))
	if err != nil {
		return nil, err
	}
	found, err := verify.Package(ctx, c.env, request)
	if found != nil {
		c.say(found.Text())
	}
	if err != nil {
		return nil, err
	}
	record, err := source.ReadRecord()
	if err != nil {
		return nil, source.Named(err)
	}
	// An archive was unpacked once to be verified and once to be published.
	if found.SumsSHA256 != before {
		return nil, errors.New(path + " was changed while it was verified: nothing was published")
	}
	return record, p.Check(record, found.Provenance.Signed())
}

// push publishes an image.
func (p *publishing) push(ctx context.Context, c *call, source *rundir.Source, record *rundir.Record, archive string) error {
	image, err := publish.Image(source, record, archive, p.source)
	if err != nil {
		return err
	}
	if err := publish.Attach(&image, archive, p.attestations); err != nil {
		return err
	}
	o := p.image
	o.Username, o.Password = os.Getenv(oci.UsernameVariable), os.Getenv(oci.PasswordVariable)
	if cache, err := os.UserCacheDir(); err == nil {
		o.Locks = filepath.Join(cache, "blocktrain")
	}
	o.Log = func(message string) { c.env.Log.Warn(message) }
	pushed, err := oci.Push(ctx, image, o)
	if err == nil {
		c.print(pushed.Text())
	}
	return err
}
