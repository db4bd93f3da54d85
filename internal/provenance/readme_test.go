package provenance

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// procedure is the README's way to verify a package without the program.
var procedure = regexp.MustCompile("(?s)\n```sh\n(sha256sum -c \\$P.*?)```\n")

// TestREADMEProcedure runs it, on a package that is signed and on such that were changed.
func TestREADMEProcedure(t *testing.T) {
	for _, program := range []string{"bash", "openssl", "python3", "sha256sum", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program, "is not installed")
		}
	}
	match := procedure.FindSubmatch(readForTest(t, "../../README.md"))
	if match == nil {
		t.Fatal("README.md has no such procedure")
	}
	folder, trusted := signedForTest(t)
	dir, name := filepath.Split(folder)
	public, err := trusted[0].PEM()
	if err != nil {
		t.Fatal(err)
	}
	run := func() (string, error) {
		c := exec.CommandContext(t.Context(), "bash", "-e", "-o", "pipefail", "-c", string(match[1]))
		c.Dir, c.Env = dir, append(os.Environ(), "P="+name)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	key := filepath.Join(dir, "release.pub")
	writeForTest(t, key, public)
	if out, err := run(); err != nil || strings.Count(out, "Signature Verified Successfully") != 4 {
		t.Fatalf("%v\n%s", err, out)
	}
	writeForTest(t, key, []byte(publicPEM(t, ed25519ForTest(1).Public())))
	if out, err := run(); err == nil {
		t.Errorf("a foreign key is taken:\n%s", out)
	}
	writeForTest(t, key, public)
	statements := BesideOf(folder).statements()
	whole := string(readForTest(t, statements))
	lines := strings.SplitAfter(whole, "\n")
	for what, text := range map[string]string{
		"the signature of another statement": strings.Replace(whole, signatureIn(lines[0]), signatureIn(lines[1]), 1),
		"a statement that is missing":        strings.Join(lines[:3], ""),
	} {
		writeForTest(t, statements, []byte(text))
		if out, err := run(); err == nil {
			t.Errorf("%s is taken:\n%s", what, out)
		}
	}
}

// signatureIn is the signature of an envelope.
func signatureIn(line string) string {
	_, after, _ := strings.Cut(line, `"sig":"`)
	sig, _, _ := strings.Cut(after, `"`)
	return sig
}
