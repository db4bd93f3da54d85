package head

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// BenchmarkObjective measures loss and gradient of examples like those of a few thousand
// photographs, and of many.
func BenchmarkObjective(b *testing.B) {
	for _, c := range []struct{ rows, features, classes int }{{2677, 1280, 10}, {2677, 1280, 2}, {8000, 2048, 200}} {
		b.Run(fmt.Sprintf("%dx%dx%d", c.rows, c.features, c.classes), func(b *testing.B) {
			e := made(c.rows, c.features, c.classes, false)
			p := part{Examples: e, d: c.features}
			s, err := measureScaling(b.Context(), p, 2)
			if err != nil {
				b.Fatal(err)
			}
			o := newObjective(p, c.classes, s, 2)
			w, gradient := make([]float32, o.parameters()), make([]float64, o.parameters())
			for b.Loop() {
				if _, err := o.at(b.Context(), w, gradient); err != nil {
					b.Fatal(err)
				}
			}
			products := 2 * float64(c.rows) * float64(c.features) * float64(c.classes)
			b.ReportMetric(products*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gmac/s")
		})
	}
}

// BenchmarkTrain measures a whole training with all penalties, on the features that
// bench/head.py has written to the folder BLOCKTRAIN_BENCH_FEATURES. Without it, data are
// made.
func BenchmarkTrain(b *testing.B) {
	train, validation := made(2677, 1280, 10, false), made(341, 1280, 10, false)
	if folder := os.Getenv("BLOCKTRAIN_BENCH_FEATURES"); folder != "" {
		train, validation = readRaw(b, folder, "train"), readRaw(b, folder, "validation")
	}
	o := Options{Classes: slices.Max(train.Labels) + 1, Workers: runtime.GOMAXPROCS(0)}
	var r *Result
	for b.Loop() {
		var err error
		if r, err = Train(b.Context(), train, validation, o); err != nil {
			b.Fatal(err)
		}
	}
	last := r.Fits[len(r.Fits)-1]
	b.ReportMetric(r.Fits[r.Chosen].ValidationAccuracy, "accuracy")
	b.ReportMetric(last.Objective, "objective")
	text := "penalties"
	for _, f := range r.Fits {
		text += fmt.Sprintf(" %g", f.Penalty)
	}
	fmt.Println(text)
}

// readRaw reads a part: float32 features and int64 labels, little-endian.
func readRaw(b *testing.B, folder, name string) *Examples {
	b.Helper()
	var text [2][]byte
	for i, ending := range []string{".features", ".labels"} {
		var err error
		if text[i], err = os.ReadFile(filepath.Join(folder, name+ending)); err != nil {
			b.Fatal(err)
		}
	}
	e := &Examples{}
	for at := 0; at < len(text[0]); at += 4 {
		e.Features = append(e.Features, math.Float32frombits(binary.LittleEndian.Uint32(text[0][at:])))
	}
	for at := 0; at < len(text[1]); at += 8 {
		e.Labels = append(e.Labels, int(binary.LittleEndian.Uint64(text[1][at:])))
	}
	return e
}
