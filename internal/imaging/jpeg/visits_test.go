package jpeg

import (
	"errors"
	"testing"
)

// TestScansOfLargePictures: a scan is refused before it is read where all scans so far went
// through very many blocks.
func TestScansOfLargePictures(t *testing.T) {
	for _, test := range []struct {
		visits int
		want   bool
	}{{maxVisits - 6, false}, {maxVisits - 5, true}} {
		d := &decoder{visits: test.visits, quant: [4]*[64]uint16{{}}}
		s := &scanning{decoder: d, mcusX: 2, mcusY: 3, blocksPerMCU: 1, end: 63}
		err := s.prepare()
		var refused *UnsupportedError
		if got := errors.As(err, &refused); got != test.want {
			t.Errorf("after %d blocks: %v", test.visits, err)
		}
	}
}
