// Package bench measures how fast this machine trains and predicts, and where the
// time goes.
package bench

import (
	"context"
	"errors"
	"iter"
	"os"
	"runtime/pprof"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Request is what a benchmark measures besides what settings say.
type Request struct {
	Input      string  // "WIDTHxHEIGHTxCHANNELS"; empty: see references
	Classes    int     // of the network
	Seconds    float64 // of measuring, for each network
	Measure    string  // one of the words below
	CPUProfile string  // file to write; empty: none
}

// What a benchmark can measure.
const (
	All       = "all"
	Training  = "training"
	Inference = "inference" // throughput and latency
)

// references are the networks that are measured where none is named, at the
// sizes that doc/Performance.md states.
var references = []network{
	{"lenet5", "", nn.Shape{H: 28, W: 28, C: 1}, 64},
	{"cnn", "", nn.Shape{H: 28, W: 28, C: 1}, 64},
	{"resnet20", "", nn.Shape{H: 32, W: 32, C: 3}, 128},
	{"mobilenet-small", "", nn.Shape{H: 32, W: 32, C: 3}, 128},
}

// network is a network and the size of its work.
type network struct {
	model, options string
	input          nn.Shape
	batch          int
}

// networksOf lists what to measure. Flags count, not the defaults of .env: what
// they leave open is as in references.
func networksOf(s *settings.Settings, request *Request) ([]network, error) {
	networks := slices.Clone(references)
	if s.Origins["model"] == config.OriginFlag {
		networks = []network{referenceOf(s)}
	} else if s.Origins["model-options"] == config.OriginFlag {
		return nil, config.Usagef("--model-options needs --model NAME")
	}
	for i := range networks {
		if s.Origins["batch-size"] == config.OriginFlag {
			networks[i].batch = s.BatchSize
		}
		if request.Input == "" {
			continue
		}
		input, err := parseInput(request.Input)
		if err != nil {
			return nil, err
		}
		networks[i].input = input
	}
	return networks, nil
}

// referenceOf is the network that the settings name, at the sizes of the
// reference network of that name.
func referenceOf(s *settings.Settings) network {
	chosen := network{s.Model, s.ModelOptions, nn.Shape{H: 28, W: 28, C: 1}, s.BatchSize}
	for _, reference := range references {
		if reference.model == s.Model {
			chosen.input, chosen.batch = reference.input, reference.batch
		}
	}
	return chosen
}

// parseInput reads "WIDTHxHEIGHTxCHANNELS".
func parseInput(s string) (nn.Shape, error) {
	wrong := config.Usagef("--input %s: want WIDTHxHEIGHTxCHANNELS, such as 32x32x3, with 1 or 3 channels", s)
	size, channels, ok := cutLast(s, "x")
	if !ok || !strings.Contains(size, "x") || channels != "1" && channels != "3" {
		return nn.Shape{}, wrong
	}
	width, height, err := settings.ParseSize(size)
	if err != nil {
		return nn.Shape{}, config.Usagef("--input %s: %w", s, err)
	}
	return nn.Shape{H: height, W: width, C: int(channels[0] - '0')}, nil
}

func cutLast(s, separator string) (before, after string, found bool) {
	at := strings.LastIndex(s, separator)
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+len(separator):], true
}

// Run measures training, inference and latency on random images, and yields the
// result of each network as it is measured.
func Run(ctx context.Context, s *settings.Settings, request Request) iter.Seq2[*Result, error] {
	return func(yield func(*Result, error) bool) {
		networks, err := networksOf(s, &request)
		if err != nil {
			yield(nil, err)
			return
		}
		stop, err := profileCPU(request.CPUProfile)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, network := range networks {
			b := &benchmark{network: network, settings: s, request: &request}
			result, err := b.run(ctx)
			if !yield(result, err) || err != nil {
				break
			}
		}
		if err := stop(); err != nil {
			yield(nil, err)
		}
	}
}

// profileCPU records where the program spends its time until stop is called.
func profileCPU(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
