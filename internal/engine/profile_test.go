package engine

import (
	"slices"
	"testing"
)

// TestProfile checks that every operation is seen in its phase, and that watching
// changes no bit.
func TestProfile(t *testing.T) {
	g, params := normedNetwork(t)
	plain := newTrainer(t, g, params.Clone(), TrainerOptions{Optimizer: counting{}})
	watched := newTrainer(t, g, params, TrainerOptions{Optimizer: counting{}})
	profile := watched.Profile()
	for _, trainer := range []*Trainer{plain, watched} {
		if _, err := trainer.Step(testStep(g, 8)); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(plain.params.Values, watched.params.Values) {
		t.Error("a profile changes the result")
	}
	seen := map[string]part{}
	for _, o := range profile.Operations() {
		if o.Time <= 0 {
			t.Errorf("%s took %v", o.Name, o.Time)
		}
		seen[o.Name] = part{o.Phase, o.Layer}
	}
	for name, want := range map[string]part{
		"conv": {Forward, "Conv2D"}, "norm": {Forward, "BatchNorm"}, "wide": {Forward, "Linear"},
		"conv weight gradient": {Backward, "Conv2D"}, "norm gradient": {Backward, "BatchNorm"},
		"wide gradients": {Backward, "Linear"}, "loss": {Backward, ""},
		"sum and norm of the gradient": {Update, ""}, "optimizer": {Update, ""},
	} {
		if seen[name] != want {
			t.Errorf("%s is seen as %v, want %v", name, seen[name], want)
		}
	}
	profile.Reset()
	if left := profile.Operations(); len(left) > 0 {
		t.Errorf("after a reset there is still %v", left)
	}
}

// TestMultiplyAdds counts by hand: the first layer needs no gradient of its input,
// and a frozen layer none of its weights.
func TestMultiplyAdds(t *testing.T) {
	g, params := normedNetwork(t)
	before, conv, wide, head := 4*4*3*3, 2*2*5*27, 20*3300, 3300*3
	for _, test := range []struct {
		frozen []string
		want   int
	}{
		{nil, 2*before + 3*conv + 3*wide + 3*head},
		{[]string{"head."}, 2*before + 3*conv + 3*wide + 2*head},
		{[]string{"before.", "conv.", "norm."}, before + conv + 2*wide + 3*head},
	} {
		trainer := newTrainer(t, g, params.Clone(), TrainerOptions{Optimizer: counting{}, Frozen: test.frozen})
		if got := trainer.MultiplyAdds(); got != test.want {
			t.Errorf("frozen %v: %d multiply-adds, want %d", test.frozen, got, test.want)
		}
	}
}

// TestMemory checks what can be counted by hand.
func TestMemory(t *testing.T) {
	g, params := normedNetwork(t)
	m := newTrainer(t, g, params, TrainerOptions{Optimizer: counting{}}).Memory()
	if want := 4 * params.Trainable; m.State != want {
		t.Errorf("the optimizer's state has %d bytes, want %d", m.State, want)
	}
	if least := 4 * 8 * 3300; m.Activations < least || m.Gradients < 4*params.Trainable || m.Total() != m.Activations+m.Gradients+m.State {
		t.Errorf("%+v: want at least %d bytes for the outputs of the wide layer alone", m, least)
	}
}
