//go:build slow && linux

package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// residentMB is the memory of this process that is in use, in MB.
func residentMB(t *testing.T) float64 {
	text, err := os.ReadFile("/proc/self/statm")
	var total, resident int
	if _, scan := fmt.Sscan(string(text), &total, &resident); err != nil || scan != nil {
		t.Error(err, scan)
	}
	return float64(resident) * float64(os.Getpagesize()) / 1e6
}

// TestPredictHour predicts on an hour of video, and wants the second half hour to take no more
// memory than the first.
func TestPredictHour(t *testing.T) {
	ffmpeg := ffmpegOf(t)
	t.Chdir(t.TempDir())
	run := clipsModel(t, "run", "margin=2,minimum=16,stride=3,level=median")
	drawClip(t, "new/a", 0, 2, 60)
	ffmpeg("-framerate", "30", "-i", "new/a/%03d.png", "-c:v", "ffv1", "-pix_fmt", "gray", "a.mkv")
	ffmpeg("-stream_loop", "1799", "-i", "a.mkv", "-c", "copy", "hour.mkv")
	ended := make(chan int)
	go func() {
		code, _, errs := watched(t, "", "--run", run, "hour.mkv", "--output", "lines.jsonl", "--quiet")
		t.Log(errs)
		ended <- code
	}()
	var memory []float64
	for tick := time.Tick(time.Second); ; {
		select {
		case <-tick:
			memory = append(memory, residentMB(t))
			continue
		case code := <-ended:
			if code != ExitDone {
				t.Fatalf("exit code %d", code)
			}
		}
		break
	}
	text, err := os.ReadFile("lines.jsonl")
	if err != nil || strings.Count(string(text), "\n") != 60*1800+1 {
		t.Fatalf("%d lines, %v", strings.Count(string(text), "\n"), err)
	}
	highest := func(list []float64) (most float64) {
		for _, v := range list {
			most = max(most, v)
		}
		return most
	}
	half := len(memory) / 2
	first, second := highest(memory[:half]), highest(memory[half:])
	t.Logf("%d s, %.1f MB in the first half and %.1f MB in the second", len(memory), first, second)
	if second > first+10 {
		t.Errorf("the second half hour took %.1f MB, and the first %.1f", second, first)
	}
}
