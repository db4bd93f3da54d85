package provenance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// modelSigning finds OpenSSF's program: the one that MODEL_SIGNING names, or that of the
// path. PyPI's model-signing needs pyOpenSSL beside it.
func modelSigning(t *testing.T) func(args ...string) (string, error) {
	t.Helper()
	program := os.Getenv("MODEL_SIGNING")
	if program == "" {
		found, err := exec.LookPath("model_signing")
		if err != nil {
			t.Skip("model_signing is not installed: pip install model-signing pyOpenSSL")
		}
		program = found
	}
	return func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
		return string(out), err
	}
}

// TestModelSigning lets PyPI's model_signing verify our bundle, and refuse what it should
// refuse; and reads a bundle that it has made.
func TestModelSigning(t *testing.T) {
	run := modelSigning(t)
	folder, trusted := signedForTest(t)
	dir := t.TempDir()
	public, foreign := filepath.Join(dir, "p256.pub"), filepath.Join(dir, "other.pub")
	text, err := trusted[1].PEM()
	if err != nil {
		t.Fatal(err)
	}
	writeForTest(t, public, text)
	writeForTest(t, foreign, []byte(publicPEM(t, &p256ForTest(t, 1).PublicKey)))
	bundle := BesideOf(folder).model()
	verify := func(key string) (string, error) {
		return run("verify", "key", folder, "--public_key", key, "--signature", bundle)
	}
	if out, err := verify(public); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := verify(foreign); err == nil {
		t.Errorf("a foreign key is taken:\n%s", out)
	}
	writeForTest(t, filepath.Join(folder, "extra.txt"), []byte("x"))
	if out, err := verify(public); err == nil {
		t.Errorf("one more file is taken:\n%s", out)
	}
	if err := fileio.Remove(filepath.Join(folder, "extra.txt")); err != nil {
		t.Fatal(err)
	}
	private := filepath.Join(dir, "p256.pem")
	writeForTest(t, private, []byte(privatePEM(t, p256ForTest(t, 0))))
	if out, err := run("sign", "key", folder, "--private_key", private, "--signature", bundle); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	found, err := Verify(folder, folder, trusted)
	if err != nil || len(found.Signatures) != 2 || !found.Signatures[1].Checked {
		t.Errorf("a bundle that model_signing has made: %+v, error %v", found, err)
	}
	card := filepath.Join(folder, "MODEL_CARD.md")
	writeForTest(t, card, append(readForTest(t, card), '.'))
	if out, err := verify(public); err == nil || !strings.Contains(out, "MODEL_CARD.md") {
		t.Errorf("a changed file is taken: %v\n%s", err, out)
	}
}
