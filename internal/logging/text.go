package logging

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// style is how a text handler writes its lines.
type style struct {
	time  string // layout
	color bool   // level in colour
	clear string // written before a line, to wipe what is on it
	short bool   // SHA-256 digests by their first digits
}

var fileStyle = style{time: "2006-01-02 15:04:05"}

// consoleStyle wipes the terminal's last line before it writes: a progress bar may
// stand there, and is drawn anew below.
func consoleStyle(w io.Writer) style {
	s := style{time: "15:04:05", short: true}
	if IsTerminal(w) {
		s.clear = "\r\x1b[K"
		s.color = Colored(w)
	}
	return s
}

// textHandler writes records as "15:04:05 INFO  message key=value key=value".
type textHandler struct {
	mu    *sync.Mutex // held while writing to w
	w     io.Writer
	level slog.Level
	style style
	attrs string // of WithAttrs, as written
	group string // of WithGroup, "a.b."
}

func newTextHandler(w io.Writer, level slog.Level, s style) *textHandler {
	return &textHandler{mu: &sync.Mutex{}, w: w, level: level, style: s}
}

// Enabled implements slog.Handler.
func (h *textHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// WithAttrs implements slog.Handler.
func (h *textHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b bytes.Buffer
	for _, attr := range attrs {
		h.appendAttr(&b, h.group, attr)
	}
	derived := *h
	derived.attrs += b.String()
	return &derived
}

// WithGroup implements slog.Handler.
func (h *textHandler) WithGroup(name string) slog.Handler {
	derived := *h
	if name != "" {
		derived.group += name + "."
	}
	return &derived
}

// Handle implements slog.Handler.
func (h *textHandler) Handle(_ context.Context, record slog.Record) error {
	var b bytes.Buffer
	b.WriteString(h.style.clear)
	b.WriteString(record.Time.Format(h.style.time))
	b.WriteString(" " + h.levelName(record.Level) + " ")
	if text, found := inWords(record); found && h.style.color {
		b.WriteString(Paint(text))
	} else if found {
		b.WriteString(text)
	} else {
		h.appendRecord(&b, record)
	}
	b.WriteByte('\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.w.Write(b.Bytes())
	return err
}

// appendRecord writes message and attributes. A message of several lines is written
// as it is.
func (h *textHandler) appendRecord(b *bytes.Buffer, record slog.Record) {
	b.WriteString(strings.TrimRight(record.Message, "\n"))
	b.WriteString(h.attrs)
	record.Attrs(func(attr slog.Attr) bool {
		h.appendAttr(b, h.group, attr)
		return true
	})
}

// words is the value of an attribute that InWords made.
type words string

// LogValue implements slog.LogValuer. An empty group is what handlers leave out.
func (words) LogValue() slog.Value { return slog.GroupValue() }

// InWords gives a record another text for people, such as a table: text logs have
// it in place of message and attributes, JSON lines have those alone.
func InWords(text string) slog.Attr {
	return slog.Any("", words(strings.TrimRight(text, "\n")))
}

// inWords finds the text that InWords gave the record.
func inWords(record slog.Record) (text string, found bool) {
	record.Attrs(func(attr slog.Attr) bool {
		value, is := attr.Value.Any().(words)
		text, found = string(value), is
		return !found
	})
	return text, found
}

// levelName is the level in five columns.
func (h *textHandler) levelName(level slog.Level) string {
	name := level.String()
	name += strings.Repeat(" ", max(0, 5-len(name)))
	if !h.style.color {
		return name
	}
	color := cyan
	switch {
	case level >= slog.LevelError:
		color = red
	case level >= slog.LevelWarn:
		color = yellow
	case level >= slog.LevelInfo:
		color = green
	}
	return color + name + plain
}

// appendAttr writes " key=value", and a group as its members.
func (h *textHandler) appendAttr(b *bytes.Buffer, group string, attr slog.Attr) {
	value := attr.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			group += attr.Key + "."
		}
		for _, member := range value.Group() {
			h.appendAttr(b, group, member)
		}
		return
	}
	if attr.Key == "" && value.Any() == nil {
		return
	}
	text := formatValue(value)
	if h.style.short && digest.MatchString(text) {
		text = text[:12] + "…"
	}
	b.WriteString(" " + group + attr.Key + "=" + text)
}

// digest is a SHA-256 digest in hexadecimal.
var digest = regexp.MustCompile(`^[0-9a-f]{64}$`)

func formatValue(value slog.Value) string {
	text := value.String()
	switch value.Kind() {
	case slog.KindFloat64:
		text = strconv.FormatFloat(value.Float64(), 'g', 6, 64)
	case slog.KindDuration:
		text = value.Duration().Round(time.Millisecond).String()
	}
	if text == "" || strings.ContainsFunc(text, needsQuotes) {
		return strconv.Quote(text)
	}
	return text
}

func needsQuotes(r rune) bool {
	return unicode.IsSpace(r) || r == '"' || r == '=' || !unicode.IsPrint(r)
}
