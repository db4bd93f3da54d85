package provenance

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Kind is the kind of a key, and so what it signs.
type Kind string

// The kinds of keys.
const (
	Ed25519 Kind = "Ed25519"     // signs the statements
	P256    Kind = "ECDSA P-256" // signs the bundle of OpenSSF model signing, which takes no Ed25519
)

// generate is how a key of the kind is made.
func (k Kind) generate() string {
	if k == P256 {
		return "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE"
	}
	return "openssl genpkey -algorithm ed25519 -out FILE"
}

// PublicKey is a key that signatures are checked with.
type PublicKey struct {
	// ID is the hexadecimal SHA-256 of the key as a PEM file of type PUBLIC KEY, as
	// openssl pkey -pubout writes it: what sha256sum says of that file.
	ID   string
	Kind Kind
	// Name is the text on the line above the key in the file that it was read from,
	// without its #; empty where there is none.
	Name string
	key  crypto.PublicKey
}

// String names the key for people.
func (k *PublicKey) String() string {
	if k.Name == "" {
		return k.ID
	}
	return k.ID + " (" + k.Name + ")"
}

// Signer is a private key.
type Signer struct {
	PublicKey
	private crypto.Signer
}

// environmentPrefix begins a place of a key that is an environment variable.
const environmentPrefix = "env:"

// maxKeyFile bounds the file of one or more keys.
const maxKeyFile = 1 << 18

// ReadSigner reads a private key that must be of the given kind, as PEM (PKCS #8 or
// SEC 1) without a password. Where is a file, or env:NAME for the text that an environment
// variable holds. Errors say nothing of the contents, and are config.UsageErrors.
func ReadSigner(where string, kind Kind) (*Signer, error) {
	if strings.Contains(where, "-----BEGIN") {
		return nil, config.Usagef("the key itself was given where the name of a file is wanted; others may have seen it: make another one, and give FILE or env:NAME")
	}
	text, err := readKey(where)
	if err != nil {
		return nil, err
	}
	s, err := parseSigner(text, kind)
	if err != nil {
		return nil, config.Usagef("private key %s: %w", where, err)
	}
	return s, nil
}

// OthersCanRead says whether a private key lies in a file that other users may read. Windows
// has no such permissions.
func OthersCanRead(where string) bool {
	info, err := os.Stat(where)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o044 != 0
}

// readKey reads the text of a key, or of several.
func readKey(where string) ([]byte, error) {
	if name, is := strings.CutPrefix(where, environmentPrefix); is {
		text, set := os.LookupEnv(name)
		if !set || strings.TrimSpace(text) == "" {
			return nil, config.Usagef("the environment variable %s, which is to hold a key, is not set or empty: set it to the text of the PEM file", name)
		}
		return []byte(text), nil
	}
	text, err := fileio.ReadFile(where, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, config.Usagef("there is no key file %s: give the PEM file of a key, or env:NAME for an environment variable that holds its text", where)
	}
	if err != nil {
		return nil, config.Usagef("the key file cannot be read: %w", err)
	}
	return text, nil
}

// pemBlock is one block of a PEM file, with the line above it.
type pemBlock struct {
	*pem.Block
	above string
}

// pemBlocks reads every block of a PEM file. One that is damaged is an error, and not left
// out without a word.
func pemBlocks(text []byte) ([]pemBlock, error) {
	const begin = "-----BEGIN "
	var blocks []pemBlock
	for rest := text; ; {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		before, _, _ := bytes.Cut(rest, []byte(begin))
		blocks = append(blocks, pemBlock{block, lastLine(before)})
		rest = after
	}
	switch want := bytes.Count(text, []byte(begin)); {
	case want == 0:
		return nil, errors.New("it is no PEM file: it has no line that starts with -----BEGIN")
	case want != len(blocks):
		return nil, fmt.Errorf("%d of its %d PEM blocks are damaged: get the file anew", want-len(blocks), want)
	}
	return blocks, nil
}

// lastLine is the comment on the last line of a text.
func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	return strings.TrimSpace(strings.TrimLeft(lines[len(lines)-1], "# \t"))
}

func parseSigner(text []byte, kind Kind) (*Signer, error) {
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, err
	}
	// openssl ecparam -genkey writes the name of the curve before the key.
	blocks = slices.DeleteFunc(blocks, func(b pemBlock) bool { return b.Type == "EC PARAMETERS" })
	if len(blocks) != 1 {
		return nil, fmt.Errorf("it holds %d keys, want one", len(blocks))
	}
	private, err := parsePrivate(blocks[0].Block)
	if err != nil {
		return nil, fmt.Errorf("%w; '%s' makes a key", err, kind.generate())
	}
	public, err := newPublicKey(private.Public())
	if err != nil || public.Kind != kind {
		return nil, fmt.Errorf("it is a key of another kind, want %s: '%s' makes one", kind, kind.generate())
	}
	return &Signer{*public, private}, nil
}

