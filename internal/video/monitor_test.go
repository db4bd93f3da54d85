package video

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func monitored(text string) *monitor {
	m := newMonitor(func(s string) string { return s })
	m.read(strings.NewReader(text))
	return m
}

// TestMonitor reads what several versions of ffmpeg write.
func TestMonitor(t *testing.T) {
	want := shown{pts: 1000, timed: true, pixels: "yuv420p", width: 320, height: 256, timeBase: Rational{1, 30000}, colourRange: "tv", colourSpace: "bt709"}
	const opened = "[info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:a.mp4':\n" +
		"[info]   Metadata:\n[info]     title           : Stream #0:1: Video: h264\n" +
		"[info]   Stream #0:0[0x1](und): Video: h264 (Main) (avc1 / 0x31637661), yuv420p, 320x256\n" +
		"[info]       displaymatrix: rotation of -0.00 degrees\n" +
		"[info]   Stream #0:1[0x2]: Video: mjpeg (Baseline), yuvj420p, 64x64 (attached pic)\n" +
		"[info] Stream mapping:\n[info]   Stream #0:0 -> #0:0 (h264 (native) -> rawvideo (native))\n"
	const config = "[Parsed_showinfo_0 @ 0x5614da54fe00] [info] config in time_base: 1/30000, frame_rate: 30/1\n"
	const after = "[info] Output #0, rawvideo, to 'pipe:1':\n[info]   Stream #0:0(und): Video: rawvideo (I420 / 0x30323449), yuv420p\n"
	for name, lines := range map[string]string{
		"5.1": "[Parsed_showinfo_0 @ 0x5614da54fe00] [info] n:   0 pts:   1000 pts_time:0.0333333 pos:       80 fmt:yuv420p sar:1/1 s:320x256 i:P iskey:1 type:I \n" +
			"[Parsed_showinfo_0 @ 0x5614da54fe00] [info] color_range:tv color_space:bt709 color_primaries:unknown color_trc:unknown\n",
		"7.1": "[Parsed_showinfo_0 @ 0x5614da54fe00] [info] n:   0 pts:   1000 pts_time:0.0333333 duration:   1000 duration_time:0.0333333 fmt:yuv420p cl:left sar:1/1 s:320x256 i:P iskey:1 type:I \n" +
			"[Parsed_showinfo_0 @ 0x5614da54fe00] [info]   side data - User Data Unregistered:\n[Parsed_showinfo_0 @ 0x5614da54fe00] [info] UUID=n: 5 pts: 9 pts_time:x\n" +
			"[Parsed_showinfo_0 @ 0x5614da54fe00] [info] color_range:tv color_space:bt709 color_primaries:unknown color_trc:unknown\n",
	} {
		m := monitored(opened + config + lines + after)
		got, ok := m.next()
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(shown{})); !ok || diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if _, more := m.next(); more {
			t.Errorf("%s: there is a second frame", name)
		}
		in := m.opened()
		if in.container != "mov,mp4,m4a,3gp,3g2,mj2" || len(in.videos) != 1 || in.videos[0] != (videoStream{codec: "h264"}) || in.rate != (Rational{30, 1}) {
			t.Errorf("%s: %+v", name, in)
		}
		if messages, n := m.complaints(); n != 0 {
			t.Errorf("%s: complaints %q", name, messages)
		}
	}
}

