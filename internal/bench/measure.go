package bench

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/rng"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
)

// benchmark is one network on its way through the measurements.
type benchmark struct {
	network
	settings *settings.Settings
	request  *Request

	graph   *nn.Graph // as the model builds it
	trained *rundir.Trained
	loss    loss.Loss
	update  optimizer.Optimizer
	options map[string]string // of the model, resolved
	batches []heldBatch
	peak    float64 // fused multiply-adds a second, of one worker
}

// heldBatch is a batch of noise with the targets of it, labels among them drawn.
type heldBatch struct {
	images  []uint8
	targets []float32
}

// run measures what is asked for. The peak is looked for before and after, since
// whatever else the machine does makes it seem lower.
func (b *benchmark) run(ctx context.Context) (*Result, error) {
	if err := b.build(); err != nil {
		return nil, err
	}
	b.peak = measurePeak()
	training, err := b.training(ctx)
	if err != nil {
		return nil, err
	}
	inference, err := b.inference(ctx)
	if err != nil {
		return nil, err
	}
	b.peak = max(b.peak, measurePeak())
	r := b.result()
	r.TrainingResult, r.InferenceResult = training, inference
	perWorkers := 2 * b.peak * float64(r.Workers)
	if training != nil {
		training.TrainShare = training.Train * float64(training.TrainFLOP) / perWorkers
	}
	if inference != nil {
		inference.InferenceShare = inference.Inference * float64(inference.InferenceFLOP) / perWorkers
	}
	return r, nil
}

func (b *benchmark) result() *Result {
	parameters := 0
	for _, p := range b.graph.Params {
		if p.Trainable {
			parameters += p.Elements()
		}
	}
	return &Result{
		Model: b.model, Options: b.options, Input: inputText(b.input), Classes: b.request.Classes, BatchSize: b.batch,
		ShardSize: b.settings.ShardSize, Workers: b.settings.WorkerCount(), Optimizer: b.settings.Optimizer,
		SIMD: kernel.Implementations()[0], Machine: machine.Name(), Program: buildinfo.Program(),
		Parameters: parameters, PeakGFLOPS: 2 * b.peak / 1e9, PeakMemory: machine.PeakMemory(),
	}
}

// build makes the modules, the network and the data.
func (b *benchmark) build() error {
	m, options, err := model.MakeModel(b.model, b.network.options)
	if err != nil {
		return config.Usage(err)
	}
	b.options = options
	if b.graph, err = m.Build(b.input, b.request.Classes); err != nil {
		return config.Usage(fmt.Errorf("model %s: %w", b.model, err))
	}
	demand := machine.Demand{Graph: b.graph, Batch: b.batch, Shard: b.settings.ShardSize, Workers: b.settings.WorkerCount(), Batches: heldBatches}
	if err := demand.Check(); err != nil {
		return err
	}
	if err := b.takeTarget(m); err != nil {
		return err
	}
	if b.update, _, err = optimizer.MakeOptimizer(b.settings.Optimizer, b.settings.OptimizerOptions); err != nil {
		return config.Usage(err)
	}
	return b.drawBatches()
}

// takeTarget makes what the model is for: first weights, what is served, and the loss.
func (b *benchmark) takeTarget(m model.Model) error {
	t, err := target.MakeTarget(model.TargetOf(m))
	if err != nil {
		return err
	}
	params := b.graph.NewParameters(1)
	noiseStatistics(b.input.C).Normalize(params)
	classes := make([]string, b.request.Classes)
	for i := range classes {
		classes[i] = strconv.Itoa(i)
	}
	if b.trained, err = rundir.NewTrained(b.graph, params, t, classes); err != nil {
		return config.Usage(fmt.Errorf("model %s: %w", b.model, err))
	}
	b.loss, _, err = loss.MakeLoss(t.Properties().Loss, "")
	return err
}

// noiseStatistics are those of evenly distributed bytes.
func noiseStatistics(channels int) *dataset.Statistics {
	s := &dataset.Statistics{}
	for range channels {
		s.Mean, s.Deviation = append(s.Mean, 127.5), append(s.Deviation, 73.9)
	}
	return s
}

// heldBatches is the number of batches that steps take in turn: enough not to be
// learnt by heart, which would make numbers unlike those of training.
const heldBatches = 8

