package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A decoder is a video that ffmpeg decodes.
type decoder struct {
	process *process
	options Options
	known   Info
	local   bool // a file, otherwise a pipe or an address
	live    bool // what is joined in the middle and loses packets: complaints are no damage
	first   shown
	frames  int
	closed  bool
}

// An opening says what ffmpeg reads and how.
type opening struct {
	name      string   // for messages
	input     []string // arguments of the input, up to its name
	stdin     io.Reader
	clean     func(string) string // takes secrets out of ffmpeg's messages; may be nil
	file      bool
	live      bool
	protocols string
}

// newDecoder starts ffmpeg.
func newDecoder(ctx context.Context, in opening, o Options) (*decoder, error) {
	ffmpeg := o.FFmpeg
	if ffmpeg == nil {
		var err error
		if ffmpeg, err = Find(ctx, ""); err != nil {
			return nil, err
		}
	}
	clean := in.clean
	if clean == nil {
		clean = func(s string) string { return s }
	}
	p, err := ffmpeg.start(ctx, in.stdin, clean, arguments(ffmpeg, in, o))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.name, err)
	}
	return &decoder{process: p, options: o, local: in.file, live: in.live, known: Info{Name: in.name, Program: ffmpeg.Version}}, nil
}

// arguments are those of ffmpeg. The filters behind showinfo, and the time base, count the
// frames: what writes raw video drops frames whose time stamps do not increase.
func arguments(f *FFmpeg, in opening, o Options) []string {
	args := []string{"-nostdin", "-nostats", "-hide_banner", "-loglevel", "repeat+level+info", "-copyts",
		"-protocol_whitelist", in.protocols,
		"-flags", "+bitexact", "-idct", "simple", "-noautorotate",
		"-max_pixels", fmt.Sprint(o.maxPixels()), "-threads", fmt.Sprint(max(1, o.Threads))}
	args = append(args, in.input...)
	args = append(args, "-map", fmt.Sprintf("0:V:%d", max(0, o.Stream-1)), "-an", "-sn", "-dn", "-autoscale", "0")
	args = append(args, f.passthrough...)
	return append(args, "-vf", "showinfo=checksum=0,settb=1/25,setpts=N", "-enc_time_base", "1:25", "-c:v", "rawvideo", "-f", "rawvideo", "pipe:1")
}

func (d *decoder) info() Info { return d.known }

func (d *decoder) close() {
	if !d.closed {
		d.closed = true
		d.process.kill()
	}
}

// next implements source.
func (d *decoder) next(buf []byte) (stamped, error) {
	var s stamped
	err := d.process.within(d.options.stall(), d.stalled(), func() error {
		f, ok := d.process.monitor.next()
		if d.complained() {
			return d.damaged()
		}
		if !ok {
			return d.end()
		}
		if err := d.check(f); err != nil {
			return err
		}
		s = stamped{data: grown(buf, d.known.Format.Bytes()), pts: f.pts, timed: f.timed}
		if _, err := io.ReadFull(d.process.stdout, s.data); err != nil {
			return d.end()
		}
		d.frames++
		return nil
	})
	return s, err
}

// grown is a slice of n bytes in the memory of buf, if that has as many.
func grown(buf []byte, n int) []byte {
	if cap(buf) < n {
		return make([]byte, n)
	}
	return buf[:n]
}

// complained says whether ffmpeg has found damage where none is tolerated. A video of which
// there is no frame is refused when ffmpeg has said all.
func (d *decoder) complained() bool {
	return d.process.monitor.foundDamage() && d.frames > 0 && d.options.Damage == Refuse && !d.live
}

