package provenance

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// The bundle of OpenSSF model signing, version 1.0, for a P-256 key: a DSSE envelope in a
// bundle of Sigstore, with the digest of every file of the package's folder. Python's
// model_signing verifies it, and whoever signs by that gets one that is read here.

const (
	modelPredicate = "https://model_signing/signature/v1.0"
	modelMedia     = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

// ignored are the names that model_signing does not look at, at the top of a folder.
var ignored = []string{".git", ".gitattributes", ".github", ".gitignore", "model.sig"}

// modelBundle is the file.
type modelBundle struct {
	MediaType string `json:"mediaType"`
	Material  struct {
		PublicKey struct {
			Hint string `json:"hint"` // PublicKey.ID
		} `json:"publicKey"`
		Entries []json.RawMessage `json:"tlogEntries"` // of a transparency log: none
	} `json:"verificationMaterial"`
	Envelope struct {
		Payload     string      `json:"payload"`
		PayloadType string      `json:"payloadType"`
		Signatures  []signature `json:"signatures"`
	} `json:"dsseEnvelope"`
}

// modelStatement is its payload.
type modelStatement struct {
	Type          string         `json:"_type"`
	Subject       []modelSubject `json:"subject"`
	PredicateType string         `json:"predicateType"`
	Predicate     struct {
		Serialization modelSerialization `json:"serialization"`
		Resources     []modelResource    `json:"resources"`
	} `json:"predicate"`
}

type modelSubject struct {
	Name   string `json:"name"`
	Digest struct {
		SHA256 string `json:"sha256"`
	} `json:"digest"`
}

type modelSerialization struct {
	Method        string   `json:"method"`
	HashType      string   `json:"hash_type"`
	AllowSymlinks bool     `json:"allow_symlinks"`
	IgnorePaths   []string `json:"ignore_paths"`
}

type modelResource struct {
	Name      string `json:"name"`
	Algorithm string `json:"algorithm"`
	Digest    string `json:"digest"`
}

// checkNames refuses files that model_signing would leave out, so that anything could be in
// them.
func (c *contents) checkNames() error {
	for _, f := range c.files {
		if top, _, _ := strings.Cut(f.Path, "/"); slices.Contains(ignored, top) {
			return fmt.Errorf("%s: OpenSSF model signing leaves out %s, so that its signature would not cover it: remove it from the package", f.Path, top)
		}
	}
	return nil
}

// modelStatement says which files the package has.
func (c *contents) modelStatement() (*modelStatement, error) {
	if err := c.checkNames(); err != nil {
		return nil, err
	}
	s := &modelStatement{Type: statementType, PredicateType: modelPredicate, Subject: []modelSubject{{Name: c.name}}}
	s.Predicate.Serialization = modelSerialization{"files", "sha256", false, ignored}
	all := sha256.New()
	for _, f := range c.byParts() {
		digest, err := hex.DecodeString(f.SHA256)
		if err != nil {
			return nil, err
		}
		all.Write(digest)
		s.Predicate.Resources = append(s.Predicate.Resources, modelResource{f.Path, "sha256", f.SHA256})
	}
	s.Subject[0].Digest.SHA256 = hex.EncodeToString(all.Sum(nil))
	return s, nil
}

// signModel makes the bundle: one line without an end, as model_signing writes it.
func (c *contents) signModel(s *Signer) ([]byte, error) {
	statement, err := c.modelStatement()
	if err != nil {
		return nil, err
	}
	payload, err := fileio.MarshalJSON(statement)
	if err != nil {
		return nil, err
	}
	payload = bytes.TrimSuffix(payload, []byte("\n"))
	sig, err := s.sign(authenticated(payload))
	if err != nil {
		return nil, err
	}
	var b modelBundle
	b.MediaType = modelMedia
	b.Material.PublicKey.Hint = s.ID
	b.Material.Entries = []json.RawMessage{}
	b.Envelope.Payload, b.Envelope.PayloadType = base64.StdEncoding.EncodeToString(payload), payloadType
	b.Envelope.Signatures = []signature{{"", base64.StdEncoding.EncodeToString(sig)}}
	return json.Marshal(b)
}

// openedModel is a bundle whose form is right: its payload, and who says to have signed it.
type openedModel struct {
	keyID     string
	message   []byte // that is signed
	signature []byte
	statement modelStatement
}

// openModel reads a bundle strictly.
func openModel(text []byte) (*openedModel, error) {
	var b modelBundle
	if err := fileio.DecodeJSON(text, &b, fileio.Form{}); err != nil {
		return nil, err
	}
	switch {
	case b.MediaType != modelMedia:
		return nil, fmt.Errorf("mediaType is %.80q, want %q", b.MediaType, modelMedia)
	case len(b.Material.Entries) > 0:
		return nil, errors.New("it has entries of a transparency log, which are not checked here: verify it with model_signing, and sign the package with a key for 'blocktrain package verify'")
	case len(b.Envelope.Signatures) != 1:
		return nil, fmt.Errorf("it has %d signatures, want one", len(b.Envelope.Signatures))
	}
	e := envelope{PayloadType: b.Envelope.PayloadType, Payload: b.Envelope.Payload}
	payload, err := e.open()
	if err != nil {
		return nil, err
	}
	sig, err := decode(b.Envelope.Signatures[0].Sig)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	o := &openedModel{keyID: b.Material.PublicKey.Hint, message: authenticated(payload), signature: sig}
	if err := fileio.DecodeJSON(payload, &o.statement, fileio.Form{}); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	return o, nil
}

// compareModel compares a bundle with the files of the package, and returns the name of the
// first place where they differ, with both values; empty where there is none. The names
// that were left out when it was made do not matter, since every file must be in it.
func (c *contents) compareModel(s *modelStatement) (place, recorded, found string, err error) {
	want, err := c.modelStatement()
	if err != nil {
		return "", "", "", err
	}
	for i, w := range want.Predicate.Resources {
		if i >= len(s.Predicate.Resources) {
			return w.Name, "nothing", w.Digest, nil
		}
		if r := s.Predicate.Resources[i]; r != w {
			return w.Name, r.Algorithm + " " + r.Digest + " of " + r.Name, w.Algorithm + " " + w.Digest, nil
		}
	}
	if extra := len(want.Predicate.Resources); len(s.Predicate.Resources) > extra {
		return s.Predicate.Resources[extra].Name, "a file", "nothing", nil
	}
	s.Predicate.Serialization.IgnorePaths = want.Predicate.Serialization.IgnorePaths
	theirs, err := fileio.MarshalJSON(s)
	if err != nil {
		return "", "", "", err
	}
	ours, err := fileio.MarshalJSON(want)
	if err != nil || bytes.Equal(theirs, ours) {
		return "", "", "", err
	}
	return "statement", "SHA-256 " + fileio.SHA256Of(theirs), "SHA-256 " + fileio.SHA256Of(ours) + " of the package's files", nil
}
