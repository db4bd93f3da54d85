package settings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
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
	list, err := s.CriteriaSelections()
	at := slices.IndexFunc(list, func(c config.Selection) bool { return c.Name == MaxModelSize })
	if err != nil || at < 0 || s.Force {
		return err
	}
	limit, _, err := criterion.MakeCriterion(MaxModelSize, list[at].Options)
	if err != nil {
		return fmt.Errorf("criteria: %w", err)
	}
	least, most := float64(floatSize*parameters)/mega, limit.Judge(criterion.Measurements{}).Threshold
	if least <= most {
		return nil
	}
	flag := "--max-model-size-mb "
	if most != s.MaxModelSizeMB { // the list itself has it, which outranks the setting
		flag = "--criteria " + MaxModelSize + ":threshold="
	}
	return config.Usagef("%s%s: the weights of %s alone have %.1f MB, so that no training can meet it: want %s%.0f, or a smaller model, as some are with a smaller --image-size",
		flag, config.Short(most), s.Model, least, flag, math.Floor(float64(least*1.05)+1))
}
