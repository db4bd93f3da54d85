package serve

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
)

// limitedListener has so many connections at a time; others wait until one is closed.
type limitedListener struct {
	net.Listener
	free   chan struct{}
	closed chan struct{}
	close  func() error
}

func limited(l net.Listener, connections int) net.Listener {
	made := &limitedListener{Listener: l, free: make(chan struct{}, connections), closed: make(chan struct{})}
	made.close = sync.OnceValue(func() error {
		close(made.closed)
		return l.Close()
	})
	return made
}

// Accept implements net.Listener.
func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &limitedConn{c, sync.OnceFunc(func() { <-l.free })}, nil
}

// Close implements net.Listener.
func (l *limitedListener) Close() error { return l.close() }

type limitedConn struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

func cannotListen(address string, err error) error {
	return config.Usagef("cannot listen on %s: %w: choose another address by --listen, or port 0 for a free one", address, err)
}

func brokenOff(after time.Duration, err error) error {
	return fmt.Errorf("requests were still open %v after the end was asked for, and were broken off: %w", after, err)
}
