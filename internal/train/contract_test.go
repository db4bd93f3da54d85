package train

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rng"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// contractDigest is what a short training comes to: the SHA-256 over its history
// without times and over all tensors of its checkpoints. It is one value for any
// number of workers, on every machine, in RAM and disk mode, interrupted or not.
//
// A change of it is a change of the reproducibility contract: models of earlier
// releases can then no longer be rebuilt by this program. It needs a commit of
// its own and a higher engine.ContractVersion.
const contractDigest = "46b4fd1d454644d356f8b578c18cf2cbacf96ae97c9c9df638de4bae496e8fbc"

const (
	contractTrain   = 53 // batches of 16, 16, 16 and 5 examples
	contractValid   = 17
	contractSize    = 12
	contractClasses = 4
	contractEpochs  = 3
)

// contractData writes the images as files, so that disk mode decodes them, and
// returns their folder.
func contractData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range contractTrain + contractValid {
		name := filepath.Join(dir, fmt.Sprintf("class%d", i%contractClasses), fmt.Sprintf("%03d.png", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(contractImage(i).WritePNG(f), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contractImage is a noisy bar whose direction is the class.
func contractImage(i int) imaging.Image {
	steps := [contractClasses][2]int{{1, 0}, {0, 1}, {1, 1}, {1, -1}}
	img := imaging.New(contractSize, contractSize, 1)
	s := rng.NewKey(1, rng.TestPurpose).Stream(uint32(i), 0, 0)
	for at := range img.Pix {
		img.Pix[at] = uint8(s.IntN(80))
	}
	step := steps[i%contractClasses]
	x, y := 4+s.IntN(4), 4+s.IntN(4)
	for along := -4; along <= 4; along++ {
		px, py := x+along*step[0], y+along*step[1]
		if px >= 0 && px < contractSize && py >= 0 && py < contractSize {
			img.Row(py)[px] = uint8(180 + s.IntN(70))
		}
	}
	return img
}

// contractGraph has normalisation, a depthwise convolution, a residual sum, each
// kind of activation that has elementary functions, dropout, a wide and a small
// linear layer.
func contractGraph(t testing.TB) *nn.Graph {
	t.Helper()
	g := nn.NewGraph(nn.Shape{H: contractSize, W: contractSize, C: 1})
	act := func(f nn.Function, x *nn.Node) *nn.Node {
		return g.Add(x.Name+"."+string(f), nn.Activation{Function: f}, x)
	}
	x := g.Add("normalize", nn.Normalize{}, g.Input())
	x = g.Add("conv", nn.Conv2D{Out: 6, Kernel: 3, Padding: 1, NoBias: true}, x)
	x = act(nn.SiLU, g.Add("norm1", nn.BatchNorm{}, x))
	y := g.Add("depthwise", nn.Conv2D{Out: 6, Kernel: 3, Padding: 1, Groups: 6}, x)
	y = act(nn.HardSwish, g.Add("norm2", nn.BatchNorm{}, y))
	x = g.Add("pool", nn.MaxPool{Kernel: 2}, g.Add("add", nn.Add{}, x, y))
	x = g.Add("flatten", nn.Flatten{}, x)
	x = act(nn.GELU, g.Add("wide", nn.Linear{Out: 310}, x)) // 216*310 weights
	x = g.Add("dropout", nn.Dropout{Rate: 0.3}, x)
	g.Add("head", nn.Linear{Out: contractClasses}, x)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

// contractJob is the training over the images in data, kept in dir.
func contractJob(t testing.TB, data, dir string, mode dataset.Mode, workers int) Job {
	t.Helper()
	source := must(dataset.MakeDataset("folder", ""))(t)
	images, err := source.Open(context.Background(), data, mode)
	if err != nil {
		t.Fatal(err)
	}
	pipeline, err := augment.Parse("shift:pixels=1,rotate:degrees=15,elastic,brightness,noise,mixup:alpha=0.4")
	if err != nil {
		t.Fatal(err)
	}
	job := testJob(t, contractGraph(t), images, dir)
	job.Options = Options{
		Epochs: contractEpochs, BatchSize: 16, ShardSize: 4, Seed: 7, LearningRate: 5e-3, WeightDecay: 0.05, Warmup: 0.5,
		GradientClip: 1, EMA: 0.9, Stopping: Stopping{Monitor: ValidationLoss, Patience: 5}, Workers: workers,
	}
	job.Loss = must(loss.MakeLoss("cross-entropy", "label-smoothing=0.1"))(t)
	job.Train.Augment, job.Train.Workers = pipeline, workers
	validateWith(&job, images)
	return job
}

// contractResult digests what a finished training left in dir.
func contractResult(t *testing.T, dir string) string {
	t.Helper()
	history, err := metric.ReadHistory(filepath.Join(dir, HistoryFile))
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, e := range history {
		e.Seconds, e.ImagesPerSecond = 0, 0
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s\n", line)
	}
	for _, name := range []string{LastFile, BestFile} {
		file, err := weights.ReadFile(filepath.Join(dir, CheckpointDir, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s %s\n", name, weights.Digest(file.Tensors))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func checkContract(t *testing.T, dir string) {
	t.Helper()
	if got := contractResult(t, dir); got != contractDigest {
		t.Errorf("the training came to %s, want %s", got, contractDigest)
	}
}

func TestContractWorkersAndModes(t *testing.T) {
	data := contractData(t)
	counts := []int{1, 2, 3, 5}
	if testing.Short() {
		counts = []int{3}
	}
	for _, mode := range []dataset.Mode{dataset.ModeRAM, dataset.ModeDisk} {
		for _, workers := range counts {
			t.Run(fmt.Sprintf("%s %d", mode, workers), func(t *testing.T) {
				dir := t.TempDir()
				outcome, err := Run(context.Background(), contractJob(t, data, dir, mode, workers))
				if err != nil || outcome.Epochs != contractEpochs || outcome.Resumed {
					t.Fatalf("outcome %+v, %v", outcome, err)
				}
				checkContract(t, dir)
			})
		}
	}
}

// TestContractInterrupted cancels the training again and again, after every so
// many steps, so that each step is the last of a process once.
func TestContractInterrupted(t *testing.T) {
	data := contractData(t)
	intervals := []int{1, 2, 3, 5}
	if testing.Short() {
		intervals = []int{5}
	}
	for _, every := range intervals {
		t.Run(fmt.Sprintf("every %d steps", every), func(t *testing.T) {
			dir := t.TempDir()
			interruptions := interrupt(t, every, func(n int) Job { return contractJob(t, data, dir, dataset.ModeRAM, 1+n%3) })
			if want := 4 * contractEpochs / every; interruptions != want {
				t.Errorf("%d interruptions, want %d", interruptions, want)
			}
			checkContract(t, dir)
		})
	}
}

// interrupt cancels a training after every so many steps until one comes to the
// end; job makes the n-th. It returns how often it did.
func interrupt(t *testing.T, every int, job func(n int) Job) (interruptions int) {
	t.Helper()
	for {
		ctx, cancel := context.WithCancel(context.Background())
		j := job(interruptions)
		steps := 0
		j.Observer = watch{step: func() {
			if steps++; steps == every {
				cancel()
			}
		}}
		_, err := Run(ctx, j)
		cancel()
		if err == nil {
			return interruptions
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		interruptions++
	}
}

// TestContractInterruptedInValidation cancels the training in the validation of
// each epoch.
func TestContractInterruptedInValidation(t *testing.T) {
	data, dir := contractData(t), t.TempDir()
	for interruptions := 0; ; interruptions++ {
		ctx, cancel := context.WithCancel(context.Background())
		job := contractJob(t, data, dir, dataset.ModeRAM, 2)
		var armed atomic.Bool // a resumed process first does the validation again
		armed.Store(interruptions == 0)
		job.Observer = watch{epoch: func(metric.Epoch, bool) { armed.Store(true) }}
		validateWith(&job, cancelling{job.Train.Dataset, func() {
			if armed.Load() {
				cancel()
			}
		}})
		_, err := Run(ctx, job)
		cancel()
		if err == nil {
			if interruptions != contractEpochs {
				t.Errorf("%d interruptions, want %d", interruptions, contractEpochs)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	checkContract(t, dir)
}

// cancelling calls a function when an image is asked for.
type cancelling struct {
	dataset.Dataset
	cancel func()
}

func (c cancelling) Image(i int) (imaging.Image, error) {
	c.cancel()
	return c.Dataset.Image(i)
}

// Environment of a process that killUntilDone starts.
const (
	childModel  = "BLOCKTRAIN_TEST_CHILD_MODEL" // line of contractModelsFile, from 0; contractJob without
	childData   = "BLOCKTRAIN_TEST_CHILD_DATA"  // of contractJob
	childDir    = "BLOCKTRAIN_TEST_CHILD_DIR"
	childSensor = "BLOCKTRAIN_TEST_CHILD_SENSOR" // index in contractSensors; none without
)

// TestContractChild trains in a process that is killed. It says when a step is
// done.
func TestContractChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Skip("other tests run it in a process of its own")
	}
	var job Job
	if i, err := strconv.Atoi(os.Getenv(childModel)); err == nil {
		_, models := readContractModels(t)
		job = contractModelJob(t, models[i], drawn{}, dir, 2)
	} else if n, err := strconv.Atoi(os.Getenv(childSensor)); err == nil {
		job = contractSensorJob(t, n, os.Getenv(childData), dir, dataset.ModeRAM, 2)
	} else {
		job = contractJob(t, os.Getenv(childData), dir, dataset.ModeRAM, 2)
	}
	job.CheckpointInterval = time.Nanosecond
	job.Observer = watch{step: func() { fmt.Println("step") }}
	if _, err := Run(context.Background(), job); err != nil {
		t.Fatal(err)
	}
}

// TestContractKilled kills the training process (SIGKILL) at random moments until
// one comes to the end.
func TestContractKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("a killed process is no small case")
	}
	dir := t.TempDir()
	killUntilDone(t, childData+"="+contractData(t), childDir+"="+dir)
	checkContract(t, dir)
}

// killUntilDone runs TestContractChild in processes, which it kills, until one
// comes to the end.
func killUntilDone(t *testing.T, environment ...string) {
	t.Helper()
	for kills := 0; ; kills++ {
		child := exec.Command(os.Args[0], "-test.run=^TestContractChild$")
		child.Env = append(os.Environ(), environment...)
		if !runAndKill(t, child) {
			t.Logf("killed %d times", kills)
			return
		}
	}
}

// runAndKill kills the process after two to four of its steps and a moment. It
// says whether it did.
func runAndKill(t *testing.T, child *exec.Cmd) bool {
	t.Helper()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Skipf("this test binary cannot start itself: %v", err)
	}
	lines := bufio.NewScanner(out)
	steps, most := 0, 2+rand.IntN(3)
	for steps < most && lines.Scan() {
		if lines.Text() == "step" {
			steps++
		}
	}
	if steps == most {
		time.Sleep(time.Duration(rand.IntN(8000)) * time.Microsecond)
		_ = child.Process.Kill() // it may have ended by itself
	}
	_, _ = io.Copy(io.Discard, out)
	if err := child.Wait(); err == nil {
		return false
	} else if steps < most {
		t.Fatalf("the process failed by itself: %v", err)
	}
	return true
}
