package bounds

import (
	"net"
	"sync"
)

// listener has so many connections at a time; others wait until one is closed.
type listener struct {
	net.Listener
	free   chan struct{}
	closed chan struct{}
	close  func() error
}

// Listener accepts so many connections at a time of another listener. Others wait until one is
// closed.
func Listener(l net.Listener, connections int) net.Listener {
	made := &listener{Listener: l, free: make(chan struct{}, connections), closed: make(chan struct{})}
	made.close = sync.OnceValue(func() error {
		close(made.closed)
		return l.Close()
	})
	return made
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
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
	return &connection{c, sync.OnceFunc(func() { <-l.free })}, nil
}

// Close implements net.Listener.
func (l *listener) Close() error { return l.close() }

type connection struct {
	net.Conn
	release func()
}

// Close implements net.Conn.
func (c *connection) Close() error {
	defer c.release()
	return c.Conn.Close()
}