// parsePrivate reads a private key. The errors of the parsers are left out, since what they
// quote could be part of a key.
func parsePrivate(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return nil, errors.New("it is protected by a password: 'openssl pkey -in FILE -out NEW' removes it; keep the new file where nobody else reads it")
	case block.Type == "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case block.Type == "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("it is a PEM file of type %.40q, want PRIVATE KEY", block.Type)
	}
	signer, is := key.(crypto.Signer)
	if err != nil || !is {
		return nil, errors.New("it is damaged, or of a kind that nothing is signed with")
	}
	return signer, nil
}

// newPublicKey finds kind and ID of a key.
func newPublicKey(key crypto.PublicKey) (*PublicKey, error) {
	k := &PublicKey{key: key}
	switch key := key.(type) {
	case ed25519.PublicKey:
		k.Kind = Ed25519
	case *ecdsa.PublicKey:
		k.Kind = P256
		if key.Curve != elliptic.P256() {
			return nil, fmt.Errorf("it is on the curve %s, want P-256", key.Curve.Params().Name)
		}
	default:
		return nil, fmt.Errorf("it is of another kind, want %s or %s", Ed25519, P256)
	}
	text, err := k.PEM()
	if err != nil {
		return nil, err
	}
	k.ID = fileio.SHA256Of(text)
	return k, nil
}

// PEM is the key as openssl pkey -pubout writes it.
func (k *PublicKey) PEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// Keys are the public keys that somebody trusts. Nil and empty: none.
type Keys []*PublicKey

// ReadPublicKeys reads a PEM file of one or more public keys, of either kind, each of which
// is trusted; or env:NAME. Anything else in it is refused, and so is a key that comes twice.
// Errors are config.UsageErrors.
func ReadPublicKeys(where string) (Keys, error) {
	text, err := readKey(where)
	if err != nil {
		return nil, err
	}
	keys, err := parsePublicKeys(text)
	if err != nil {
		return nil, config.Usagef("public key %s: %w", where, err)
	}
	return keys, nil
}

func parsePublicKeys(text []byte) (Keys, error) {
	blocks, err := pemBlocks(text)
	if err != nil {
		return nil, err
	}
	var keys Keys
	for i, block := range blocks {
		key, err := parsePublicKey(block)
		if err == nil && keys.find(key.ID) != nil {
			err = fmt.Errorf("the key %s comes twice: leave one of them", key.ID)
		}
		if err != nil {
			return nil, fmt.Errorf("key %d of %d: %w", i+1, len(blocks), err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parsePublicKey(block pemBlock) (*PublicKey, error) {
	switch {
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, errors.New("it is a private key, which only the signer may have: 'openssl pkey -in FILE -pubout' writes the public one")
	case block.Type != "PUBLIC KEY":
		return nil, fmt.Errorf("it is a PEM block of type %.40q, want PUBLIC KEY", block.Type)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	key, err := newPublicKey(parsed)
	if err != nil {
		return nil, err
	}
	key.Name = block.above
	return key, nil
}

// find is the key of that ID, nil where there is none.
func (keys Keys) find(id string) *PublicKey {
	for _, k := range keys {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// have says whether a key of the kind is among them.
func (keys Keys) have(kind Kind) bool {
	return slices.ContainsFunc(keys, func(k *PublicKey) bool { return k.Kind == kind })
}

// sign signs a message. The same key and message give the same signature: Ed25519 is
// deterministic by itself, and ECDSA takes its nonce from key and message (RFC 6979) where
// no source of random numbers is given. An ECDSA signature is ASN.1 DER, over SHA-256.
func (s *Signer) sign(message []byte) ([]byte, error) {
	if s.Kind == Ed25519 {
		return s.private.Sign(nil, message, crypto.Hash(0))
	}
	digest := sha256.Sum256(message)
	return s.private.Sign(nil, digest[:], crypto.SHA256)
}

// verify says whether a signature is one of the key over the message.
func (k *PublicKey) verify(message, signature []byte) bool {
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, signature)
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(message)
		return ecdsa.VerifyASN1(key, digest[:], signature)
	}
	return false
}
