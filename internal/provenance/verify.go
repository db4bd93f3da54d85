package provenance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Signature is one of a package.
type Signature struct {
	File    string // that it is in
	Kind    Kind   // of the key
	KeyID   string // as the file says
	Name    string // of the key, from the file of public keys
	Checked bool   // a key that was given has made it; otherwise nothing is known but what the file says
}

// Findings are what Verify found.
type Findings struct {
	Signatures []Signature
	Lacking    []string // files that packages have beside them and this one has not
}

// Signed says whether a key that was given has signed the package. Signatures that no key was
// given for prove nothing.
func (f *Findings) Signed() bool {
	for _, s := range f.Signatures {
		if s.Checked {
			return true
		}
	}
	return false
}

// Text says by whom the package is signed, in lines.
func (f *Findings) Text() string {
	var b strings.Builder
	if len(f.Signatures) == 0 {
		fmt.Fprintln(&b, "not signed: nothing says who made it")
	}
	for _, s := range f.Signatures {
		key := PublicKey{ID: s.KeyID, Name: s.Name}
		switch {
		case s.Checked:
			fmt.Fprintf(&b, "signed by %s, %s, in %s\n", &key, s.Kind, s.File)
		default:
			fmt.Fprintf(&b, "says to be signed by %q, %s, in %s: not checked, since --public-key has no such key\n", key.ID, s.Kind, s.File)
		}
	}
	if len(f.Lacking) > 0 {
		fmt.Fprintf(&b, "not there, so not compared: %s\n", strings.Join(f.Lacking, ", "))
	}
	return b.String()
}

// Problem is what is wrong with a file beside a package. It is the error of Verify.
type Problem struct {
	File     string
	Figure   string // such as sha256, or a place in the file
	Recorded string
	Found    string
	Cause    string // and what to do
}

// Error implements error.
func (p *Problem) Error() string {
	return fmt.Sprintf("%s, %s: %s was recorded, found is %s: %s", p.File, p.Figure, p.Recorded, p.Found, p.Cause)
}

// Verify compares what lies beside the package at path, an archive or a folder, with its
// files, which are in folder and were found to be those of its list before. Of each kind of
// which there is a key, it wants a signature by one of them. Without keys it says who claims to
// have signed. What is wrong is a *Problem.
func Verify(path, folder string, keys Keys) (*Findings, error) {
	b := BesideOf(path)
	digest, err := b.archiveDigest()
	if err != nil {
		return nil, err
	}
	c, err := readContents(folder, digest)
	if err != nil {
		return nil, err
	}
	v := &verification{contents: c, beside: b, keys: keys, found: &Findings{}}
	for _, check := range []func() error{v.checkSidecar, v.checkBill, v.checkStatements, v.checkModel} {
		if err := check(); err != nil {
			return v.found, err
		}
	}
	return v.found, nil
}

type verification struct {
	*contents
	beside Beside
	keys   Keys
	found  *Findings
}

// archiveDigest is the digest of the archive. Where only the folder is at hand, it is what
// the files beside it say, which must then say the same.
func (b Beside) archiveDigest() (string, error) {
	digest, err := fileio.SHA256(b.archive())
	if !errors.Is(err, fs.ErrNotExist) {
		return digest, err
	}
	return b.claimedDigest(), nil
}

// claimedDigest is what the files beside an archive that is not there say of it; empty where
// none does, or where they are damaged, which is found when they are compared.
func (b Beside) claimedDigest() string {
	if text, err := fileio.ReadFile(b.sidecar(), maxSums); err == nil {
		if sums, err := fileio.ParseChecksums(text); err == nil {
			return sums[0].SHA256
		}
	}
	var first struct {
		Subject []resource `json:"subject"`
	}
	s, err := readStatements(b.statements())
	if err != nil || json.Unmarshal(s.payloads[0], &first) != nil || len(first.Subject) == 0 {
		return ""
	}
	return first.Subject[0].Digest["sha256"]
}

// read reads a file beside the package; nil if it is not there.
func (v *verification) read(path string) ([]byte, error) {
	text, err := fileio.ReadFile(path, maxStatements)
	if errors.Is(err, fs.ErrNotExist) {
		v.found.Lacking = append(v.found.Lacking, filepath.Base(path))
		return nil, nil
	}
	if err == nil && text == nil {
		text = []byte{}
	}
	return text, err
}

