package dataset

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Made are the examples of a dataset with images that were made of those of the dataset, by
// the numbers of the examples. Others have none.
type Made struct {
	Dataset
	Images map[int]imaging.Image
}

// Image implements Dataset.
func (m *Made) Image(i int) (imaging.Image, error) {
	img, made := m.Images[i]
	if !made {
		return img, fmt.Errorf("%s is in no part that is trained on", m.Source(i))
	}
	return img, nil
}
