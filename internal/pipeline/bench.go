package pipeline

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/pprof"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// BenchRequest is what a benchmark measures besides what settings say.
type BenchRequest struct {
	Input      string  // "WIDTHxHEIGHTxCHANNELS"; empty: see benchReferences
	Classes    int     // of the network
	Seconds    float64 // of measuring, for each network
	Measure    string  // one of the words below
	JSON       bool
	CPUProfile string // file to write; empty: none
}

// What a benchmark can measure.
const (
	BenchAll       = "all"
	BenchTraining  = "training"
	BenchInference = "inference" // throughput and latency
)

// benchReferences are the networks that are measured where none is named, at the
// sizes that doc/Performance.md states.
var benchReferences = []benchNetwork{
	{"lenet5", "", nn.Shape{H: 28, W: 28, C: 1}, 64},
	{"cnn", "", nn.Shape{H: 28, W: 28, C: 1}, 64},
	{"resnet20", "", nn.Shape{H: 32, W: 32, C: 3}, 128},
	{"mobilenet-small", "", nn.Shape{H: 32, W: 32, C: 3}, 128},
}

// benchNetwork is a network and the size of its work.
type benchNetwork struct {
	model, options string
	input          nn.Shape
	batch          int
}

// benchNetworks lists what to measure. Flags count, not the defaults of .env: what
// they leave open is as in benchReferences.
func benchNetworks(s *Settings, request *BenchRequest) ([]benchNetwork, error) {
	networks := slices.Clone(benchReferences)
	if s.Origins["model"] == config.OriginFlag {
		networks = []benchNetwork{benchReference(s)}
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

// benchReference is the network that the settings name, at the sizes of the
// reference network of that name.
func benchReference(s *Settings) benchNetwork {
	network := benchNetwork{s.Model, s.ModelOptions, nn.Shape{H: 28, W: 28, C: 1}, s.BatchSize}
	for _, reference := range benchReferences {
		if reference.model == s.Model {
			network.input, network.batch = reference.input, reference.batch
		}
	}
	return network
}

// parseInput reads "WIDTHxHEIGHTxCHANNELS".
func parseInput(s string) (nn.Shape, error) {
	wrong := config.Usagef("--input %s: want WIDTHxHEIGHTxCHANNELS, such as 32x32x3, with 1 or 3 channels", s)
	size, channels, ok := cutLast(s, "x")
	if !ok || !strings.Contains(size, "x") || channels != "1" && channels != "3" {
		return nn.Shape{}, wrong
	}
	width, height, err := parseSize(size)
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

// Bench measures training, inference and latency on random images and writes the
// results to the standard output.
func Bench(ctx context.Context, env *Environment, s *Settings, request BenchRequest) (err error) {
	networks, err := benchNetworks(s, &request)
	if err != nil {
		return err
	}
	stop, err := profileCPU(request.CPUProfile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var results []*benchResult
	for _, network := range networks {
		b := &benchmark{benchNetwork: network, settings: s, request: &request}
		result, err := b.run(ctx)
		if err != nil {
			return err
		}
		results = append(results, result)
		if request.JSON {
			continue
		}
		text := result.text()
		if len(results) == 1 {
			text = result.machineLine() + text
		}
		if _, err := io.WriteString(env.Stdout, text); err != nil {
			return err
		}
	}
	if !request.JSON {
		return nil
	}
	return writeBenchJSON(env.Stdout, results)
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
