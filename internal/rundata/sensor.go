package rundata

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/visualization"
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

// SeenPictures are examples of the test part as they are, with what the sensor as its profile gives it
// shows of them; at most so many, and none without a sensor.
func (d *Data) SeenPictures(s *settings.Settings, limit int) ([]visualization.Picture, error) {
	by := d.Sensor(s)
	if by == nil {
		return nil, nil
	}
	var pictures []visualization.Picture
	through, order := by.Through(d.All, sensor.AsGiven), dataset.Shuffled(d.Split.Test, uint64(s.Seed), 0)
	for _, i := range order[:min(limit, len(order))] {
		p := visualization.Picture{Caption: d.All.Classes()[d.All.Info(i).Label]}
		var err error
		if p.Image, err = d.pictureOf(d.All, i); err == nil {
			p.Output, err = d.pictureOf(through, i)
		}
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, p)
	}
	return pictures, nil
}

// pictureOf is the picture of an example as the network sees it.
func (d *Data) pictureOf(of dataset.Dataset, i int) (imaging.Image, error) {
	img, err := of.Image(i)
	if err != nil {
		return img, err
	}
	defer img.Release()
	img, err = d.TestRule.Apply(img)
	return d.TestRule.Picture(img), err
}
