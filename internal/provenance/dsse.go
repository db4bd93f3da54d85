package provenance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// payloadType is that of every envelope: an in-toto statement.
const payloadType = "application/vnd.in-toto+json"

// envelope is a DSSE envelope, version 1.0 of its specification.
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"`    // base64
	Signatures  []signature `json:"signatures"` // none: nobody has signed it yet
}

// signature is one of an envelope.
type signature struct {
	KeyID string `json:"keyid"` // PublicKey.ID; of a bundle empty, since that has it elsewhere
	Sig   string `json:"sig"`   // base64
}

// authenticated is the text that is signed instead of a payload: its type belongs to it
// (DSSE's "PAE").
func authenticated(payload []byte) []byte {
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(payloadType), payloadType, len(payload)), payload...)
}

// seal puts a payload into an envelope. A signer may be nil.
func seal(payload []byte, s *Signer) (*envelope, error) {
	e := &envelope{PayloadType: payloadType, Payload: base64.StdEncoding.EncodeToString(payload), Signatures: []signature{}}
	if s == nil {
		return e, nil
	}
	sig, err := s.sign(authenticated(payload))
	if err != nil {
		return nil, err
	}
	e.Signatures = append(e.Signatures, signature{s.ID, base64.StdEncoding.EncodeToString(sig)})
	return e, nil
}

// open returns the payload. No signature is checked.
func (e *envelope) open() ([]byte, error) {
	if e.PayloadType != payloadType {
		return nil, fmt.Errorf("payloadType is %.60q, want %q", e.PayloadType, payloadType)
	}
	payload, err := decode(e.Payload)
	if err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	return payload, nil
}

// decode reads base64, of which a value has one form alone.
func decode(text string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(b) != text { // line breaks in it
		return nil, errors.New("it is not base64 as the program writes it")
	}
	return b, nil
}

// maxStatements bounds the file of the statements.
const maxStatements = 64 << 20

// writeEnvelopes is the text of a file of statements: JSON lines.
func writeEnvelopes(envelopes []*envelope) ([]byte, error) {
	var b bytes.Buffer
	for _, e := range envelopes {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

// maxSignatures is how many an envelope may have.
const maxSignatures = 100

// readEnvelopes reads such a file, in which no byte may be otherwise than writeEnvelopes has it.
func readEnvelopes(b []byte) ([]*envelope, error) {
	if len(b) == 0 || b[len(b)-1] != '\n' {
		return nil, errors.New("its last line does not end: it is cut off")
	}
	var envelopes []*envelope
	for line := range bytes.SplitSeq(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) {
		e := &envelope{}
		if err := fileio.DecodeJSON(line, e, fileio.Form{}); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(envelopes)+1, err)
		}
		if len(e.Signatures) > maxSignatures {
			return nil, fmt.Errorf("line %d has %d signatures, want at most %d", len(envelopes)+1, len(e.Signatures), maxSignatures)
		}
		envelopes = append(envelopes, e)
	}
	again, err := writeEnvelopes(envelopes)
	if err == nil && !bytes.Equal(again, b) {
		err = errors.New("spaces or the order of keys were changed")
	}
	return envelopes, err
}
