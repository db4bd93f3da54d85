package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// packagesBefore are packages that older programs made.
const packagesBefore = "../verify/testdata/before/packages/"

func published(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), append([]string{"publish", "--quiet"}, args...), nil, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// TestPublishCommand publishes packages into a model repository. Nothing but flags may loosen
// what a package must meet.
func TestPublishCommand(t *testing.T) {
	before, err := filepath.Abs(packagesBefore)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("BLOCKTRAIN_ALLOW_FORCED", "true")
	t.Setenv("BLOCKTRAIN_REPLACE_INTERFACE", "true")
	t.Setenv("BLOCKTRAIN_MODEL_REPOSITORY", "elsewhere")
	t.Setenv("BLOCKTRAIN_KEEP", "folder/of/verify")
	approved, forced := filepath.Join(before, "balanced-weighted.tar.gz"), filepath.Join(before, "forced.tar.gz")
	top, err := fileio.ReadArchive(t.Context(), approved, dir, fileio.Limits{Entries: 1000, Bytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]string{"key.pem": "not a key", "cut.tar.gz": "\x1f\x8b\x08", filepath.Join(top, "MODEL_CARD.md"): "changed"} {
		if err := fileio.WriteBytes(name, []byte(write)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("models", 0o755); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		code int
		want string // of what is printed, or of the error
	}{
		{nil, ExitUsage, "want the package"},
		{[]string{approved}, ExitUsage, "say where to publish"},
		{[]string{approved, "--model-repository", "models", "--image", "localhost/a:1"}, ExitUsage, "one of them"},
		{[]string{approved, "--image", "localhost/a"}, ExitUsage, "has no tag"},
		{[]string{approved, "--image", "example.org/a:1", "--plain-http"}, ExitUsage, "HTTP without TLS"},
		{[]string{approved, "--model-repository", "models", "--attestation", "key.pem"}, ExitUsage, "--attestation wants --image"},
		{[]string{approved, "--image", "localhost/a:1", "--attestation", "key.pem"}, ExitFailed, "the attestation key.pem"},
		{[]string{approved, "--model-repository", "models", "--require-signature"}, ExitUsage, "--public-key"},
		{[]string{approved, "--rollback", "balanced", "--model-repository", "models"}, ExitUsage, "--rollback"},
		{[]string{"--rollback", "balanced", "--model-repository", "models"}, ExitUsage, "there is no model balanced"},
		{[]string{forced, "--model-repository", "models"}, ExitRefused, "--allow-forced"},
		{[]string{top, "--model-repository", "models"}, ExitDifference, "MODEL_CARD.md"},
		{[]string{"cut.tar.gz", "--model-repository", "models"}, ExitDifference, "cut.tar.gz, content"},
		{[]string{"cut.tar.gz", "--image", "localhost/a:1"}, ExitDifference, "cut.tar.gz, content"},
		{[]string{"nowhere.tar.gz", "--model-repository", "models"}, ExitUsage, "nowhere.tar.gz"},
		{[]string{approved, "--model-repository", "models"}, ExitDone, "balanced: published as version 1\n"},
		{[]string{approved, "--model-repository", "models"}, ExitDone, "version 1 is this package already"},
		{[]string{forced, "--model-repository", "models", "--allow-forced"}, ExitDone, "published as version 1\n"},
	}
	for _, test := range tests {
		code, out, errs := published(t, test.args...)
		if code != test.code || !strings.Contains(out+errs, test.want) {
			t.Errorf("%q: exit code %d, want %d: %s%s", test.args, code, test.code, out, errs)
		}
		if strings.Contains(out, "signed") || code == ExitDone && !strings.Contains(errs, "not signed: nothing says who made it") {
			t.Errorf("%q: verification is not on the standard error: %s, and on the standard output %s", test.args, errs, out)
		}
	}
	if fileio.Exists("elsewhere") {
		t.Error("the environment says where to publish")
	}
}
