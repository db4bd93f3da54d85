package publish

import (
	"encoding/base64"
	"fmt"
	"regexp"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/oci"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// attestation is a Sigstore bundle with a statement, as far as it is read here.
type attestation struct {
	MediaType string `json:"mediaType"`
	Envelope  struct {
		Type    string `json:"payloadType"`
		Payload string `json:"payload"` // base64
	} `json:"dsseEnvelope"`
}

// attested is what an in-toto statement is about.
type attested struct {
	Subject []struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
}

var (
	bundleType      = regexp.MustCompile(`^application/vnd\.dev\.sigstore\.bundle\.v0\.[0-9]+\+json$`)
	attestationForm = fileio.Form{MaxBytes: 32 << 20, Open: true}
)

// Attach attaches attestations to an image: files with one Sigstore bundle each, as GitHub's
// actions/attest writes them. Each must be about the archive. Who signed it is not looked at:
// whoever uses the image does that, with the identity that they trust.
func Attach(r *oci.Release, archive string, files []string) error {
	if len(files) == 0 {
		return nil
	}
	digest, err := fileio.SHA256(archive)
	if err != nil {
		return err
	}
	for _, file := range files {
		mediaType, err := readAttestation(file, digest)
		if err != nil {
			return fmt.Errorf("the attestation %s: %w", file, err)
		}
		r.Attached = append(r.Attached, oci.Attachment{Type: mediaType, Files: []oci.File{{Path: file, MediaType: mediaType}}})
	}
	return nil
}

// readAttestation is the media type of a bundle about the file with that SHA-256.
func readAttestation(file, digest string) (string, error) {
	b, err := fileio.ReadFile(file, attestationForm.MaxBytes)
	if err != nil {
		return "", err
	}
	var bundle attestation
	if err := fileio.DecodeJSON(b, &bundle, attestationForm); err != nil {
		return "", err
	}
	if !bundleType.MatchString(bundle.MediaType) {
		return "", fmt.Errorf("mediaType is %.80q, want that of a Sigstore bundle, version 0.3", bundle.MediaType)
	}
	payload, err := base64.StdEncoding.DecodeString(bundle.Envelope.Payload)
	if err != nil {
		return "", fmt.Errorf("its payload: %w", err)
	}
	var statement attested
	if err := fileio.DecodeJSON(payload, &statement, attestationForm); err != nil {
		return "", fmt.Errorf("its statement: %w", err)
	}
	for _, subject := range statement.Subject {
		if subject.Digest["sha256"] == digest {
			return bundle.MediaType, nil
		}
	}
	return "", fmt.Errorf("%w: none of its %d subjects has the SHA-256 of the archive, %s: attest this archive", rundir.ErrRefused, len(statement.Subject), digest)
}