// checkSidecar compares the archive's digest.
func (v *verification) checkSidecar() error {
	text, err := v.read(v.beside.sidecar())
	if err != nil || text == nil || bytes.Equal(text, v.sidecarText()) {
		return err
	}
	return &Problem{filepath.Base(v.beside.sidecar()), "sha256", fmt.Sprintf("%.100q", text), fmt.Sprintf("%q", v.sidecarText()),
		"the file or the archive was changed, or is damaged: get both anew"}
}

// checkBill compares what the package consists of.
func (v *verification) checkBill() error {
	text, err := v.read(v.beside.bill())
	if err != nil || text == nil {
		return err
	}
	want, err := v.billText()
	if err != nil || bytes.Equal(text, want) {
		return err
	}
	return &Problem{filepath.Base(v.beside.bill()), "content", "SHA-256 " + fileio.SHA256Of(text), "SHA-256 " + fileio.SHA256Of(want) + " of what the package gives",
		"the file was changed, is damaged or is of another package: get it anew"}
}

// checkStatements compares the statements, and then who signed them.
func (v *verification) checkStatements() error {
	file := filepath.Base(v.beside.statements())
	text, err := v.read(v.beside.statements())
	if err != nil {
		return err
	}
	if text == nil {
		return v.unsigned(file, Ed25519)
	}
	s, err := readStatements(v.beside.statements())
	if err != nil {
		return damaged(file, err)
	}
	if err := v.compareStatements(file, s); err != nil {
		return err
	}
	return v.checkSignatures(file, s)
}

// damaged is the problem of a file that is not what the program writes.
func damaged(file string, err error) *Problem {
	return &Problem{file, "content", "a file that this program reads", err.Error(), "it was changed, or is damaged: get it anew"}
}

// compareStatements makes the statements again and compares them. A review may follow, which
// must be of the same package.
func (v *verification) compareStatements(file string, s *statements) error {
	want, err := v.statements()
	if err != nil {
		return err
	}
	for i, payload := range s.payloads[min(len(want), len(s.payloads)):] {
		var of struct {
			PredicateType string          `json:"predicateType"`
			Predicate     json.RawMessage `json:"predicate"`
		}
		if err := json.Unmarshal(payload, &of); err != nil {
			return damaged(file, err)
		}
		if of.PredicateType != ReviewType || i > 0 {
			return damaged(file, fmt.Errorf("statement %d, of the type %.80q, is one more than packages have", len(want)+i+1, of.PredicateType))
		}
		review, err := v.review(of.Predicate)
		if err != nil {
			return damaged(file, fmt.Errorf("the statement on the review: %w", err))
		}
		want = append(want, review)
	}
	for i := range want {
		if i >= len(s.payloads) {
			return damaged(file, fmt.Errorf("it has %d statements, want %d", len(s.payloads), len(want)))
		}
		if !bytes.Equal(s.payloads[i], want[i]) {
			return &Problem{file, fmt.Sprintf("statement %d", i+1), "SHA-256 " + fileio.SHA256Of(s.payloads[i]),
				"SHA-256 " + fileio.SHA256Of(want[i]) + " of what the package gives",
				"the file was changed, is damaged, is of another package, or another version of the program wrote it: get it anew"}
		}
	}
	return nil
}

// checkSignatures checks the signatures of statements, all of which must be signed by the
// same keys.
func (v *verification) checkSignatures(file string, s *statements) error {
	for i, e := range s.envelopes {
		found, err := v.signatures(file, e, s.payloads[i])
		var problem *Problem
		if errors.As(err, &problem) {
			problem.Figure += fmt.Sprintf(" of statement %d", i+1)
		}
		if err != nil {
			return err
		}
		if i == 0 {
			v.found.Signatures = found
		} else if !equalSignatures(found, v.found.Signatures) {
			return &Problem{file, fmt.Sprintf("signatures of statement %d", i+1), "the same keys for every statement", "others than those of the first",
				"statements were changed: get the file anew, or sign the package again"}
		}
	}
	if len(v.found.Signatures) == 0 {
		return v.unsigned(file, Ed25519)
	}
	return v.foreign(file, Ed25519)
}

