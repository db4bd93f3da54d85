package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/provenance"
	"github.com/blocktrain/blocktrain/internal/review"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/verify"
)

func packageCommand() *command {
	var dir string
	return &command{
		use: "package", short: "write the release package of an approved run", group: groupStages,
		long: `Writes package/<name>-<version>/ and its .tar.gz in the run directory. A model
that the gate refused is not packaged: exit code 3. What export/ holds is
written again in the formats that it has, so that it has the same name and
decision. Without --name and --release-version, both stay as they were given
last. A package that was removed is made again to the byte; one with other bytes
takes another --release-version, or --overwrite-release. Beside the archive it
writes its digest (.tar.gz.sha256), what the package consists of (.cdx.json,
CycloneDX), and statements on training, gate and figures (.intoto.jsonl), which
'package sign' signs.`,
		example: `  blocktrain package --run runs/first
  blocktrain package --run runs/first --release-version 1.0.0
  blocktrain package verify runs/first/package/digits-vgg-small-0.1.0`,
		settings: named("name", "release-version", "license", "contact", "intended-use", "exporters", "require-commit", "overwrite-release"), recorded: &dir, needsRun: true,
		own: func(o *config.Options) { declareRun(o, &dir) },
		run: func(ctx context.Context, c *call) error {
			made, err := pipeline.Package(ctx, c.env, c.settings, dir)
			if err != nil {
				return err
			}
			return c.printPath(made.Archive, nil)
		},
		children: []*command{packageVerifyCommand(), packageCheckCommand(), packageSmokeCommand(), packageSignCommand()},
	}
}

func packageVerifyCommand() *command {
	var publicKey string
	return &command{
		use: "verify PACKAGE", short: "check a package, and say who signed it",
		long: `Checks that every file of the package is in SHA256SUMS with its digest, that
nothing is there which no package has, that the files agree with each other, and
that model, server configuration, labels, decision, tables, plots and model card
are what weights, history and evaluations give. Then it compares what lies
beside the archive, and says who signed the package, or that it is not signed.
Exit code 4 says that something differs. It needs no data and trains nothing;
'blocktrain verify' does. The package may be unpacked or a .tar.gz, which is
unpacked to a temporary folder.

--public-key is a PEM file with every key that you trust. Of each kind of key
that is in it, Ed25519 for the statements and ECDSA P-256 for the bundle of
OpenSSF model signing, one must have signed: exit code 4 if none has. Without
it, signatures are shown and not checked. Only the flag counts, and neither the
environment nor .env.`,
		example: `  blocktrain package verify runs/first/package/digits-vgg-small-0.1.0
  blocktrain package verify digits-1.0.0.tar.gz --public-key release.pub`,
		settings: named("max-package-mb"),
		own: func(o *config.Options) {
			o.String(&publicKey, "public-key", "", "trusted public keys: a PEM FILE, or env:NAME for a variable that holds one")
			o.FromFlags()
		},
		args: onePackage,
		run: func(ctx context.Context, c *call) error {
			request := verify.PackageRequest{Path: c.args[0], MaxMB: c.settings.MaxPackageMB}
			if publicKey != "" {
				keys, err := provenance.ReadPublicKeys(publicKey)
				if err != nil {
					return err
				}
				request.Keys = keys
			}
			found, err := verify.Package(ctx, c.env, request)
			if found != nil {
				c.print(found.Text())
			}
			return err
		},
	}
}

// onePackage wants the one argument of a command on a package.
func onePackage(args []string) error {
	if len(args) != 1 {
		return config.Usagef("want one package, got %d arguments", len(args))
	}
	return nil
}

func packageSignCommand() *command {
	var statementsKey, modelKey, verdict string
	return &command{
		use: "sign PACKAGE", short: "sign a package with a key",
		long: `Signs a package, after 'package verify' has found nothing wrong with it. No file
of the package changes: the signatures are in files beside its archive. One of
two keys is needed, each a PEM file without a password, or env:NAME for an
environment variable that holds such a file's text:

  --signing-key        Ed25519: signs the statements in .intoto.jsonl, which are
                       in-toto statements in DSSE envelopes
  --model-signing-key  ECDSA P-256: writes .model.sig, the bundle of OpenSSF
                       model signing, which 'model_signing verify key' checks

Signing again with the same key gives the same bytes; with another one it
replaces the signature. Keys and --review are taken from flags alone, and
neither from the environment nor from .env.`,
		example: `  openssl genpkey -algorithm ed25519 -out release.pem
  openssl pkey -in release.pem -pubout -out release.pub
  blocktrain package sign digits-1.0.0.tar.gz --signing-key release.pem`,
		settings: named("max-package-mb"),
		own: func(o *config.Options) {
			o.String(&statementsKey, "signing-key", "", "key that signs the statements, Ed25519: a PEM FILE, or env:NAME")
			o.String(&modelKey, "model-signing-key", "", "key of the bundle of OpenSSF model signing, ECDSA P-256: a PEM FILE, or env:NAME")
			o.String(&verdict, "review", "", "file with the verdict of a review as JSON, which is signed too")
			o.FromFlags() // no file of a folder must say what is signed, and by whom
		},
		args: onePackage,
		run: func(ctx context.Context, c *call) error {
			signing, err := readSigning(statementsKey, modelKey, verdict)
			if err != nil {
				return err
			}
			for _, key := range []string{statementsKey, modelKey} {
				if provenance.OthersCanRead(key) {
					c.env.Log.Warn("other users of this machine can read the private key: chmod 600 keeps it from them", "file", key)
				}
			}
			request := verify.PackageRequest{Path: c.args[0], MaxMB: c.settings.MaxPackageMB}
			files, err := verify.SignPackage(ctx, c.env, request, *signing)
			if errors.Is(err, rundir.ErrDifference) {
				return fmt.Errorf("%s is not signed, since it is not as it was made: %v; 'blocktrain package verify' says more", c.args[0], err) //nolint:errorlint // exit code 4 is of commands that verify
			}
			if err != nil {
				return err
			}
			c.print(strings.Join(files, "\n") + "\n")
			return nil
		},
	}
}

// readSigning reads what a package is signed with.
func readSigning(statementsKey, modelKey, verdict string) (*provenance.Signing, error) {
	if statementsKey == "" && modelKey == "" {
		return nil, config.Usagef("no key is given: give --signing-key or --model-signing-key, or both; 'openssl genpkey -algorithm ed25519 -out FILE' makes the first")
	}
	if verdict != "" && statementsKey == "" {
		return nil, config.Usagef("--review needs --signing-key, since the verdict is one of the statements")
	}
	var signing provenance.Signing
	var err error
	if statementsKey != "" {
		if signing.Statements, err = provenance.ReadSigner(statementsKey, provenance.Ed25519); err != nil {
			return nil, err
		}
	}
	if modelKey != "" {
		if signing.Model, err = provenance.ReadSigner(modelKey, provenance.P256); err != nil {
			return nil, err
		}
	}
	if verdict != "" {
		if signing.Review, err = fileio.ReadFile(verdict, provenance.MaxReview); err != nil {
			return nil, config.Usagef("--review: %w", err)
		}
		if _, err = review.ParseVerdict(signing.Review); err != nil {
			return nil, config.Usagef("--review %s: %w", verdict, err)
		}
	}
	return &signing, nil
}
