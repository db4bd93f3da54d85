package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// FFmpeg is the program that decodes.
type FFmpeg struct {
	Path    string
	Version string // such as 5.1.9-0+deb12u1
	// passthrough are the arguments by which each frame is given once, whatever its time.
	passthrough []string
}

// Find looks for ffmpeg: at the path or by the name that is given, or as ffmpeg where that is
// "". It starts the program for its version.
func Find(ctx context.Context, name string) (*FFmpeg, error) {
	if name == "" {
		name = "ffmpeg"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, failf(name, Missing, "the program that reads videos is not there (%v): install it, on Debian and Ubuntu with apt-get install ffmpeg, or take the frames out elsewhere into folders of numbered images", unwrapped(err))
	}
	limited, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := command(limited, path, "-version").Output()
	if ctx.Err() != nil { // we were interrupted, and ffmpeg killed with us: it is not to blame
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, failf(path, Missing, "does not say its version (%v): install ffmpeg again, on Debian and Ubuntu with apt-get install --reinstall ffmpeg", err)
	}
	return newFFmpeg(path, string(out))
}

func unwrapped(err error) error {
	var failed *exec.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

var versionLine = regexp.MustCompile(`^ffmpeg version (\S+)`)
var versionNumber = regexp.MustCompile(`^n?(\d+)\.(\d+)`)

// newFFmpeg reads what the program says of its version. Versions that are no number are built
// from its repository and taken for new ones.
func newFFmpeg(path, output string) (*FFmpeg, error) {
	found := versionLine.FindStringSubmatch(output)
	if found == nil {
		return nil, failf(path, Missing, "is not ffmpeg: it says %q of its version", firstLine(output))
	}
	f := &FFmpeg{Path: path, Version: found[1], passthrough: []string{"-fps_mode", "passthrough"}}
	number := versionNumber.FindStringSubmatch(f.Version)
	if number == nil {
		return f, nil
	}
	major, _ := strconv.Atoi(number[1])
	minor, _ := strconv.Atoi(number[2])
	switch {
	case major < 4 || major == 4 && minor < 4:
		return nil, failf(path, Missing, "is version %s, want 4.4 or newer: install a newer one", f.Version)
	case major < 5 || major == 5 && minor < 1:
		f.passthrough = []string{"-vsync", "passthrough"}
	}
	return f, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line[:min(len(line), 100)]
}

// command prepares a process that is killed when ctx ends or this process does, and that no
// interrupt of the terminal reaches: ffmpeg ends in good order then, and a video that was cut
// short would look whole.
func command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environment(os.Environ())
	cmd.WaitDelay = 2 * time.Second
	tieToUs(cmd)
	return cmd
}

// environment leaves out the variables that change what ffmpeg writes to standard error.
func environment(all []string) []string {
	kept := []string{"LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1"}
	for _, entry := range all {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case name == "FFREPORT" || name == "LC_ALL" || strings.HasPrefix(name, "AV_LOG_"):
		default:
			kept = append(kept, entry)
		}
	}
	return kept
}

// A process is ffmpeg at work.
type process struct {
	cmd      *exec.Cmd
	cancel   context.CancelCauseFunc
	ctx      context.Context
	stdout   io.ReadCloser
	monitor  *monitor
	messages chan struct{} // closed when all of standard error is read
	input    *feed         // what comes from a reader; may be nil
}

// start runs ffmpeg with the given arguments and standard input.
func (f *FFmpeg) start(ctx context.Context, stdin io.Reader, clean func(string) string, args []string) (*process, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &process{ctx: ctx, cancel: cancel, monitor: newMonitor(clean), messages: make(chan struct{})}
	p.cmd = command(ctx, f.Path, args...)
	fed, err := p.take(stdin)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		p.stdout, err = p.cmd.StdoutPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	fed(err == nil)
	if err != nil {
		cancel(nil)
		return nil, fmt.Errorf("cannot start %s: %w", f.Path, err)
	}
	go func() {
		defer close(p.messages)
		p.monitor.read(stderr)
	}()
	return p, nil
}

// take makes a reader the standard input. What it returns is called when the process has
// started, or has not.
func (p *process) take(stdin io.Reader) (started func(bool), err error) {
	if file, ok := stdin.(*os.File); ok || stdin == nil {
		if ok {
			p.cmd.Stdin = file
		}
		return func(bool) {}, nil
	}
	in, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdin = in
	p.input = &feed{from: stdin}
	return func(ok bool) {
		_ = in.Close() // the process has its own, and when it ends, writing fails
		if !ok {
			_ = out.Close()
			return
		}
		go func() {
			_, _ = io.Copy(out, p.input)
			_ = out.Close()
		}()
	}, nil
}

// A feed is a reader whose bytes go to a process. The process is not waited for by way of it,
// as package exec would: a read that waits for a camera may never end.
type feed struct {
	from io.Reader
	mu   sync.Mutex
	err  error
}

// Read implements io.Reader and keeps the error.
func (f *feed) Read(b []byte) (int, error) {
	n, err := f.from.Read(b)
	if err != nil && err != io.EOF {
		f.mu.Lock()
		f.err = err
		f.mu.Unlock()
	}
	return n, err
}

func (f *feed) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// within calls f and kills the process, with a cause, if f takes longer than the given time.
func (p *process) within(d time.Duration, cause error, f func() error) error {
	timer := time.AfterFunc(d, func() { p.cancel(cause) })
	defer timer.Stop()
	return f()
}

// finish waits for the end of the process, whose standard output must have been read.
func (p *process) finish() error {
	<-p.messages
	err := p.cmd.Wait()
	p.cancel(nil)
	if p.input != nil {
		err = errors.Join(err, p.input.failed())
	}
	return err
}

// kill ends the process.
func (p *process) kill() {
	p.cancel(context.Canceled)
	_ = p.stdout.Close()
	_ = p.finish() // it was killed, and says so
}
