package rundata

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Sensor is what shows the run's images through cameras; nil where nothing does.
func (d *Data) Sensor(s *settings.Settings) *dataset.Sensor {
	profile := s.SensorProfile()
	if profile == nil {
		return nil
	}
	return &dataset.Sensor{Profile: profile, Seed: uint64(s.Seed), Grey: !d.Rule.Colour()}
}

// checkSensor refuses data that the sensor cannot have seen, and warns of images with less detail
// than it sees.
func (d *Data) checkSensor(ctx context.Context, env *rundir.Environment, s *settings.Settings) error {
	by := d.Sensor(s)
	if by == nil {
		return nil
	}
	smaller, err := by.Check(ctx, d.All)
	if err != nil {
		return fmt.Errorf("--sensor: %w", err)
	}
	if smaller > 0 {
		env.Log.Warn("the sensor sees more detail than images have, which keep their size: what the model learns of them is coarser than what it will be shown",
			"images", fmt.Sprintf("%d of %d", smaller, d.All.Len()), "sensor", fmt.Sprintf("%dx%d", by.Profile.Width, by.Profile.Height))
	}
	return nil
}
