package config

import "testing"

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 12: "12", -123: "-123", 1234: "1,234", -123456: "-123,456", 163250304: "163,250,304"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}
