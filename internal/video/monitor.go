package video

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

const (
	mostQueued   = 1 << 12 // frames that ffmpeg may have announced and not written
	mostMessages = 5       // that are kept of ffmpeg's complaints
	mostText     = 300     // bytes of a complaint
	lineBuffer   = 1 << 14 // longer lines are cut
)

// shown is what showinfo says of a frame.
type shown struct {
	pts           int64
	timed         bool
	pixels        string // ffmpeg's name
	width, height int
	timeBase      Rational
	colourRange   string // tags, "unknown" without
	colourSpace   string
}

// input is what ffmpeg says of what it has opened.
type input struct {
	container string
	videos    []videoStream
	rate      Rational
}

type videoStream struct{ codec, rotation string }

// monitor reads ffmpeg's standard error: what it says of the input, one line of showinfo for
// each frame, and complaints.
type monitor struct {
	clean func(string) string // takes secrets out of messages

	mu        sync.Mutex
	changed   sync.Cond
	input     input
	inputDone bool
	base      Rational
	open      *shown // whose second line has not come yet
	queue     []shown
	overrun   bool
	ended     bool
	messages  []string
	complains int
	numbering int // how many of these are only about the numbers that frames are given
}

func newMonitor(clean func(string) string) *monitor {
	m := &monitor{clean: clean}
	m.changed.L = &m.mu
	return m
}

