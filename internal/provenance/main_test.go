package provenance

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// madeBefore is the archive of a package that an older program made.
const madeBefore = "../verify/testdata/before/packages/balanced-weighted.tar.gz"

// packageForTest unpacks a package beside its archive, under its name and version, and
// writes what lies beside it. It returns the package's folder.
func packageForTest(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	top, err := fileio.ReadArchive(t.Context(), madeBefore, dir, fileio.Limits{Entries: 1000, Bytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, top)
	if err := fileio.Copy(folder+archiveSuffix, madeBefore); err != nil {
		t.Fatal(err)
	}
	if err := BesideOf(folder).Write(folder); err != nil {
		t.Fatal(err)
	}
	return folder
}

func readForTest(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeForTest(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rfc6979 is the private key of RFC 6979, A.2.5.
const rfc6979 = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"

// ed25519ForTest and p256ForTest are keys made from a number: 0 is the usual one, and of
// P-256 that of RFC 6979.
func ed25519ForTest(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

func p256ForTest(t *testing.T, n byte) *ecdsa.PrivateKey {
	t.Helper()
	x, err := hex.DecodeString(rfc6979)
	if err != nil {
		t.Fatal(err)
	}
	x[31] += n
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), x)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// privatePEM writes a private key as openssl genpkey does.
func privatePEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// keysForTest are the two usual signers.
func keysForTest(t *testing.T) (statements, model *Signer) {
	t.Helper()
	return signerForTest(t, privatePEM(t, ed25519ForTest(0)), Ed25519), signerForTest(t, privatePEM(t, p256ForTest(t, 0)), P256)
}

func signerForTest(t *testing.T, text string, kind Kind) *Signer {
	t.Helper()
	t.Setenv("KEY_FOR_TEST", text)
	s, err := ReadSigner("env:KEY_FOR_TEST", kind)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// signedForTest is a package that both usual keys have signed.
func signedForTest(t *testing.T) (folder string, trusted Keys) {
	t.Helper()
	folder = packageForTest(t)
	statements, model := keysForTest(t)
	if _, err := Sign(folder, folder, Signing{Statements: statements, Model: model}); err != nil {
		t.Fatal(err)
	}
	return folder, Keys{&statements.PublicKey, &model.PublicKey}
}