// check compares a frame's format with that of the first.
func (d *decoder) check(f shown) error {
	if d.frames == 0 {
		d.first = f
		return d.begin(f)
	}
	a, b := d.first, f
	switch {
	case a.width != b.width || a.height != b.height:
		return failf(d.known.Name, Changed, "frame %d has %dx%d pixels and those before %dx%d: cut the video there, or bring it to one size, as with ffmpeg -i IN -vf scale=%[4]d:%[5]d OUT.mkv",
			d.frames, b.width, b.height, a.width, a.height)
	case a.pixels != b.pixels || a.colourRange != b.colourRange || a.colourSpace != b.colourSpace || a.timeBase != b.timeBase:
		return failf(d.known.Name, Changed, "frame %d is of another kind than those before (%s %s %s, before %s %s %s): write it anew, as with ffmpeg -i IN OUT.mkv",
			d.frames, b.pixels, b.colourRange, b.colourSpace, a.pixels, a.colourRange, a.colourSpace)
	}
	return nil
}

// begin takes what is known of the video with its first frame.
func (d *decoder) begin(f shown) error {
	if err := d.options.checkSize(d.known.Name, f.width, f.height); err != nil {
		return err
	}
	in := d.process.monitor.opened()
	k := &d.known
	k.Container, k.Rate, k.TimeBase, k.VideoStreams = in.container, in.rate, f.timeBase, len(in.videos)
	if n := max(0, d.options.Stream-1); n < len(in.videos) {
		k.Codec, k.Rotation = in.videos[n].codec, in.videos[n].rotation
	}
	k.Format, k.Tagged = formatOf(f, k.Codec)
	if d.options.Range != "" {
		k.Format.Range = d.options.Range
	}
	if k.Format.Matrix == "" || d.options.Matrix == "" {
		return d.unread(f, k.Format.Check())
	}
	k.Format.Matrix = d.options.Matrix
	return d.unread(f, k.Format.Check())
}

func (d *decoder) unread(f shown, err error) error {
	if err == nil {
		return nil
	}
	if d.known.Format.Matrix == unknownMatrix {
		err = fmt.Errorf("the colour matrix %s is not read: convert the video, as with ffmpeg -i IN -pix_fmt rgb24 -c:v ffv1 OUT.mkv", f.colourSpace)
	}
	return failf(d.known.Name, Unsupported, "%v", err)
}

// unknownMatrix stands for a tag that is not read.
const unknownMatrix Matrix = "unknown"

// limitedGrey are the codecs whose grey has limited range where nothing is said.
var limitedGrey = map[string]bool{"h264": true, "hevc": true, "vvc": true, "av1": true, "vp8": true, "vp9": true,
	"mpeg1video": true, "mpeg2video": true, "mpeg4": true}

// formatOf applies the rule for range and matrix to the tags of a frame.
func formatOf(f shown, codec string) (format Format, tagged bool) {
	pixels, full := normalFormat(f.pixels)
	format = Format{Pixels: pixels, Width: f.width, Height: f.height, Range: Limited}
	k := yuv
	if l, ok := layouts[pixels]; ok {
		k = l.kind
	}
	rangeTagged := true
	switch {
	case f.colourRange == "pc" || full:
		format.Range = Full
	case f.colourRange == "tv":
	default:
		rangeTagged = false
		if k == rgb || k == grey && !limitedGrey[codec] {
			format.Range = Full
		}
	}
	if k != yuv {
		return format, rangeTagged
	}
	m, ok := matrixTags[f.colourSpace]
	if !ok {
		m = unknownMatrix
	}
	format.Matrix = m
	return format, rangeTagged && f.colourSpace != "unknown" && f.colourSpace != "reserved"
}

// end waits for the end of ffmpeg and says what it was: io.EOF if all is well.
func (d *decoder) end() error {
	rest, _ := io.Copy(io.Discard, io.LimitReader(d.process.stdout, 1))
	if rest > 0 || d.process.monitor.overran() {
		d.close()
		return failf(d.known.Name, Damaged, "ffmpeg's frames and its messages about them do not agree after frame %d: report this with the version, %s", d.frames, d.known.Program)
	}
	cause := context.Cause(d.process.ctx)
	<-d.process.messages
	if cause == nil {
		cause = context.Cause(d.process.ctx)
	}
	d.closed = true
	err := d.process.finish()
	var stall *Error
	messages, _ := d.process.monitor.complaints()
	switch {
	case errors.As(cause, &stall):
		return stall
	case cause != nil:
		return cause
	case d.frames == 0 && (err != nil || len(messages) > 0):
		return d.notOpened(messages, err)
	case d.frames == 0:
		return failf(d.known.Name, Empty, "has no frames: give a video that has some")
	case err != nil:
		broken := d.damaged()
		broken.again = true
		return broken
	case len(messages) > 0 && d.live:
		d.options.warn("parts of the stream could not be read", "source", d.known.Name, "ffmpeg", messages[0])
	case len(messages) > 0:
		return d.damaged()
	}
	return io.EOF
}

