package head

import (
	"fmt"
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