// TestComplaints are found in all forms, bounded, and only where they are some.
func TestComplaints(t *testing.T) {
	for line, want := range map[string]string{
		"[h264 @ 0x55] [error] error while decoding MB 3 4":  "h264: error while decoding MB 3 4",
		"[mov,mp4 @ 0x55][h264 @ 0x56] [fatal] x":            "mov,mp4: x",
		"[warning] corrupt decoded frame in stream 0":        "corrupt decoded frame in stream 0",
		"[warning] -vsync is deprecated. Use -fps_mode":      "",
		"[info]     comment         : error, all is corrupt": "",
		"Error while decoding stream":                        "Error while decoding stream",
		"[Parsed_showinfo_0 @ 0x5] [info] n: 0 pts: 1 pts_time:1 pos: 8 fmt:gray sar:1/1 s:1x1 i:P iskey:1 type:I corrupt frame": " corrupt frame",
		"[error] " + strings.Repeat("x", 100000): strings.Repeat("x", mostText),
	} {
		messages, _ := monitored(line + "\n").complaints()
		if got := strings.Join(messages, "|"); got != want {
			t.Errorf("%.60s: %.60q, want %.60q", line, got, want)
		}
	}
	many := monitored(strings.Repeat("[error] again\n", 1000))
	if messages, n := many.complaints(); n != 1000 || len(messages) != mostMessages {
		t.Errorf("%d messages of %d are kept", len(messages), n)
	}
}

// TestQueueIsBounded has ffmpeg announce frames that it does not write.
func TestQueueIsBounded(t *testing.T) {
	const frame = "[Parsed_showinfo_0 @ 0x5] [info] n: 0 pts: 1 pts_time:1 pos: 8 fmt:gray sar:1/1 s:1x1 i:P iskey:1 type:I \n" +
		"[Parsed_showinfo_0 @ 0x5] [info] color_range:tv color_space:bt709 color_primaries:unknown color_trc:unknown\n"
	m := monitored(strings.Repeat(frame, mostQueued+10))
	if len(m.queue) != mostQueued || !m.overran() {
		t.Errorf("%d frames are kept, overrun %v", len(m.queue), m.overran())
	}
}

// TestFormatOf applies the rule for streams without tags.
func TestFormatOf(t *testing.T) {
	for _, c := range []struct {
		pixels, colourRange, colourSpace, codec string
		want                                    string
		tagged                                  bool
	}{
		{"yuv420p", "unknown", "unknown", "h264", "limited bt601", false},
		{"yuv420p", "tv", "bt709", "h264", "limited bt709", true},
		{"yuv420p", "pc", "unknown", "h264", "full bt601", false},
		{"yuvj420p", "unknown", "bt470bg", "mjpeg", "full bt601", true},
		{"yuv444p10le", "tv", "bt2020nc", "hevc", "limited bt2020", true},
		{"yuv444p", "tv", "ycgco", "h264", "limited unknown", true},
		{"gray", "unknown", "unknown", "hevc", "limited", false},
		{"gray10le", "unknown", "unknown", "ffv1", "full", false},
		{"gray", "tv", "unknown", "ffv1", "limited", true},
		{"gbrp", "unknown", "gbr", "h264", "full", false},
		{"rgb24", "pc", "gbr", "png", "full", true},
	} {
		f, tagged := formatOf(shown{pixels: c.pixels, width: 2, height: 2, colourRange: c.colourRange, colourSpace: c.colourSpace}, c.codec)
		got := strings.TrimSpace(fmt.Sprint(f.Range, " ", f.Matrix))
		if got != c.want || tagged != c.tagged {
			t.Errorf("%+v: %s, tagged %v", c, got, tagged)
		}
	}
}

// FuzzMonitor reads any messages.
func FuzzMonitor(f *testing.F) {
	f.Add("[Parsed_showinfo_0 @ 0x5] [info] config in time_base: 1/0, frame_rate: 99999999999999999999/1\n")
	f.Add("[Parsed_showinfo_0 @ 0x5] [info] n: 0 pts: 99999999999999999999 pts_time:1 fmt:gray s:99999999999999999999x1 type:I \n[Parsed_showinfo_0 @ 0x5] [info] color_range:x color_space:y")
	f.Add("[info]       displaymatrix: rotation of nan degrees\n[error]\n[")
	f.Fuzz(func(t *testing.T, text string) {
		m := monitored(text)
		for s, ok := m.next(); ok; s, ok = m.next() {
			if err := (Options{}).checkSize("x", s.width, s.height); err == nil && s.width*s.height > 1<<26 {
				t.Errorf("%dx%d is not too large", s.width, s.height)
			}
		}
		if messages, _ := m.complaints(); len(messages) > mostMessages {
			t.Error(messages)
		}
	})
}
