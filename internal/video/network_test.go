package video

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestServer reads from a server that wants a password. Nothing of it is in a message.
func TestServer(t *testing.T) {
	s := newStudio(t)
	path := s.film("a.mkv", 64, 48, 20, x264...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "anna" || password != "se:cret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/a.mkv":
			http.ServeFile(w, r, path)
		case "/list.m3u8":
			fmt.Fprintf(w, "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:1,\nfile:%s\n#EXT-X-ENDLIST\n", path)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	address := strings.Replace(server.URL, "http://", "http://anna:se%3Acret@", 1)
	o := Options{FFmpeg: s.ffmpeg, Digest: true, Stall: 20 * time.Second, Pause: time.Millisecond}
	r, err := OpenNetwork(t.Context(), address+"/a.mkv?key=hidden", o)
	info, summary, _, _ := whole(t, r, err)
	if info.Name != server.URL+"/a.mkv" {
		t.Errorf("the name is %s", info.Name)
	}
	file, err := Open(t.Context(), path, o)
	if _, want, _, _ := whole(t, file, err); want.Digest != summary.Digest {
		t.Error("a server and a file give other planes")
	}
	var warnings strings.Builder
	o.Retries, o.Warn = 1, func(m string, attributes ...any) { fmt.Fprintln(&warnings, m, attributes) }
	for _, bad := range []string{address + "/list.m3u8", address + "/none.mkv?key=hidden", strings.Replace(address, "se%3A", "no:", 1) + "/a.mkv"} {
		r, err := OpenNetwork(t.Context(), bad, o)
		if err == nil {
			r.Close()
			t.Errorf("%s is read", Redacted(bad))
			continue
		}
		for _, secret := range []string{"anna", "cret", "hidden"} {
			if text := err.Error() + warnings.String(); strings.Contains(text, secret) {
				t.Errorf("%s is told: %s", secret, text)
			}
		}
		if !strings.HasPrefix(err.Error(), server.URL) {
			t.Errorf("the error does not name the address: %v", err)
		}
	}
	server.Close()
	if _, err := OpenNetwork(t.Context(), address+"/a.mkv", o); !errors.Is(err, Unreachable) || strings.Contains(err.Error(), "cret") || !strings.Contains(err.Error(), "opened again 1 times") {
		t.Errorf("the error is %v", err)
	}
}

// TestTCP reads a stream from a connection, which ends with the connection.
func TestTCP(t *testing.T) {
	s := newStudio(t)
	path := s.film("a.ts", 64, 48, 30, x264...)
	data := s.read(path)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no connections can be made here:", err)
	}
	defer listener.Close()
	go func() {
		if c, err := listener.Accept(); err == nil {
			_, _ = c.Write(data)
			_ = c.Close()
		}
	}()
	o := Options{FFmpeg: s.ffmpeg, Digest: true}
	r, err := OpenNetwork(t.Context(), "tcp://"+listener.Addr().String(), o)
	_, got, _, times := whole(t, r, err)
	file, err := Open(t.Context(), path, o)
	_, want, _, fileTimes := whole(t, file, err)
	if got.Digest != want.Digest || got.Frames != 30 || cmp.Diff(fileTimes, times) != "" {
		t.Errorf("a connection gives %+v, a file %+v", got, want)
	}
}

