package serve

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/serve/bounds"
)

// Server answers requests for one model. Run runs it; it is used once.
type Server struct {
	model    *Model
	options  Options
	stats    *statistics
	batcher  *batcher
	memory   *bounds.Memory // of bodies
	answers  *bounds.Memory
	slots    chan struct{} // of requests for results
	decoding chan struct{} // of images that are decoded
	ending   atomic.Bool

	main, more net.Listener // more is for metrics alone; nil: none
}

// New compiles the model, runs it on black images if its package says so, and opens the
// ports. An address that cannot be listened on is a config.UsageError.
func New(ctx context.Context, m *Model, o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = logging.Discard()
	}
	s := &Server{
		model: m, options: o, stats: newStatistics(m), memory: bounds.NewMemory(bodies * o.Body), answers: bounds.NewMemory(bodies * max(o.Body, m.largestAnswer())),
		slots: make(chan struct{}, o.Requests), decoding: make(chan struct{}, max(1, o.Workers)),
	}
	if err := s.listen(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.batcher, err = newBatcher(m, o, s.stats); err != nil {
		return nil, errors.Join(err, s.closePorts())
	}
	return s, nil
}

func (s *Server) listen(ctx context.Context) (err error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.options.Listen)
	if err != nil {
		return cannotListen(s.options.Listen, err)
	}
	s.main = bounds.Listener(listener, s.options.Connections)
	if s.options.MetricsPort < 0 {
		return nil
	}
	host, _, _ := net.SplitHostPort(s.options.Listen) // which check took apart
	address := net.JoinHostPort(host, strconv.Itoa(s.options.MetricsPort))
	if s.more, err = config.Listen(ctx, "tcp", address); err != nil {
		return errors.Join(cannotListen(address, err), s.main.Close())
	}
	s.more = bounds.Listener(s.more, s.options.Connections)
	return nil
}

func (s *Server) closePorts() error {
	err := s.main.Close()
	if s.more != nil {
		err = errors.Join(err, s.more.Close())
	}
	return err
}

// URL is where the server answers: at the host that was asked for, and the port that it has.
func (s *Server) URL() string { return s.address(s.main) }

// address names the host as it was asked for. Of 0.0.0.0, the listener says [::].
func (s *Server) address(l net.Listener) string {
	host, _, _ := net.SplitHostPort(s.options.Listen) // which check took apart
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil || host == "" {
		return "http://" + l.Addr().String()
	}
	return "http://" + net.JoinHostPort(host, port)
}

// MetricsURL is where the server answers for metrics.
func (s *Server) MetricsURL() string {
	if s.more != nil {
		return s.address(s.more) + "/metrics"
	}
	return s.URL() + "/metrics"
}

// Run answers requests until the context ends, and then those that have come. An error says
// that the server could not go on, or that requests were still open at the end of the time.
func (s *Server) Run(ctx context.Context) error {
	servers := []*http.Server{s.http(s)}
	listeners := []net.Listener{s.main}
	if s.more != nil {
		servers, listeners = append(servers, s.http(http.HandlerFunc(s.metricsAlone))), append(listeners, s.more)
	}
	failed := make(chan error, len(servers))
	var serving sync.WaitGroup
	for i, server := range servers {
		serving.Go(func() {
			if err := server.Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	err = errors.Join(err, s.end(servers))
	serving.Wait()
	s.batcher.close()
	return err
}

// end stops taking requests and waits for those that there are. What is open after that is
// broken off.
func (s *Server) end(servers []*http.Server) error {
	s.ending.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Drain)
	defer cancel()
	var errs []error
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, brokenOff(s.options.Drain, err), server.Close())
		}
	}
	s.drain()
	return errors.Join(errs...)
}

// drain waits until no request is at work, so that none is given to a batcher that ended.
func (s *Server) drain() {
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
}

func (s *Server) http(handler http.Handler) *http.Server {
	const slack = time.Second
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: s.options.Header, ReadTimeout: s.options.Receive,
		WriteTimeout: s.options.Receive + 2*s.options.Answer + slack, IdleTimeout: s.options.Idle, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.options.Log.Handler(), slog.LevelWarn),
	}
}

// metricsAlone answers on the port for metrics.
func (s *Server) metricsAlone(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/metrics" {
		refuse(w, typePlain, &failure{http.StatusNotFound, notFound})
		return
	}
	s.ServeHTTP(w, r)
}
