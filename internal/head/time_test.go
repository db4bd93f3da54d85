package head

import "testing"

// TestTime wants an estimate that grows with the penalties.
func TestTime(t *testing.T) {
	one, err := Time(t.Context(), 1, 1000, 64, 3, 2)
	if err != nil || one <= 0 {
		t.Fatal(one, err)
	}
	many, err := Time(t.Context(), 100, 100_000, 64, 3, 2)
	if err != nil || many < 10*one {
		t.Errorf("%v with a hundred times as many penalties and rows, %v; with one %v", many, err, one)
	}
}
