package settings

import (
	"math"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
)

// TakePreparation sets what nobody has chosen about images to what the weights of a network
// were trained with.
func (s *Settings) TakePreparation(p model.Preparation) {
	fraction := math.RoundToEven(float64(p.Size)/float64(p.Resize)*1e4) / 1e4
	size := strconv.Itoa(p.Size)
	cropped := s.isLeft("resize") && s.isLeft("crop-fraction")
	for _, one := range []struct {
		name string
		to   *string
		text string
		take bool
	}{
		{"image-size", &s.ImageSize, size, true}, {"resize-filter", &s.ResizeFilter, string(p.Filter), true},
		{"resize", &s.Resize, imaging.Crop, cropped}, {"crop-fraction", &s.CropFraction, config.Exact(fraction), cropped},
		{"normalize", &s.Normalize, NormalizeNetwork, true},
	} {
		if one.take && s.isLeft(one.name) {
			*one.to = one.text
		}
	}
	if s.isLeft("channels") {
		s.Channels = len(p.Mean)
	}
}

// isLeft says whether nobody has chosen the value of a setting: it is the built-in one,
// whether or not an .env file has it too.
func (s *Settings) isLeft(name string) bool {
	origin := s.Origins[name]
	if origin != config.OriginDefault && !strings.HasPrefix(origin, ".env") {
		return false
	}
	for _, option := range s.view() {
		if option.Name == name {
			return option.Value() == option.Default
		}
	}
	return false
}

// SettleNormalize decides what no weights have decided.
func (s *Settings) SettleNormalize() {
	if s.Normalize == NormalizeAuto {
		s.Normalize = NormalizeData
	}
}

// CheckSizeOf refuses a limit on the model's size that the network cannot meet, whatever it
// learns: its weights alone, of so many values, are larger.
func (s *Settings) CheckSizeOf(parameters int) error {
	const floatSize, mega = 4, 1e6
	least := float64(floatSize*parameters) / mega
	if !s.judgesSize() || least <= s.MaxModelSizeMB {
		return nil
	}
	return config.Usagef("--max-model-size-mb %s: the weights of %s alone have %.1f MB, so that no training can meet it: want --max-model-size-mb %.0f, or a smaller model",
		config.Short(s.MaxModelSizeMB), s.Model, least, math.Floor(float64(least*1.05)+1))
}

// judgesSize says whether the size of the model is among what is judged.
func (s *Settings) judgesSize() bool {
	for _, entry := range s.Criteria {
		if name, _, _ := strings.Cut(entry, ":"); name == Default || name == SizeCriterion {
			return true
		}
	}
	return false
}

// SizeCriterion is the name of the criterion on the size of the model.
const SizeCriterion = "max_model_size_mb"
