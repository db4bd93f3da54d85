package video

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// formats are the containers and elementary streams that are read from files, by the names of
// ffmpeg's demultiplexers: those that hold the video themselves. Playlists (hls, concat, dash,
// imf), image2, which takes % in names for numbers, and devices are not among them.
var formats = strings.Join([]string{
	"mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "live_flv",
	"asf", "ogg", "nut", "mxf", "gxf", "dv", "rm", "wtv", "vob", "ivf", "obu", "av1", "h261", "h263", "h264", "hevc", "vvc", "m4v", "mjpeg",
	"mjpeg_2000", "mpjpeg", "vc1", "vc1test", "dirac", "dnxhd", "yuv4mpegpipe", "gif", "apng", "nuv", "nsv", "swf", "flic",
	"smjpeg", "r3d", "cine", "avs2", "avs3", "cavsvideo", "dhav", "ifv", "lvf", "kux", "evc", "ser", "fits",
}, ",")

// Open opens a video file, or a folder of numbered frames. Close must be called.
func Open(ctx context.Context, path string, o Options) (*Reader, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failf(path, NotFound, "there is no such file or folder: look at the name")
	case err != nil:
		return nil, err
	case info.IsDir():
		return openFolder(ctx, path, o)
	case !info.Mode().IsRegular():
		return nil, failf(path, Unsupported, "is neither a file nor a folder: give what comes through a pipe on standard input, with - as its name")
	case info.Size() == 0:
		return nil, failf(path, Empty, "the file is empty: get it anew")
	}
	if err := refusePlaylist(path); err != nil {
		return nil, err
	}
	in := opening{name: path, file: true, protocols: "file,pipe",
		input: []string{"-format_whitelist", formats, "-i", "file:" + path}}
	return openDecoder(ctx, in, o)
}

func openDecoder(ctx context.Context, in opening, o Options) (*Reader, error) {
	d, err := newDecoder(ctx, in, o)
	if err != nil {
		return nil, err
	}
	return newReader(d, o)
}

// refusePlaylist gives files that name other files a message of their own. It is the list of
// formats that keeps them from being read.
func refusePlaylist(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(f, head)
	head = bytes.TrimLeft(head[:n], "\ufeff \t\r\n")
	for _, mark := range []string{"#EXTM3U", "ffconcat", "[playlist]", "[Reference]"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return failf(path, Playlist, "is a playlist, which names other files (it begins with %q): give the videos themselves", mark)
		}
	}
	if bytes.Contains(head, []byte("<MPD")) || bytes.Contains(head, []byte("<asx")) {
		return failf(path, Playlist, "is a playlist, which names other files: give the videos themselves")
	}
	return nil
}

// OpenStream reads a video from a pipe, as standard input is one. name stands for it in
// messages. A file whose index is at its end, as that of most MP4 files, cannot be read so.
func OpenStream(ctx context.Context, name string, r io.Reader, o Options) (*Reader, error) {
	in := opening{name: name, stdin: r, protocols: "pipe",
		input: []string{"-format_whitelist", formats, "-i", "pipe:0"}}
	return openDecoder(ctx, in, o)
}

// OpenDevice reads from a camera of Video4Linux, such as /dev/video0.
func OpenDevice(ctx context.Context, path string, o Options) (*Reader, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		return nil, failf(path, NotFound, "there is no such camera: look at /dev/video*")
	}
	in := opening{name: path, live: true, protocols: "file", input: []string{"-f", "v4l2", "-i", path}}
	return openDecoder(ctx, in, o)
}

// Probe opens a file or a folder of frames, decodes the first frame and says what is known.
func Probe(ctx context.Context, path string, o Options) (Info, error) {
	r, err := Open(ctx, path, o)
	if err != nil {
		return Info{}, err
	}
	defer r.Close()
	return r.Info(), nil
}
