package serve

import (
	"net"
	"testing"
)

// TestURL names the host that was asked for, with the port that it got.
func TestURL(t *testing.T) {
	for asked, want := range map[string]string{
		"0.0.0.0:0": "http://0.0.0.0:8000", "[::]:0": "http://[::]:8000", "localhost:8000": "http://localhost:8000", ":0": "http://[::]:8000",
	} {
		s := &Server{options: Options{Listen: asked}}
		if got := s.address(fixed{}); got != want {
			t.Errorf("%s: %s, want %s", asked, got, want)
		}
	}
}

// fixed is a listener on all addresses, as the net package names them.
type fixed struct{ net.Listener }

func (fixed) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv6unspecified, Port: 8000} }