func (d *decoder) stalled() error {
	return &Error{Name: d.known.Name, Kind: Stalled, again: true,
		Text: fmt.Sprintf("gave no frame for %s after frame %d: look whether its sender still sends", d.options.stall(), d.frames)}
}

func (d *decoder) damaged() *Error {
	messages, n := d.process.monitor.complaints()
	said := "it ended early"
	if n > 0 {
		said = fmt.Sprintf("ffmpeg says %q", messages[0])
	}
	if n > 1 {
		said += fmt.Sprintf(" and %d more", n-1)
	}
	return failf(d.known.Name, Damaged, "is damaged or cut short (at about frame %d %s): get it anew, or keep what can be read, as with ffmpeg -i IN OUT.mkv", d.frames, said)
}

// reasons tell what ffmpeg's message means where it gave no frame. The first that fits counts.
var reasons = []struct {
	said string
	kind Kind
	text string
}{
	{"Format not on whitelist", Unsupported, "is of a format that is not read from files, such as a playlist, which names other files: give the videos themselves, or write it as one file, as with ffmpeg -i IN -c copy OUT.mkv"},
	{"not on whitelist", Playlist, "names another file or address, which is not opened: give the videos themselves"},
	{"matches no streams", Empty, "has no video stream, or not as many: give a video, and look at its streams with ffprobe"},
	{"partial file", Damaged, "ends before its first frame: the file was cut short, or its index is at the end and it comes through a pipe: get it anew, or write it as with ffmpeg -i IN -c copy -movflags +faststart OUT.mp4"},
	{"moov atom not found", Damaged, "has no index (moov): the file is no MP4 file, was cut short, or its index is at the end and it comes through a pipe: get it anew, or write it as with ffmpeg -i IN -c copy -movflags +faststart OUT.mp4"},
	{"exceeds specified max pixel count", TooLarge, "has frames of more pixels than are read: make them smaller, as with ffmpeg -i IN -vf scale=1920:-2 OUT.mp4"},
	{"Picture size", TooLarge, "has frames of a size that cannot be: get it anew"},
	{"Unknown decoder", Unsupported, "is of a codec that this ffmpeg does not decode: convert it where it can be read"},
	{"not found for", Unsupported, "is of a codec that this ffmpeg does not decode: convert it where it can be read"},
	{"codec none", Unsupported, "is of a codec that this ffmpeg does not decode: convert it where it can be read"},
	{"Permission denied", NotFound, "must not be read by this user: give the right to"},
	{"No such", NotFound, "is not there: look at the name"},
	{"onnection refused", Unreachable, "refuses the connection: look whether its sender runs"},
	{"Invalid data found", Damaged, "is no video that ffmpeg reads, or damaged from the start: get it anew"},
}

// notOpened explains why there was no frame.
func (d *decoder) notOpened(messages []string, exit error) error {
	all := strings.Join(messages, "\n")
	failed := &Error{Name: d.known.Name, Kind: Empty, Text: "has no frames that can be read: get it anew"}
	if !d.local {
		failed = &Error{Name: d.known.Name, Kind: Unreachable, Text: "gave no frame: look whether its sender sends a video", again: true}
	}
	for _, r := range reasons {
		if strings.Contains(all, r.said) {
			failed = &Error{Name: d.known.Name, Kind: r.kind, Text: r.text, again: r.kind == Unreachable}
			break
		}
	}
	if len(messages) > 0 {
		failed.Text += fmt.Sprintf(" (ffmpeg says %q)", messages[0])
	} else {
		failed.Text += fmt.Sprintf(" (ffmpeg: %v)", exit)
	}
	return failed
}