// TestJoinedInTheMiddle reads a stream whose first frames need what came before. From an address
// that is usual; a file that is so is damaged.
func TestJoinedInTheMiddle(t *testing.T) {
	s := newStudio(t)
	data := s.read(s.film("a.ts", 64, 48, 60, append(x264, "-g", "25", "-mpegts_flags", "resend_headers")...))
	data = data[len(data)/3/188*188:]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }))
	defer server.Close()
	told := ""
	r, err := OpenNetwork(t.Context(), server.URL+"/a.ts", Options{FFmpeg: s.ffmpeg, Timing: Warn, Warn: func(m string, _ ...any) { told += m }})
	_, summary, _, _ := whole(t, r, err)
	if summary.Frames < 10 || summary.Damage != "" || !strings.Contains(told, "could not be read") {
		t.Errorf("%+v, told %q", summary, told)
	}
	r, err = Open(t.Context(), s.write("b.ts", data), Options{FFmpeg: s.ffmpeg, Timing: Warn})
	if err == nil {
		_, err = readAll(r)
	}
	if !errors.Is(err, Damaged) {
		t.Errorf("the error is %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for name, want := range map[string]bool{
		"rtsp://camera/1": true, "HTTP://a": true, "udp://@239.0.0.1:1234": true,
		"a.mp4": false, "/x/http://y": false, "file:///etc/passwd": false, "concat:a|b": false, "c:\\a.mp4": false,
	} {
		if IsAddress(name) != want {
			t.Errorf("%s: %v, want %v", name, !want, want)
		}
	}
	for _, name := range []string{"file:///etc/passwd", "a.mp4", "-i"} {
		if _, err := OpenNetwork(t.Context(), name, Options{}); err == nil || !strings.Contains(err.Error(), "no network address") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	for address, want := range map[string]string{
		"rtsp://u:p@camera:554/live?token=x#f": "rtsp://camera:554/live",
		"rtsp://u@camera/live":                 "rtsp://camera/live",
		"http://u:p%zz@h/":                     "http://...",
	} {
		if got := Redacted(address); got != want {
			t.Errorf("%s becomes %s, want %s", address, got, want)
		}
	}
	clean := cleaner("http://u%20ser:p%40ss@h/a?k=v9", "http://h/a")
	if got := clean("Cannot open http://u%20ser:p%40ss@h/a?k=v9: u ser, p@ss, p%40ss, k=v9"); strings.Contains(got, "ss") || strings.Contains(got, "ser") || strings.Contains(got, "v9") {
		t.Errorf("cleaned: %s", got)
	}
}

// fake is a source for tests: frames of one byte with time stamps, and an error.
type fake struct {
	known Info
	pts   []int64
	err   error
}

func (f *fake) next([]byte) (stamped, error) {
	if len(f.pts) == 0 {
		return stamped{}, f.err
	}
	s := stamped{data: []byte{1}, pts: f.pts[0], timed: true}
	f.pts = f.pts[1:]
	return s, nil
}

func (f *fake) info() Info { return f.known }

func (f *fake) close() {}

// TestRetries has connections that fail. Time goes on by the clock.
func TestRetries(t *testing.T) {
	known := Info{Name: "x", Format: Format{Pixels: "gray", Width: 1, Height: 1, Range: Full}, TimeBase: Rational{1, 1000}, Rate: Rational{25, 1}}
	other := known
	other.Format.Width = 2
	lost := func() error { return &Error{Name: "x", Kind: Stalled, Text: "lost", again: true} }
	damaged := &Error{Name: "x", Kind: Damaged, Text: "damaged"}
	for name, c := range map[string]struct {
		sources []source
		retries int
		want    []int64
		err     string
	}{
		"comes back": {[]source{&fake{known, []int64{1000, 1040}, lost()}, &fake{known, nil, lost()}, &fake{known, []int64{7, 47}, io.EOF}}, 2,
			[]int64{1000, 1040, 3040, 3080}, "EOF"},
		"limit":        {[]source{&fake{known, []int64{5}, lost()}, &fake{known, nil, lost()}}, 1, []int64{5}, "opened again 1 times"},
		"no retries":   {[]source{&fake{known, []int64{5}, lost()}}, 0, []int64{5}, "x: lost"},
		"damage":       {[]source{&fake{known, []int64{5}, damaged}}, 3, []int64{5}, "x: damaged"},
		"other format": {[]source{&fake{known, []int64{5}, lost()}, &fake{other, []int64{6}, lost()}}, 3, []int64{5}, "came back as"},
	} {
		now := time.Unix(0, 0)
		s := &retrying{name: "x", options: Options{Retries: c.retries}, now: func() time.Time { return now },
			wait: func(d time.Duration) error { now = now.Add(d); return nil },
			open: func() (source, error) {
				next := c.sources[0]
				c.sources = c.sources[1:]
				return next, nil
			}}
		var got []int64
		r, err := newReader(s, Options{})
		for err == nil {
			var f *Frame
			if f, err = r.Next(); err == nil {
				got = append(got, f.PTS)
			}
		}
		if cmp.Diff(c.want, got) != "" || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: times are %v and the error %v, want %v and %q", name, got, err, c.want, c.err)
		}
	}
}

// TestDevice refuses what is no camera.
func TestDevice(t *testing.T) {
	for _, path := range []string{os.DevNull + "x", t.TempDir()} {
		if _, err := OpenDevice(t.Context(), path, Options{}); !errors.Is(err, NotFound) {
			t.Errorf("the error is %v", err)
		}
	}
}