func (b *benchmark) drawBatches() error {
	key := rng.NewKey(1, rng.TestPurpose)
	size, task := b.input.Elements(), b.trained.Task
	for i := range heldBatches {
		s := key.Stream(uint32(i), 0, 0)
		batch := heldBatch{images: make([]uint8, b.batch*size), targets: make([]float32, b.batch*task.Size())}
		for j := range batch.images {
			batch.images[j] = uint8(s.Uint32())
		}
		for j := range b.batch {
			example := dataset.Example{
				Info:  dataset.Info{Label: s.IntN(b.request.Classes)},
				Image: imaging.Image{Width: b.input.W, Height: b.input.H, Channels: b.input.C, Pix: batch.images[j*size:][:size]},
			}
			if err := task.Encode(batch.targets[j*task.Size():][:task.Size()], example); err != nil {
				return err
			}
		}
		b.batches = append(b.batches, batch)
	}
	return nil
}

// budget is the time for a share of what is measured.
func (b *benchmark) budget(share float64) time.Duration {
	return time.Duration(share * b.request.Seconds * float64(time.Second))
}

// learningRate hardly moves weights, so that their size stays what it is in
// training.
const learningRate = 1e-5

// training measures whole steps, the update included; nil if not asked for.
func (b *benchmark) training(ctx context.Context) (*TrainingResult, error) {
	if b.request.Measure == Inference {
		return nil, nil
	}
	graph, err := b.trained.Task.Trained(b.graph, b.loss)
	if err != nil {
		return nil, config.Usage(err)
	}
	trainer, err := engine.NewTrainer(graph, b.trained.Params.Clone(), engine.TrainerOptions{
		BatchSize: b.batch, ShardSize: b.settings.ShardSize, Workers: b.settings.WorkerCount(), Seed: 1, Loss: b.loss, Optimizer: b.update,
		TargetSize: b.trained.Task.Size(), Figure: b.trained.Task.Figure,
	})
	if err != nil {
		return nil, config.Usage(err)
	}
	defer trainer.Close()
	step := b.stepper(trainer)
	share := 0.5
	if b.request.Measure == Training {
		share = 0.85
	}
	rates, err := measureRate(ctx, b.batch, b.budget(share), step)
	if err != nil {
		return nil, err
	}
	result := &TrainingResult{
		Train: rates.median, TrainRange: rates.extremes,
		TrainFLOP: 2 * trainer.MultiplyAdds(), Arenas: trainer.Memory().Total(),
	}
	return result, b.profile(ctx, trainer, step, result)
}

// stepper returns a function that does the next step.
func (b *benchmark) stepper(trainer *engine.Trainer) func() error {
	_, decay := b.update.Defaults()
	number := 0
	return func() error {
		batch := b.batches[number%len(b.batches)]
		number++
		_, err := trainer.Step(engine.Step{
			Number: number, Position: uint32(number * b.batch), Images: batch.images, Targets: batch.targets,
			LearningRate: learningRate, WeightDecay: float32(decay),
		})
		return err
	}
}

// profile finds out where the time of a step goes.
func (b *benchmark) profile(ctx context.Context, trainer *engine.Trainer, step func() error, result *TrainingResult) error {
	profile := trainer.Profile()
	started := time.Now()
	if _, err := measureRate(ctx, b.batch, b.budget(0.1), step); err != nil {
		return err
	}
	total := float64(time.Since(started)) * float64(b.settings.WorkerCount())
	operations := profile.Operations()
	result.Phases = phasesOf(operations, total)
	for _, o := range operations {
		result.Operations = append(result.Operations, OperationShare{o.Name, o.Phase, float64(o.Time) / total})
	}
	return nil
}

// phasesOf adds up operations by phase and kind of layer, the longest first, and
// adds the time that no operation took.
func phasesOf(operations []engine.Operation, total float64) []PhaseShare {
	var phases []PhaseShare
	waiting := 1.0
	for _, o := range operations {
		share := float64(o.Time) / total
		waiting -= share
		same := func(p PhaseShare) bool { return p.Phase == o.Phase && p.Layer == o.Layer }
		if i := slices.IndexFunc(phases, same); i >= 0 {
			phases[i].Share += share
		} else {
			phases = append(phases, PhaseShare{o.Phase, o.Layer, share})
		}
	}
	phases = append(phases, PhaseShare{Phase: phaseWaiting, Share: max(waiting, 0)})
	slices.SortStableFunc(phases, func(p, q PhaseShare) int { return cmp.Compare(q.Share, p.Share) })
	return phases
}

