package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// smallPackage makes a small run and returns its package.
func smallPackage(t *testing.T, name string, flags ...string) string {
	t.Helper()
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, append([]string{
		"run", "--quiet", "--output-dir", run, "--name", name, "--dataset-options", "count=250,test-count=50", "--epochs", "1", "--visualizations", "none",
		"--image-size", "8", "--min-test-accuracy", "0", "--min-per-class-accuracy", "0", "--max-inference-time-ms", "10000",
	}, flags...)...)
	return filepath.Join(run, "package", name+"-0.1.0")
}

// clipPackage is the package of a model of crops of clips, of several frames each.
func clipPackage(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	runtest.DrawClips(t, filepath.Join(dir, "clips"))
	succeed(t, "run", "--quiet", "--output-dir", filepath.Join(dir, "run"), "--name", "clip", "--dataset", "clips", "--data-dir", filepath.Join(dir, "clips"),
		"--dataset-options", "minimum=12,margin=2", "--model", "linear", "--image-size", "12", "--min-unseen-accuracy", "0.1", "--epochs", "1", "--controls", "off",
		"--visualizations", "none", "--force", "--reason", "a test of serving")
	return filepath.Join(dir, "run", "package", "clip-0.1.0")
}

// served runs serve until the test ends and wants it to end well. It returns the address.
func served(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	read, write := io.Pipe()
	ended := make(chan int)
	var errs bytes.Buffer
	go func() {
		code := Run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), nil, write, &errs)
		write.Close()
		ended <- code
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != ExitDone || err != nil {
			t.Errorf("serve: exit code %d, %v: %s", code, err, &errs)
		}
	})
	return strings.TrimSpace(line)
}

// TestServe serves packages and wants of them what they record, and of others not.
func TestServe(t *testing.T) {
	class := smallPackage(t, "class", "--model", "linear")
	other := smallPackage(t, "class", "--model", "linear", "--seed", "2")
	coder := smallPackage(t, "coder", "--model", "autoencoder", "--model-options", "width=2,bottleneck=4", "--max-reconstruction-error", "100", "--exporters", "triton:max-batch-size=1")
	clip := clipPackage(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("a token of several words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address := served(t, class+".tar.gz")
	for _, test := range []struct {
		code int
		args []string
	}{
		{ExitDone, []string{"package", "smoke", class, address}},
		{ExitDone, []string{"package", "smoke", "--json", class + ".tar.gz", address}},
		{ExitDifference, []string{"package", "smoke", other, address}},
		{ExitFailed, []string{"package", "smoke", coder, address}}, // which is not served there
		{ExitDone, []string{"package", "smoke", coder, served(t, coder)}},
		{ExitDone, []string{"package", "smoke", clip, served(t, clip)}},
		{ExitFailed, []string{"package", "smoke", class, "http://127.0.0.1:1"}},
		{ExitUsage, []string{"package", "smoke", class, "127.0.0.1:8000"}},
		{ExitUsage, []string{"package", "smoke", class}},
		{ExitUsage, []string{"package", "smoke", class, address, "--token-file", token}},
		{ExitUsage, []string{"serve", class, "--listen", strings.TrimPrefix(address, "http://")}},
		{ExitUsage, []string{"serve", class, "--listen", "0.0.0.0:0"}},
		{ExitUsage, []string{"serve", class, "--token-file", token}},
		{ExitUsage, []string{"serve"}},
		{ExitUsage, []string{"serve", filepath.Join(class, "none")}},
	} {
		var out, errs bytes.Buffer
		if code := Run(t.Context(), test.args, nil, &out, &errs); code != test.code {
			t.Errorf("%v: exit code %d, want %d: %s%s", test.args, code, test.code, &out, &errs)
		}
	}
	if err := os.WriteFile(filepath.Join(class, "smoke.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"package", "smoke", class, address}, {"serve", class}} {
		var out, errs bytes.Buffer
		if code := Run(t.Context(), args, nil, &out, &errs); code != ExitFailed || !strings.Contains(errs.String(), "is not as it was made") {
			t.Errorf("%v of a changed package: exit code %d: %s", args, code, &errs)
		}
	}
}

// TestTritonClient lets PyPI's tritonclient ask for what the engine computes.
func TestTritonClient(t *testing.T) {
	if out, err := exec.Command("python3", "-c", "import tritonclient.http").CombinedOutput(); err != nil {
		t.Skipf("python3 with tritonclient is not at hand: %v: %s", err, out)
	}
	const count = 7
	pack := smallPackage(t, "class", "--model", "cnn")
	pixels := filepath.Join(t.TempDir(), "pixels")
	images := make([]uint8, count*64)
	for i := range images {
		images[i] = uint8(i * 11)
	}
	if err := os.WriteFile(pixels, images, 0o600); err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(served(t, pack), "http://")
	out, err := exec.Command("python3", filepath.Join("testdata", "client.py"), address, "class", pixels, fmt.Sprint(count)).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 4 || lines[0] != lines[2] || lines[1] != lines[3] {
		t.Fatalf("binary form and JSON differ: %s", out)
	}
	want := engineOutputs(t, pack, images, count)[0]
	for i, text := range strings.Fields(lines[0]) {
		if got, err := strconv.ParseFloat(text, 64); err != nil || math.Float32bits(float32(got)) != math.Float32bits(want[i]) {
			t.Errorf("value %d is %s, want %v", i, text, want[i])
		}
	}
	if classes := strings.Fields(lines[1]); len(classes) != count || strings.Count(classes[0], ":") != 2 {
		t.Errorf("classes %q", lines[1])
	}
}