// read takes lines until the end.
func (m *monitor) read(r io.Reader) {
	buffered := bufio.NewReaderSize(r, lineBuffer)
	for {
		line, err := buffered.ReadSlice('\n')
		text := string(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = buffered.ReadSlice('\n')
		}
		m.line(strings.TrimRight(text, "\r\n"))
		if err != nil {
			break
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
	m.changed.Broadcast()
}

// A line is "[part @ 0x55] [level] text", with any number of parts. A message that is written
// while another has no end of its line yet has neither part nor level.
var linePattern = regexp.MustCompile(`^((?:\[[^\]]* @ (?:0x)?[0-9a-fA-F]+\] ?)*)\[(panic|fatal|error|warning|info|verbose|debug|trace)\] ?(.*)$`)

func (m *monitor) line(line string) {
	part, level, text := "", "", line
	if found := linePattern.FindStringSubmatch(line); found != nil {
		part, level, text = found[1], found[2], found[3]
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.changed.Broadcast()
	switch {
	case level == "panic" || level == "fatal" || level == "error":
		m.complain(part, text)
	case level == "warning" && strings.Contains(text, "corrupt"):
		m.complain(part, text)
	case strings.Contains(part, "showinfo"):
		m.showinfo(text)
	case level == "info" && !m.inputDone:
		m.describe(text)
	case level == "" && complaintPattern.MatchString(text):
		m.complain(part, text)
	}
}

// complaintPattern finds complaints among text without a level.
var complaintPattern = regexp.MustCompile(`(?i)error|corrupt|invalid|truncated`)

// numberingPattern finds what ffmpeg's output says where the numbers that its filter gives
// frames begin anew, because their size or kind changes.
var numberingPattern = regexp.MustCompile(`^Application provided invalid, non monotonically`)

func (m *monitor) complain(part, text string) {
	m.complains++
	if numberingPattern.MatchString(text) {
		m.numbering++
	}
	if len(m.messages) == mostMessages {
		return
	}
	if name, _, ok := strings.Cut(strings.TrimPrefix(part, "["), " @ "); ok {
		text = name + ": " + text
	}
	text, _, _ = strings.Cut(text, " 'mov,mp4,") // the list of formats, in the message that none of them fits
	text = strings.ToValidUTF8(m.clean(text), "?")
	m.messages = append(m.messages, text[:min(len(text), mostText)])
}

var (
	configPattern = regexp.MustCompile(`^config in time_base: (\d+)/(\d+), frame_rate: (\d+)/(\d+)`)
	framePattern  = regexp.MustCompile(`n: *\d+ pts: *(-?\d+|NOPTS) pts_time:.* fmt:(\S+) .*\bs:(\d+)x(\d+) .*type:\S(.*)$`)
	tagsPattern   = regexp.MustCompile(`^color_range:(\S+) color_space:(\S+)`)
)

// showinfo takes a line of the filter: its set-up, or one of the two of each frame.
func (m *monitor) showinfo(text string) {
	if found := configPattern.FindStringSubmatch(text); found != nil {
		m.base = rational(found[1], found[2])
		m.input.rate = rational(found[3], found[4])
		return
	}
	if found := framePattern.FindStringSubmatch(text); found != nil {
		f := shown{pixels: found[2], timeBase: m.base}
		f.width, _ = strconv.Atoi(found[3])
		f.height, _ = strconv.Atoi(found[4])
		pts, err := strconv.ParseInt(found[1], 10, 64)
		f.pts, f.timed = pts, err == nil
		m.open = &f
		if complaintPattern.MatchString(found[5]) {
			m.complain("", found[5])
		}
		return
	}
	found := tagsPattern.FindStringSubmatch(text)
	if found == nil || m.open == nil {
		return
	}
	m.open.colourRange, m.open.colourSpace = found[1], found[2]
	if m.overrun = m.overrun || len(m.queue) == mostQueued; !m.overrun {
		m.queue = append(m.queue, *m.open)
	}
	m.open = nil
}

func rational(num, den string) Rational {
	n, _ := strconv.ParseInt(num, 10, 64)
	d, _ := strconv.ParseInt(den, 10, 64)
	if n == 0 || d == 0 {
		return Rational{}
	}
	return Rational{n, d}
}

var (
	inputPattern    = regexp.MustCompile(`^Input #0, (.+?), from '`)
	streamPattern   = regexp.MustCompile(`^ {2,4}Stream #0:\d+(?:\[0x[0-9a-f]+\])?(?:\([^)]*\))?: Video: (\w+)`)
	rotationPattern = regexp.MustCompile(`^ +displaymatrix: rotation of (-?[0-9.]+|-?nan) degrees`)
)

// describe takes a line of the description of the input. Text of the file itself is indented
// further than the lines that are looked for, and can at most make a file be refused.
func (m *monitor) describe(text string) {
	if found := inputPattern.FindStringSubmatch(text); found != nil {
		m.input.container = found[1]
		return
	}
	if found := streamPattern.FindStringSubmatch(text); found != nil {
		picture := strings.Contains(text, "(attached pic)") || strings.Contains(text, "(timed thumbnails)")
		if !picture {
			m.input.videos = append(m.input.videos, videoStream{codec: found[1]})
		}
		return
	}
	if found := rotationPattern.FindStringSubmatch(text); found != nil && len(m.input.videos) > 0 {
		if degrees := strings.TrimLeft(found[1], "-"); strings.Trim(degrees, "0.") != "" {
			m.input.videos[len(m.input.videos)-1].rotation = found[1]
		}
		return
	}
	m.inputDone = strings.HasPrefix(text, "Stream mapping:") || strings.HasPrefix(text, "Output #")
}

// next waits for what is known of the next frame; false when there is none.
func (m *monitor) next() (shown, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(m.queue) == 0 && !m.ended && !m.overrun {
		m.changed.Wait()
	}
	if len(m.queue) == 0 {
		return shown{}, false
	}
	f := m.queue[0]
	m.queue = m.queue[1:]
	return f, true
}

// opened is the description of the input.
func (m *monitor) opened() input {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.input
}

// foundDamage says whether there is a complaint of which the frames to come will not say the
// cause better.
func (m *monitor) foundDamage() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.complains > m.numbering
}

// complaints are the first messages and the number of all.
func (m *monitor) complaints() ([]string, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.messages, m.complains
}

// overran says that ffmpeg announced frames and did not write them.
func (m *monitor) overran() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.overrun
}