// inference measures batches and single images; nil if not asked for.
func (b *benchmark) inference(ctx context.Context) (*InferenceResult, error) {
	if b.request.Measure == Training {
		return nil, nil
	}
	share := 0.25
	if b.request.Measure == Inference {
		share = 0.6
	}
	inference, err := engine.NewInference(b.trained.Graph, b.trained.Params, b.batch, b.settings.WorkerCount())
	if err != nil {
		return nil, config.Usage(err)
	}
	defer inference.Close()
	rates, err := measureRate(ctx, b.batch, b.budget(share), b.predictor(inference, b.batch))
	if err != nil {
		return nil, err
	}
	result := &InferenceResult{
		Inference: rates.median, InferenceRange: rates.extremes,
		InferenceFLOP: 2 * b.graph.MultiplyAdds(), InferenceArena: inference.Memory().Total(),
	}
	if result.Latency, err = b.latency(ctx, 1, b.budget(share*0.4)); err != nil {
		return nil, err
	}
	if workers := b.settings.WorkerCount(); workers > 1 {
		result.DividedLatency, err = b.latency(ctx, workers, b.budget(share*0.4))
	}
	return result, err
}

// predictor returns a function that takes the next n images through the network.
func (b *benchmark) predictor(inference *engine.Inference, n int) func() error {
	var outputs [][]float32
	for _, size := range inference.Sizes() {
		outputs = append(outputs, make([]float32, n*size))
	}
	number := 0
	return func() error {
		batch := b.batches[number%len(b.batches)]
		number++
		inference.Run(outputs, batch.images[:n*b.input.Elements()])
		return nil
	}
}

// latency times single images, divided among the workers where there are several.
func (b *benchmark) latency(ctx context.Context, workers int, budget time.Duration) (*metric.Latency, error) {
	inference, err := engine.NewInference(b.trained.Graph, b.trained.Params, 1, workers)
	if err != nil {
		return nil, err
	}
	defer inference.Close()
	predict := b.predictor(inference, 1)
	var samples []time.Duration
	for began := time.Now(); len(samples) < classifier.LatencyWarmup+10 || time.Since(began) < budget; {
		started := time.Now()
		if err := predict(); err != nil {
			return nil, err
		}
		samples = append(samples, time.Since(started))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return metric.SummarizeLatency(samples[classifier.LatencyWarmup:], 1, workers, machine.Name())
}

// repetitions of a measurement, of which the median counts: others who use the
// machine disturb some of them.
const repetitions = 9

// rates are images a second.
type rates struct {
	median   float64
	extremes [2]float64 // slowest, fastest
}

// measureRate repeats work, each call of which takes a number of images. A tenth
// of the time, and two calls at least, warm up.
func measureRate(ctx context.Context, images int, budget time.Duration, work func() error) (rates, error) {
	if _, err := repeat(ctx, images, 2, budget/10, work); err != nil {
		return rates{}, err
	}
	var measured []float64
	for range repetitions {
		rate, err := repeat(ctx, images, 1, budget*9/10/repetitions, work)
		if err != nil {
			return rates{}, err
		}
		measured = append(measured, rate)
	}
	slices.Sort(measured)
	return rates{measured[repetitions/2], [2]float64{measured[0], measured[repetitions-1]}}, nil
}

// repeat calls work for a time, and a number of times at least, and returns images
// a second.
func repeat(ctx context.Context, images, atLeast int, duration time.Duration, work func() error) (float64, error) {
	began := time.Now()
	calls := 0
	for ; calls < atLeast || time.Since(began) < duration; calls++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := work(); err != nil {
			return 0, err
		}
	}
	return float64(calls*images) / time.Since(began).Seconds(), nil
}

// measurePeak is the rate of fused multiply-adds that no kernel can exceed on one
// worker.
func measurePeak() float64 {
	best := 0.0
	for range 50 {
		started := time.Now()
		count := kernel.MultiplyAdds(50_000)
		best = max(best, float64(count)/time.Since(started).Seconds())
	}
	return best
}
