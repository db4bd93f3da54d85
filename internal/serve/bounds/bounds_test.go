package bounds

import (
	"errors"
	"net"
	"testing"
	"time"
)

func TestMemory(t *testing.T) {
	m := NewMemory(10)
	a, b := m.Holding(), m.Holding()
	if !a.Take(4) || !b.Take(6) || a.Take(1) || m.Free() != 0 {
		t.Errorf("%d bytes are free, want all taken and no more", m.Free())
	}
	if a.Release(); m.Free() != 4 || b.Take(5) || !b.Take(4) {
		t.Errorf("%d bytes are free after a part was given back", m.Free())
	}
	a.Release() // has nothing any more
	if b.Release(); m.Free() != 10 {
		t.Errorf("%d bytes are free in the end", m.Free())
	}
}

// TestListener lets one connection wait until another is closed, and the end until none.
func TestListener(t *testing.T) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listener(plain, 1)
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Fatal("two connections at a time")
	case <-time.After(50 * time.Millisecond):
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := <-accepted
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, more := <-accepted; more { // it waited for the second to be closed
		t.Error("accepted after the end")
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v", err)
	}
}