func equalSignatures(a, b []Signature) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// signatures reads those of one envelope.
func (v *verification) signatures(file string, e *envelope, payload []byte) ([]Signature, error) {
	var found []Signature
	seen := map[string]bool{}
	for _, s := range e.Signatures {
		sig, err := decode(s.Sig)
		if err == nil && seen[s.KeyID] {
			err = fmt.Errorf("the key %.80q has signed twice", s.KeyID)
		}
		if err != nil {
			return nil, damaged(file, err)
		}
		seen[s.KeyID] = true
		one, err := v.signature(file, Ed25519, s.KeyID, authenticated(payload), sig)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// signature checks one signature if there is a key for it.
func (v *verification) signature(file string, kind Kind, id string, message, sig []byte) (Signature, error) {
	s := Signature{File: file, Kind: kind, KeyID: id}
	key := v.keys.find(id)
	switch {
	case key == nil:
		return s, nil
	case key.Kind != kind:
		return s, &Problem{file, "signature", "one by a key of the kind " + string(kind), "the key " + key.String() + ", of the kind " + string(key.Kind),
			"the file was changed: get it anew"}
	case !key.verify(message, sig):
		return s, &Problem{file, "signature", "one by the key " + key.String(), "a signature that the key has not made of this content",
			"the file was changed or is damaged: get it anew from whoever signed it"}
	}
	s.Checked, s.Name = true, key.Name
	return s, nil
}

// unsigned refuses a package without a signature of a kind of which there is a key.
func (v *verification) unsigned(file string, kind Kind) error {
	if !v.keys.have(kind) {
		return nil
	}
	return &Problem{file, "signature", "one by a key of the kind " + string(kind) + " that --public-key has", "not signed",
		"it was never signed by such a key, or the signature was removed: get the file from whoever signed the package, or have the package signed by blocktrain package sign"}
}

// foreign refuses a package that is signed by other keys of the kind than those given.
func (v *verification) foreign(file string, kind Kind) error {
	if !v.keys.have(kind) {
		return nil
	}
	var ids []string
	for _, s := range v.found.Signatures {
		if s.Kind == kind && s.Checked {
			return nil
		}
		if s.Kind == kind {
			ids = append(ids, fmt.Sprintf("%.80q", s.KeyID))
		}
	}
	return &Problem{file, "signature", "one by a key of the kind " + string(kind) + " that --public-key has", "a signature by the key " + strings.Join(ids, ", "),
		"somebody else signed it; if that key is to be trusted, add it to the file of public keys"}
}

// checkModel compares the bundle of OpenSSF model signing with the files.
func (v *verification) checkModel() error {
	path := v.beside.model()
	file := filepath.Base(path)
	text, err := fileio.ReadFile(path, maxStatements)
	if errors.Is(err, fs.ErrNotExist) {
		return v.unsigned(file, P256)
	}
	if err != nil {
		return err
	}
	o, err := openModel(text)
	if err != nil {
		return damaged(file, err)
	}
	if err := v.compare(file, o); err != nil {
		return err
	}
	s, err := v.signature(file, P256, o.keyID, o.message, o.signature)
	if err != nil {
		return err
	}
	v.found.Signatures = append(v.found.Signatures, s)
	return v.foreign(file, P256)
}

// compare compares a bundle with the package's files.
func (c *contents) compare(file string, o *openedModel) error {
	place, recorded, found, err := c.compareModel(&o.statement)
	if err != nil || place == "" {
		return err
	}
	return &Problem{file, place, recorded, found, "the package or the file was changed, is damaged, or is of another package: get both anew"}
}

// checkSignedModel says whether the bundle at path is of this package; an error where it is not,
// or where there is none.
func (c *contents) checkSignedModel(path string) error {
	text, err := fileio.ReadFile(path, maxStatements)
	if err != nil {
		return err
	}
	o, err := openModel(text)
	if err != nil {
		return err
	}
	return c.compare(filepath.Base(path), o)
}
