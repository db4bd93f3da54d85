package exporter

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/blocktrain/blocktrain/internal/config"
)

// RepositoryDir is the folder that the triton exporter writes: a model
// repository, to be given to tritonserver --model-repository.
const RepositoryDir = "model-repository"

// The files of a model in its repository.
const (
	tritonConfigFile = "config.pbtxt"
	tritonLabelFile  = "labels.txt"
	tritonVersionDir = "1"
)

// triton writes dir/model-repository/<name>/{config.pbtxt,labels.txt,1/model.onnx}, and
// labels.txt for classifiers alone.
type triton struct {
	opset         int
	maxBatch      int
	queueDelay    int // microseconds
	queueSize     int // requests that may wait; 0: any number
	queueTimeout  int // microseconds; 0: none
	instanceKind  string
	instanceCount int
	threads       int // per instance, on the CPU; 0 leaves it to ONNX Runtime
	warmup        bool
}

func newTriton(o *config.Options) (Exporter, error) {
	x := &triton{}
	declareOpset(o, &x.opset)
	o.Int(&x.maxBatch, "max-batch-size", 32, "largest batch that the server forms or accepts", config.Between(1, 65536))
	o.Int(&x.queueDelay, "queue-delay-us", 500, "microseconds that a request waits for others to join its batch", config.Between(0, 10_000_000))
	o.Int(&x.queueSize, "max-queue-size", 0, "requests that may wait at once, further ones are refused; 0: any number", config.Between(0, 1_000_000))
	o.Int(&x.queueTimeout, "queue-timeout-us", 0, "microseconds after which a request that still waits is refused; 0: none", config.Between(0, 3_600_000_000))
	o.Choice(&x.instanceKind, "instance-kind", "auto", "where instances run; auto is a GPU where there is one", "auto", "cpu", "gpu")
	o.Int(&x.instanceCount, "instance-count", 1, "instances per device", config.Between(1, 1024))
	o.Int(&x.threads, "threads", 0, "CPU threads of an instance; 0 leaves it to ONNX Runtime", config.Between(0, 1024))
	o.Bool(&x.warmup, "warmup", true, "run the model on black images before it is reported ready")
	return x, nil
}

// Check implements Exporter.
func (x *triton) Check(a Artifact) error {
	if err := a.check(); err != nil {
		return err
	}
	return checkTritonLabels(a.Labels)
}

// Export implements Exporter.
func (x *triton) Export(a Artifact, dir string) error {
	if err := x.Check(a); err != nil {
		return err
	}
	model, err := EncodeONNX(a, x.opset)
	if err != nil {
		return err
	}
	folder := filepath.Join(dir, RepositoryDir, a.Name)
	// A server that watches the folder loads the model as soon as its file is there, with a
	// configuration of its own making if there is none: the model comes last.
	if a.labelled() {
		if err := write(filepath.Join(folder, tritonLabelFile), []byte(strings.Join(a.Labels, "\n")+"\n")); err != nil {
			return err
		}
	}
	if err := write(filepath.Join(folder, tritonConfigFile), []byte(x.config(a))); err != nil {
		return err
	}
	return write(filepath.Join(folder, tritonVersionDir, ONNXFile), model)
}

// checkTritonLabels refuses labels that a line of labels.txt, or the form
// "value:index:label" of the server's answers, cannot carry.
func checkTritonLabels(labels []string) error {
	const remedy = "rename the class, or leave triton out of the exporters"
	first := map[string]int{}
	for i, label := range labels {
		other, taken := first[label]
		switch {
		case strings.TrimSpace(label) == "":
			return fmt.Errorf("label %d is empty, which Triton would leave out: %s", i, remedy)
		case strings.ContainsFunc(label, unicode.IsControl):
			return fmt.Errorf("label %d, %q, holds a line break or another control character, and Triton reads one label per line: %s", i, label, remedy)
		case strings.Contains(label, ":"):
			return fmt.Errorf("label %d, %q, holds a colon, which separates the parts of Triton's answers: %s", i, label, remedy)
		case taken:
			return fmt.Errorf("labels %d and %d are both %q, and Triton's clients could not tell them apart: %s", other, i, label, remedy)
		}
		first[label] = i
	}
	return nil
}
