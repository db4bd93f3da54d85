// Command check serves the files of deploy.
//
//	go -C deploy/_check run . certificates
//	go -C deploy/_check run . kubernetes FILE...
//	go -C deploy/_check run . compose FILE...
//
// The first writes Mozilla's root certificates as PEM, as the pinned module has them. The
// second decodes manifests into Kubernetes' own types, and refuses unknown fields. The third
// loads Compose files, one behind the other, by Docker's loader, which has the schema in it.
package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "certificates":
		return certificates(os.Stdout)
	case len(args) > 1 && args[0] == "kubernetes":
		var all []error
		for _, file := range args[1:] {
			all = append(all, checkManifests(file))
		}
		return errors.Join(all...)
	case len(args) > 1 && args[0] == "compose":
		return checkCompose(args[1:])
	}
	return errors.New("usage: check certificates, check kubernetes FILE..., or check compose FILE")
}

// certificates leaves out roots with constraints, such as those that are only trusted for
// what they signed up to a date: PEM cannot say that.
func certificates(w io.Writer) error {
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return err
		}
	}
	return nil
}

func checkCompose(files []string) error {
	options, err := cli.NewProjectOptions(files, cli.WithOsEnv)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	for _, s := range project.AllServices() {
		fmt.Printf("compose: service %s of %s\n", s.Name, s.Image)
	}
	return nil
}
