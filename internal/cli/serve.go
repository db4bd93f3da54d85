package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/serve"
)

// serveFlags are the options of serve as they are given.
type serveFlags struct {
	options                        serve.Options
	tokenFile                      string
	bodyMB, megapixels             int
	receive, answer, shutdown      int // seconds
	metricsPort, requests, connect int
}

func (f *serveFlags) declare(o *config.Options) {
	d := serve.DefaultOptions()
	seconds := config.Between(1, 3600)
	o.String(&f.options.Listen, "listen", d.Listen, "address and port to listen on; port 0 is a free one")
	o.Int(&f.metricsPort, "metrics-port", d.MetricsPort, "second port, for metrics alone; 0: a free one, -1: none", config.Between(-1, 65535))
	o.String(&f.tokenFile, "token-file", "", "file with the token that clients must send; needed where other machines can connect")
	o.Int(&f.bodyMB, "max-body-mb", int(d.Body>>20), "largest request, in megabytes, before and after unpacking", config.Between(1, 1024))
	o.Int(&f.megapixels, "max-image-megapixels", d.Pixels/1_000_000, "largest image file, in millions of pixels; each takes up to 11 bytes of memory", config.Between(1, 200))
	o.Int(&f.requests, "max-requests", d.Requests, "requests for results at a time; more are refused", config.Between(1, 10000))
	o.Int(&f.connect, "max-connections", d.Connections, "connections at a time; more wait", config.Between(1, 100000))
	o.Int(&f.receive, "receive-timeout", int(d.Receive.Seconds()), "seconds that a request may take to come", seconds)
	o.Int(&f.answer, "answer-timeout", int(d.Answer.Seconds()), "seconds that a request may wait for its result", seconds)
	o.Int(&f.shutdown, "shutdown-timeout", int(d.Drain.Seconds()), "seconds for open requests after the end was asked for", seconds)
}

// resolve puts the flags into the options.
func (f *serveFlags) resolve(c *call) (o serve.Options, err error) {
	o = serve.DefaultOptions()
	o.Listen, o.MetricsPort, o.Requests, o.Connections = f.options.Listen, f.metricsPort, f.requests, f.connect
	o.Body, o.Pixels = int64(f.bodyMB)<<20, f.megapixels*1_000_000
	o.Receive, o.Answer, o.Drain = time.Duration(f.receive)*time.Second, time.Duration(f.answer)*time.Second, time.Duration(f.shutdown)*time.Second
	o.Header = min(o.Header, o.Receive)
	o.Workers, o.Log = c.settings.WorkerCount(), c.env.Log
	if f.tokenFile != "" {
		o.Token, err = serve.ReadToken(f.tokenFile)
	}
	return o, err
}

func serveCommand() *command {
	var flags serveFlags
	return &command{
		use: "serve MODEL", short: "answer requests for a model over HTTP", group: groupStages,
		long: `Answers for the model of a package, or of a run, by the Open Inference Protocol,
version 2, as NVIDIA Triton does for the same package: inference in JSON and
binary form, classification, metadata, configuration, statistics, repository
index and Prometheus metrics. POST /v2/models/NAME/image takes an image file and
prepares it as the package says. Requests that come at the same time run
together.

When it is ready, it prints its address. SIGTERM and SIGINT end it: requests
that have come are answered, and the exit code is 0. Without --token-file it
listens on addresses of this machine alone. It has no TLS: put a proxy that has
it before a server that others reach.`,
		example: `  blocktrain serve runs/first/package/digits-vgg-small-0.1.0
  blocktrain serve digits-vgg-small-0.1.0.tar.gz --listen 127.0.0.1:9000
  blocktrain serve /package --listen 0.0.0.0:8000 --token-file /run/token
  curl --data-binary @photo.jpg \
    'http://127.0.0.1:8000/v2/models/digits-vgg-small/image?classification=3'`,
		settings: named("workers", "max-package-mb"),
		own:      flags.declare,
		args:     oneModel,
		run: func(ctx context.Context, c *call) error {
			options, err := flags.resolve(c)
			if err != nil {
				return err
			}
			model, err := openServed(ctx, c)
			if err != nil {
				return err
			}
			return c.serve(ctx, model, options)
		},
	}
}

func oneModel(args []string) error {
	if len(args) != 1 {
		return config.Usagef("want one run directory or package, got %d arguments", len(args))
	}
	return nil
}

// openServed reads the model that the argument names.
func openServed(ctx context.Context, c *call) (_ *serve.Model, err error) {
	source, err := rundir.OpenModelSource(ctx, c.args[0], c.settings.MaxPackageMB)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	model, record, err := serve.Open(source)
	if err == nil {
		record.WarnOfDecoder(c.env.Log)
	}
	return model, err
}

// serve answers requests until the context ends, which is how a server is meant to end.
func (c *call) serve(ctx context.Context, model *serve.Model, options serve.Options) error {
	server, err := serve.New(ctx, model, options)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, server.URL())
	c.env.Log.Info("serving", "model", model.Name, "url", server.URL(), "metrics", server.MetricsURL())
	if err := server.Run(ctx); err != nil {
		return err
	}
	c.env.Log.Info("server ended")
	return nil
}
