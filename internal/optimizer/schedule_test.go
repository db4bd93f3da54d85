package optimizer

import (
	"math"
	"testing"
)

func mustSchedule(t *testing.T, name, options string) Schedule {
	t.Helper()
	s, _, err := MakeSchedule(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchedulesBounds walks every schedule at awkward lengths.
func TestSchedulesBounds(t *testing.T) {
	for name := range schedules {
		for _, options := range []string{"", "rise=0", "rise=0.99", "minimum=1", "interval=0.0000001"} {
			s, _, err := MakeSchedule(name, options)
			if err != nil {
				continue // the option is another schedule's
			}
			for _, total := range []int{1, 2, 3, 7, 1000} {
				for _, warmup := range []int{0, 1, 5} {
					warm := WithWarmup(s, warmup)
					for step := range total {
						if f := warm.Factor(step, total); !(f >= 0 && f <= 1) {
							t.Fatalf("%s %s: factor %v at step %d of %d, warm-up %d", name, options, f, step, total, warmup)
						}
					}
				}
			}
		}
	}
}

func TestScheduleShapes(t *testing.T) {
	for _, c := range []struct {
		name, options string
		step, total   int
		want          float64
	}{
		{"constant", "", 7, 10, 1},
		{"step", "", 29, 100, 1},
		{"step", "", 30, 100, 0.1},
		{"step", "", 99, 100, 0.001},
		{"cosine", "", 0, 10, 1},
		{"cosine", "", 5, 10, 0.5},
		{"cosine", "minimum=0.2", 5, 10, 0.6},
		{"one-cycle", "", 0, 100, 1.0 / 25},
		{"one-cycle", "", 29, 100, 1},
		{"one-cycle", "", 99, 100, 1e-5},
		{"one-cycle", "", 0, 1, 1},
	} {
		got := mustSchedule(t, c.name, c.options).Factor(c.step, c.total)
		if math.Abs(float64(got)-c.want) > 1e-6 {
			t.Errorf("%s %s: factor %v at %d of %d, want %v", c.name, c.options, got, c.step, c.total, c.want)
		}
	}
}

func TestWarmup(t *testing.T) {
	s := mustSchedule(t, "cosine", "")
	warm := WithWarmup(s, 4)
	for step := range 4 {
		if got, want := warm.Factor(step, 20), float32(step+1)/5; got != want {
			t.Errorf("step %d: factor %v, want %v", step, got, want)
		}
	}
	for step := 4; step < 20; step++ {
		if got, want := warm.Factor(step, 20), s.Factor(step-4, 16); got != want {
			t.Errorf("step %d: factor %v, want %v", step, got, want)
		}
	}
	if WithWarmup(s, 0) != s {
		t.Error("a warm-up of no steps is not the schedule itself")
	}
}

func TestDigestSchedules(t *testing.T) {
	for _, c := range []struct {
		name string
		want uint32
	}{{"step", 0xe5c656f2}, {"cosine", 0xad0ce8c0}, {"one-cycle", 0xaf763fb9}} {
		s := WithWarmup(mustSchedule(t, c.name, ""), 3)
		sum := uint32(0)
		for step := range 500 {
			sum = sum*31 + math.Float32bits(s.Factor(step, 500))
		}
		if sum != c.want {
			t.Errorf("%s: digest %#x, want %#x", c.name, sum, c.want)
		}
	}
}
