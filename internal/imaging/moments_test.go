package imaging

import "testing"

func TestMoments(t *testing.T) {
	plane := []uint8{ // [4,5]
		10, 10, 10, 10, 10,
		10, 20, 40, 10, 10,
		10, 10, 10, 10, 10,
		10, 10, 10, 10, 10,
	}
	if m := MomentsOf(plane); m.N != 20 || m.Mean(100) != 1200 || m.Deviation(100) != 678 { // by hand: sqrt(180-144) is 6.78 of 46
		t.Errorf("moments %+v, mean %d, deviation %d", m, m.Mean(100), m.Deviation(100))
	}
	if m := Laplacian(5, plane); m != (Moments{6, 10 + 110 - 30 - 10 - 30, 100 + 12100 + 900 + 100 + 900}) {
		t.Errorf("Laplacian %+v", m)
	}
	inside, around := Surround(5, plane, 1, 1, 3, 2)
	if inside != (Moments{2, 60, 2000}) || around != (Moments{10, 100, 1000}) {
		t.Errorf("inside %+v, around %+v", inside, around)
	}
	if inside, around := Surround(5, plane, 4, 3, 9, 9); inside.N != 1 || around != (Moments{11, 140, 2600}) {
		t.Errorf("beyond the edges: inside %+v, around %+v", inside, around)
	}
	if inside, _ := Surround(5, plane, 7, 1, 9, 2); inside.N != 0 || inside.Mean(1) != 0 || inside.Deviation(1) != 0 {
		t.Errorf("outside: %+v", inside)
	}
	var wide Moments // whose squares need 128 bits
	for range 1 << 20 {
		wide.Add(65535)
		wide.Add(0)
	}
	if d := wide.Deviation(2); d != 65535 {
		t.Errorf("deviation %d of values of 16 bits", d)
	}
}
