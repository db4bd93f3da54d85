package settings

import (
	"strings"

	"github.com/blocktrain/blocktrain/internal/sensor"
)

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
