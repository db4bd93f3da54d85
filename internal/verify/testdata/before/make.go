//go:build ignore

// This program makes the runs and packages of this folder, which schema 1 of the
// record was written for:
//
//	go run make.go PROGRAM
//
// PROGRAM is the path of a blocktrain built from the last commit before schema 2. What
// it made is not to be made again by a later one: the test proves that records stay
// readable. Logs, reports and pictures are left out, which no verification reads.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// digits are few drawn digits, for most of the runs.
const digits = "--dataset-options=count=150,test-count=60"

// lenient approves whatever was trained.
var lenient = []string{"--min-test-accuracy=0", "--min-per-class-accuracy=0", "--max-inference-time-ms=10000"}

// made is one fixture.
type made struct {
	name    string
	flags   string // besides those of every run
	command string // "run" unless given
	packed  bool   // keep the package alone
	images  func(dir string) error
	first   string // flags of a run whose best weights and package it begins with
}

var all = []made{
	{name: "plain", flags: digits + " --model=fast --model-options=width=4 --visualizations=confusion-matrix"},
	{name: "only-trained", command: "train", flags: digits + " --model=resnet20 --model-options=width=2,blocks=1 --loss=mse --optimizer=sgd"},
	{name: "early-stopped", flags: digits + " --model=fast --model-options=width=4 --epochs=4 --patience=1 --min-delta=5 --monitor=validation_accuracy"},
	{name: "averaged-augmented", flags: digits + " --model=vgg-small --model-options=width=4,dropout=0.1 --ema=0.9 --augment=shift:pixels=2,rotate --warmup=0.5 --gradient-clip=1"},
	{name: "two-datasets", images: symbols, flags: "--dataset=digits,folder --dataset-options=digits:count=150,digits:test-count=60,folder:group=prefix:_ --data-dir=folder=images --data-mode=disk --model=fast --model-options=width=4"},
	{name: "sizes-levels", images: wide, flags: "--dataset=folder --data-dir=images --image-size=12x16 --test-image-size=16x20 --resize=letterbox --levels=256,60000 --channels=1 --batch-size=8 --model=resnet20 --model-options=width=2,blocks=1 --split-ratio=50/25/25"},
	{name: "official-test", images: parts, flags: "--dataset=folder --data-dir=images --batch-size=8 --model=fast --model-options=width=2 --resize=crop"},
	{name: "began-with", first: digits + " --model=fast --model-options=width=4",
		flags: digits + " --model=fast --model-options=width=4 --init-from=first.safetensors --freeze=conv1 --limit-train=60 --train-classes=0,1,2,3,4 --baseline=first --criteria=min_test_accuracy,no_regression:threshold=1e-09,max_model_size_mb:threshold=5"},
	{name: "balanced-weighted", packed: true, flags: digits + " --model=vgg-small --model-options=width=4 --sampling=balanced --loss=focal --loss-options=class-weights=balanced --name=balanced --release-version=1.2.3"},
	{name: "auto-encoder", packed: true, flags: digits + " --model=autoencoder --model-options=width=4,bottleneck=8 --max-reconstruction-error=0.5"},
	{name: "forced", packed: true, flags: digits + " --model=mlp --model-options=hidden=8 --min-test-accuracy=1 --force --reason=demonstration --exporters=onnx:opset=13,triton"},
	{name: "overfitted", packed: true, flags: digits + " --model=mobilenet-small --model-options=width=4,activation=gelu --overfit-batch --loss=nll --exporters=onnx --seed=7 --split-seed=3 --shard-size=5 --schedule=cosine"},
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("want the path of the program that makes the runs")
	}
	program, err := filepath.Abs(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range all {
		if err := m.make(program); err != nil {
			log.Fatalf("%s: %v", m.name, err)
		}
	}
}

func (m made) make(program string) error {
	dir, err := os.MkdirTemp("", "made-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if m.images != nil {
		if err := m.images(filepath.Join(dir, "images")); err != nil {
			return err
		}
	}
	if m.first != "" {
		if err := m.begin(program, dir); err != nil {
			return err
		}
	}
	command := "run"
	if m.command != "" {
		command = m.command
	}
	if err := blocktrain(program, dir, command, "run", m.flags); err != nil {
		return err
	}
	if m.packed {
		return m.keepPackage(dir)
	}
	return pack(filepath.Join("runs", m.name+".tar.gz"), dir)
}

