package video

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestKilledWithUs kills a process that reads a stream: its ffmpeg ends too. The process is this
// test once more, which waits for a stream on its standard input.
func TestKilledWithUs(t *testing.T) {
	if os.Getenv("BLOCKTRAIN_TEST_WAITS") != "" {
		waitForStream(t)
		return
	}
	testFFmpeg(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWithUs$")
	cmd.Env = append(os.Environ(), "BLOCKTRAIN_TEST_WAITS=1")
	from, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	defer in.Close() // open until the end, so that ffmpeg does not end by itself
	cmd.Stdin = from
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	pid := 0
	for pid == 0 && lines.Scan() {
		if number, ok := strings.CutPrefix(lines.Text(), "ffmpeg is "); ok {
			pid, _ = strconv.Atoi(number)
		}
	}
	if pid == 0 || unix.Kill(pid, 0) != nil {
		t.Fatalf("there is no ffmpeg, %d", pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for end := time.Now().Add(20 * time.Second); running(pid); {
		if time.Now().After(end) {
			t.Fatal("ffmpeg still runs")
		}
		<-time.After(20 * time.Millisecond)
	}
}

// running says whether a process is there and not only waits to be forgotten.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// waitForStream starts ffmpeg on standard input, says which process it is, and waits.
func waitForStream(t *testing.T) {
	in := opening{name: "-", stdin: os.Stdin, protocols: "pipe", input: []string{"-i", "pipe:0"}}
	d, err := newDecoder(t.Context(), in, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("ffmpeg is %d\n", d.process.cmd.Process.Pid)
	_, _ = d.next(nil)
}
