package settings

import (
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

// sensorField holds what camera the model is meant for.
var sensorField = field{
	words: "sensor", settings: []string{"sensor", "sensor-train"}, value: func(i *rundir.Identity) any { return i.Sensor },
	record: func(i *rundir.Identity, s *Settings, _ *Modules) {
		if i.Sensor = nil; s.Sensor != "" {
			i.Sensor = &sensor.Note{Profile: s.SensorProfile(), Train: s.SensorTrain}
		}
	},
	recorded: func(i *rundir.Identity) []string {
		if i.Sensor == nil {
			return []string{"", "true"}
		}
		text, err := i.Sensor.Profile.Line()
		if err != nil {
			text = "{}" // which is refused when it is read
		}
		return []string{text, strconv.FormatBool(i.Sensor.Train)}
	},
}

// isSensor refuses what is no sensor profile.
func isSensor(word string) error {
	if word == "" {
		return nil
	}
	_, err := loadSensor(word)
	return err
}

// loadSensor reads a profile by its name, from its file, or from its text, as records have it.
func loadSensor(word string) (*sensor.Profile, error) {
	if strings.HasPrefix(word, "{") {
		return sensor.Parse([]byte(word))
	}
	return sensor.Load(word)
}

// takeSensor puts the text of the profile in place of its name or path, so that a run does not
// depend on a file that may change.
func (s *Settings) takeSensor() error {
	if s.Sensor == "" {
		return nil
	}
	p, err := loadSensor(s.Sensor)
	if err != nil {
		return err
	}
	s.Sensor, err = p.Line()
	return err
}

// SensorProfile is the camera that the model is meant for; nil where none is known.
func (s *Settings) SensorProfile() *sensor.Profile {
	if s.Sensor == "" {
		return nil
	}
	p, _ := loadSensor(s.Sensor) // checked when it was set
	return p
}

// SensorTrains says whether the training part is seen through the sensor.
func (s *Settings) SensorTrains() bool { return s.Sensor != "" && s.SensorTrain }