// begin trains the model that the run begins with and is compared with.
func (m made) begin(program, dir string) error {
	if err := blocktrain(program, dir, "run", "other", m.first); err != nil {
		return err
	}
	packages, err := filepath.Glob(filepath.Join(dir, "other", "package", "*", "weights.safetensors"))
	if err != nil || len(packages) != 1 {
		return fmt.Errorf("packages: %v, error %v", packages, err)
	}
	b, err := os.ReadFile(packages[0])
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "first.safetensors"), b, 0o644); err != nil {
		return err
	}
	if err := os.Rename(filepath.Dir(packages[0]), filepath.Join(dir, "first")); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, "other"))
}

func blocktrain(program, dir, command, output, flags string) error {
	args := []string{command, "-q", "--workers=2", "--output-dir=" + output}
	if !strings.Contains(flags, "--visualizations") {
		args = append(args, "--visualizations=none")
	}
	for flag, value := range map[string]string{"--epochs": "2", "--batch-size": "30"} {
		if !strings.Contains(flags, flag) {
			args = append(args, flag+"="+value)
		}
	}
	if command == "run" {
		args = append(args, lenient...)
	}
	c := exec.Command(program, append(args, strings.Fields(flags)...)...)
	c.Dir, c.Stderr = dir, os.Stderr
	return c.Run()
}

// keepPackage keeps the archive of the package.
func (m made) keepPackage(dir string) error {
	packages, err := filepath.Glob(filepath.Join(dir, "run", "package", "*.tar.gz"))
	if err != nil || len(packages) != 1 {
		return fmt.Errorf("packages: %v, error %v", packages, err)
	}
	b, err := os.ReadFile(packages[0])
	if err != nil {
		return err
	}
	if err := os.MkdirAll("packages", 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("packages", m.name+".tar.gz"), b, 0o644)
}

// leftOut says whether verification does without a file of a run. What the package
// has, the run has too.
func leftOut(name string) bool {
	switch base := filepath.Base(name); {
	case strings.HasPrefix(name, "run/package/"):
		return true
	case base == "blocktrain.log", base == "log.jsonl", base == "report.html", base == ".lock":
		return true
	}
	return false
}

// pack writes the files below a folder into an archive.
func pack(archive, dir string) (err error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	files := os.DirFS(dir)
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || leftOut(name) {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		_, err = t.Write(content)
		return err
	})
	for _, closer := range []io.Closer{t, z} {
		if err == nil {
			err = closer.Close()
		}
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(archive), 0o755); err != nil {
		return err
	}
	return os.WriteFile(archive, b.Bytes(), 0o644)
}

// symbols draws grey images of a class that the digits have, and of one more, two of
// each group.
func symbols(dir string) error {
	for class, name := range []string{"7", "cross"} {
		for i := range 16 {
			img := image.NewGray(image.Rect(0, 0, 10, 10))
			for at := range img.Pix {
				img.Pix[at] = uint8(100*class + (i*37+at*11)%90)
			}
			if err := write(dir, name, fmt.Sprintf("%02d_%d.png", i/2, i%2), img); err != nil {
				return err
			}
		}
	}
	return nil
}

// wide draws images of 16 bits and of many sizes.
func wide(dir string) error {
	for class, name := range []string{"dark", "light", "striped"} {
		for i := range 12 {
			img := image.NewGray16(image.Rect(0, 0, 10+i%5, 14+i%3))
			for y := range img.Rect.Dy() {
				for x := range img.Rect.Dx() {
					v := 6000 + 40000*(class%2) + (i*3701+y*110+x*71)%9000
					if class == 2 {
						v = 50000*(y%2) + i
					}
					img.SetGray16(x, y, color.Gray16{Y: uint16(v)})
				}
			}
			if err := write(dir, name, fmt.Sprintf("%02d.png", i), img); err != nil {
				return err
			}
		}
	}
	return nil
}

// parts draws images in colour that are divided into train/ and test/.
func parts(dir string) error {
	for class, name := range []string{"blue", "red"} {
		for i := range 20 {
			img := image.NewRGBA(image.Rect(0, 0, 13, 12))
			for y := range 12 {
				for x := range 13 {
					v := uint8(150 + (i*7+x*y)%100)
					img.SetRGBA(x, y, color.RGBA{R: v * uint8(class), G: uint8(i), B: v * uint8(1-class), A: 255})
				}
			}
			part := "train"
			if i >= 14 {
				part = "test"
			}
			if err := write(dir, filepath.Join(part, name), fmt.Sprintf("%02d.png", i), img); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(dir, class, name string, img image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, class, name), b.Bytes(), 0o644)
}
