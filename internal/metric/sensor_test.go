package metric

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// curve is one of three severities, of grouped data or not.
func curve(t *testing.T, grouped bool) (*SensorCurve, *Evaluation) {
	t.Helper()
	labels, groups := []int{0, 1, 1, 0, 1, 0}, []int{0, 0, 1, 1, 2, 3}
	evaluate := func(wrong int) *Evaluation {
		var probabilities []float32
		for i, label := range labels {
			row := []float32{0.25, 0.75, 0}
			if (label == 0) != (i < wrong) {
				row = []float32{0.75, 0.25, 0}
			}
			probabilities = append(probabilities, row...)
		}
		e, err := Evaluate(probabilities, labels, []string{"bird", "drone", "none"})
		if err != nil {
			t.Fatal(err)
		}
		if grouped {
			e.ByGroups(groups, probabilities, labels)
		}
		e.Head.Part, e.Head.WeightsSHA256 = "test", strings.Repeat("ab", 32)
		return e
	}
	clean := evaluate(0)
	c := NewSensorCurve(clean, 7)
	for wrong := range 3 {
		c.Add(float64(wrong), evaluate(wrong))
	}
	return c, clean
}

func TestSensorCurve(t *testing.T) {
	for _, grouped := range []bool{false, true} {
		c, clean := curve(t, grouped)
		path := filepath.Join(t.TempDir(), "sensor.json")
		if err := fileio.WriteJSON(path, c); err != nil {
			t.Fatal(err)
		}
		read, err := ReadSensorCurve(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, read); diff != "" {
			t.Error(diff)
		}
		if err := read.CheckAgainst(clean); err != nil {
			t.Error(err)
		}
		if p := read.At(2); p == nil || p.Correct != 4 || read.At(4) != nil || (*SensorCurve)(nil).At(1) != nil {
			t.Errorf("at severity 2: %+v", p)
		}
		if table := read.Table(); !strings.Contains(table, "66.67") {
			t.Error(table)
		}
	}
}

func TestSensorCurveRefuses(t *testing.T) {
	for name, change := range map[string]func(*SensorCurve){
		"accuracy":          func(c *SensorCurve) { c.Points[1].Accuracy = 1 },
		"interval":          func(c *SensorCurve) { c.Points[1].Interval.Low = 0.1 },
		"interval of class": func(c *SensorCurve) { c.Points[1].PerClass[0].Interval.High = 1.5 },
		"correct":           func(c *SensorCurve) { c.Points[1].PerClass[1].Correct = 9 },
		"support":           func(c *SensorCurve) { c.Support[0]++ },
		"negative":          func(c *SensorCurve) { c.Support[0], c.Support[2] = 7, -4 },
		"severity":          func(c *SensorCurve) { c.Points[1].Severity = 5 },
		"none":              func(c *SensorCurve) { c.Points = []SensorPoint{} },
		"classes":           func(c *SensorCurve) { c.Points[2].PerClass = c.Points[2].PerClass[:1] },
		"groups":            func(c *SensorCurve) { c.Points[2].GroupCounts[0][3] = 2 },
	} {
		c, clean := curve(t, true)
		change(c)
		path := filepath.Join(t.TempDir(), "sensor.json")
		if err := fileio.WriteJSON(path, c); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSensorCurve(path); err == nil {
			t.Errorf("%s: a forged curve is read", name)
		}
		c, _ = curve(t, true)
		c.WeightsSHA256 = "other"
		if c.CheckAgainst(clean) == nil {
			t.Error("the curve of another model is taken")
		}
	}
}

// TestPoolSensorCurves wants of two halves the figures of both together, and the clips of each
// behind those of the other.
func TestPoolSensorCurves(t *testing.T) {
	part := func(name string) *SensorCurve {
		e := ofClips(t)
		for i := range e.Clips.Each {
			e.Clips.Each[i].Clip += name
		}
		c := NewSensorCurve(e, 7)
		c.Add(0, e)
		c.Add(3, e)
		return c
	}
	a, b := part("1"), part("2")
	pooled, err := PoolSensorCurves([]*SensorCurve{a, b})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sensor.json")
	if err := fileio.WriteJSON(path, pooled); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSensorCurve(path); err != nil {
		t.Error(err)
	}
	p := pooled.At(3)
	if pooled.Examples != 2*a.Examples || p.Correct != 2*a.Points[1].Correct || p.Accuracy != a.Points[1].Accuracy || len(p.Clips.Each) != 12 ||
		p.Clips.Each[6].Group != 6 || p.Interval == a.Points[1].Interval {
		t.Errorf("pooled %+v", p)
	}
	b.Points[1].Severity = 4
	if _, err := PoolSensorCurves([]*SensorCurve{a, b}); err == nil || !strings.Contains(err.Error(), "severities") {
		t.Errorf("other severities: %v", err)
	}
	lost := part("3")
	lost.Points[1].Clips = nil
	if err := fileio.WriteJSON(path, lost); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSensorCurve(path); err == nil {
		t.Error("a point without clips is read")
	}
}
