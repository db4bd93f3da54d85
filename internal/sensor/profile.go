// Package sensor describes cameras and shows images as they would have seen them.
//
// A [Profile] is what is known of a camera: its size, blur, noise, fixed patterns and what
// brings its values to 8 bits. A [Camera] is one that was drawn from a profile for one clip.
package sensor

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Schema is the schema of a profile's file.
const Schema = 1

// Modality is what a camera sees.
type Modality string

// The modalities.
const (
	Visible Modality = "visible" // light, by photons that are counted (EMVA 1288)
	Thermal Modality = "thermal" // infrared radiation, whose noise is given by the 3-D model
)

// Profile is a camera. DN are the digital numbers (levels) of its converter, e are electrons,
// px are pixels of its own. A [Value] may be a range. What fixes a pattern is drawn once for a
// clip, what varies in time for every frame.
//
// Keys that say how strong something is are multiplied by severity/3: with a severity of 3
// the camera is as the profile says, and with 0 nothing but geometry and quantisation is left.
//
//	key               | at severity s
//	psf_sigma_px      | s/3 of it
//	motion_px         | s/3 of it
//	read_noise_e      | s/3 of it
//	dsnu_e            | s/3 of it
//	prnu_percent      | s/3 of it
//	shot noise        | s/3 of its standard deviation, which is sqrt(gain_dn_per_e * signal)
//	noise3d_dn        | s/3 of each
//	defect_ppm        | s/3 of it
//	jpeg_quality q    | 100 - (100-q)*s/3, rounded, at least 1; none at severity 0
//	agc low, high     | the middle of the range, and s/3 of how far the drawn number is from it
//	all others        | as given
type Profile struct {
	Schema int `json:"schema"`
	// Source says where the numbers are from.
	Source      string   `json:"source"`
	Modality    Modality `json:"modality"`
	Width       int      `json:"width"`         // px; with Height, 0 for the size of what is seen
	Height      int      `json:"height"`        // px
	FrameRateHz float64  `json:"frame_rate_hz"` // frames a second
	BitDepth    int      `json:"bit_depth"`     // of the converter: DN are 0 to 2^bit_depth-1
	// Range are the DN that black and white of images of 8 bits stand for. Values of images of
	// 16 bits are DN.
	Range [2]int `json:"range"`
	// PSFSigmaPx is the standard deviation of the point spread function, a Gaussian.
	PSFSigmaPx Value `json:"psf_sigma_px"`
	// MotionPx is how far the image moves while a frame is exposed, in a direction that each
	// frame draws.
	MotionPx Value `json:"motion_px"`

	// Of visible cameras, all of them: the terms of EMVA 1288.
	GainDNPerE   *Value `json:"gain_dn_per_e,omitempty"`  // K, the overall system gain
	FullWellE    *Value `json:"full_well_e,omitempty"`    // the saturation capacity
	ReadNoiseE   *Value `json:"read_noise_e,omitempty"`   // temporal dark noise
	DSNUE        *Value `json:"dsnu_e,omitempty"`         // dark signal nonuniformity (DSNU 1288)
	PRNUPercent  *Value `json:"prnu_percent,omitempty"`   // photo response nonuniformity (PRNU 1288)
	BlackLevelDN *Value `json:"black_level_dn,omitempty"` // DN without light

	// Of thermal cameras, both of them. NETD = noise3d_dn.tvh / response_dn_per_k, in K.
	ResponseDNPerK *Value   `json:"response_dn_per_k,omitempty"`
	Noise3D        *Noise3D `json:"noise3d_dn,omitempty"`

	// DefectPPM are how many of a million pixels always show black or white, half of them each.
	DefectPPM Value `json:"defect_ppm"`
	AGC       AGC   `json:"agc"`
	// JPEGQuality is that of libjpeg's scale, 1 to 100. None: frames are not compressed.
	JPEGQuality *Value `json:"jpeg_quality,omitempty"`
}

// Noise3D are the standard deviations in DN of the seven components of the 3-D noise model
// (D'Agostino and Webb, 3-D analysis framework and measurement methodology for imaging system
// noise, SPIE 1488, 1991). A component varies along the directions that its name has, which are
// time, vertical (from row to row) and horizontal (from column to column), and not along the
// others.
type Noise3D struct {
	TVH Value `json:"tvh"` // by pixel and frame
	VH  Value `json:"vh"`  // by pixel, fixed
	V   Value `json:"v"`   // by row, fixed
	H   Value `json:"h"`   // by column, fixed
	TV  Value `json:"tv"`  // by row and frame
	TH  Value `json:"th"`  // by column and frame
	T   Value `json:"t"`   // by frame
}

// components are the values by key.
func (n *Noise3D) components() []namedValue {
	return []namedValue{{"tvh", &n.TVH}, {"vh", &n.VH}, {"v", &n.V}, {"h", &n.H}, {"tv", &n.TV}, {"th", &n.TH}, {"t", &n.T}}
}

// The modes of an AGC.
const (
	FixedAGC  = "fixed"  // low and high are DN
	LinearAGC = "linear" // low and high are per cent of the pixels of each frame
)

// AGC is what brings DN to 8 bits: low and what is below becomes 0, high and what is above
// 255. With the mode linear, they are found for each frame: the DN below which so many per
// cent of its pixels are.
type AGC struct {
	Mode string `json:"mode"`
	Low  Value  `json:"low"`
	High Value  `json:"high"`
}

// Note is a profile as a record has it.
type Note struct {
	Profile *Profile `json:"profile" schema:"2"`
	Train   bool     `json:"train" schema:"2"` // the training part is seen through it too
}

// Check refuses a note whose profile no camera has. A nil note, of a run without a sensor, is right.
func (n *Note) Check() error {
	var err error
	switch {
	case n == nil:
		return nil
	case n.Profile == nil:
		err = errors.New("there is none")
	default:
		err = n.Profile.Validate()
	}
	if err != nil {
		return fmt.Errorf("the sensor profile: %w", err)
	}
	return nil
}

// namedValue is a key and its value, nil where it is not there.
type namedValue struct {
	key   string
	value *Value
}

// maxSide bounds the sides of a sensor; noise is addressed by 16 bits of each coordinate.
const maxSide = 16384

// maxBitDepth bounds the bits of a converter, whose values are those of images of 16 bits.
const maxBitDepth = 16

// MaxDN is the largest DN of the converter. Of a bit depth that no converter has, which
// [Profile.Validate] reports by itself, it is that of the deepest, so that other keys are judged
// for what they are.
func (p *Profile) MaxDN() int {
	if !p.hasBitDepth() {
		return 1<<maxBitDepth - 1
	}
	return 1<<p.BitDepth - 1
}

func (p *Profile) hasBitDepth() bool { return p.BitDepth >= 1 && p.BitDepth <= maxBitDepth }

// profileForm is how a profile's file is read.
var profileForm = fileio.Form{MaxBytes: 64 << 10, Schemas: []int{Schema}}

// Parse reads a profile. Errors name the key and say what is wanted.
func Parse(text []byte) (*Profile, error) {
	var p Profile
	if err := fileio.DecodeJSON(text, &p, profileForm); err != nil {
		if key := keyOfNaN(text); key != "" {
			err = fmt.Errorf("%s: it is no finite number, want one, such as 0", key)
		}
		return nil, err
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &p, nil
}

var notFinite = regexp.MustCompile(`"([^"]*)"\s*:\s*\[?[^"\]{}]*?[-+]?(NaN|nan|Infinity|inf)\b`)

// keyOfNaN is the key in front of a number that is none, which JSON cannot have, with the object
// that it belongs to.
func keyOfNaN(text []byte) string {
	found := notFinite.FindSubmatch(text)
	if found == nil {
		return ""
	}
	key := string(found[1])
	if key == "low" || key == "high" {
		return "agc." + key
	}
	for _, of := range new(Noise3D).components() {
		if of.key == key {
			return "noise3d_dn." + key
		}
	}
	return key
}

// Text is the profile as its file has it.
func (p *Profile) Text() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return fileio.MarshalJSON(p)
}

// Line is the same in one line.
func (p *Profile) Line() (string, error) {
	if err := p.Validate(); err != nil {
		return "", err
	}
	text, err := json.Marshal(p)
	return string(text), err
}

// Write writes the profile's file.
func (p *Profile) Write(path string) error {
	text, err := p.Text()
	if err != nil {
		return err
	}
	return fileio.WriteBytes(path, text)
}

// Validate reports all keys whose value no camera has.
func (p *Profile) Validate() error {
	errs := []error{p.checkGeometry(), p.checkRange(),
		checkValue("psf_sigma_px", p.PSFSigmaPx, limits{high: 8}),
		checkValue("motion_px", p.MotionPx, limits{high: 32}),
		checkValue("defect_ppm", p.DefectPPM, limits{high: 100_000}),
		p.checkModality(), p.checkAGC(),
	}
	if p.JPEGQuality != nil {
		errs = append(errs, checkValue("jpeg_quality", *p.JPEGQuality, limits{low: 1, high: 100, whole: true}))
	}
	return errors.Join(errs...)
}

func (p *Profile) checkGeometry() error {
	errs := []error{
		checkNumber("width", float64(p.Width), limits{high: maxSide, whole: true}),
		checkNumber("height", float64(p.Height), limits{high: maxSide, whole: true}),
		checkNumber("frame_rate_hz", p.FrameRateHz, limits{high: 100_000, above: true}),
		checkNumber("bit_depth", float64(p.BitDepth), limits{low: 1, high: maxBitDepth, whole: true}),
	}
	if (p.Width == 0) != (p.Height == 0) {
		errs = append(errs, fmt.Errorf("width and height: %d and %d, want both above 0, or both 0 for the size of what is seen", p.Width, p.Height))
	}
	if p.Schema != Schema {
		errs = append(errs, fmt.Errorf("schema: %d, want %d", p.Schema, Schema))
	}
	return errors.Join(errs...)
}

func (p *Profile) checkRange() error {
	if !p.hasBitDepth() {
		return nil // is reported
	}
	if low, high := p.Range[0], p.Range[1]; low < 0 || low >= high || high > p.MaxDN() {
		return fmt.Errorf("range: [%d, %d], want [low, high] with 0 <= low < high <= %d, the largest value of %d bits", low, high, p.MaxDN(), p.BitDepth)
	}
	return nil
}

// checkModality reports keys that a camera of the modality lacks or does not have.
func (p *Profile) checkModality() error {
	var errs []error
	switch p.Modality {
	case Visible:
		errs = append(errs, p.checkVisible(), absent(Visible, "response_dn_per_k", p.ResponseDNPerK == nil), absent(Visible, "noise3d_dn", p.Noise3D == nil))
	case Thermal:
		errs = append(errs, p.checkThermal())
		for _, of := range p.visible() {
			errs = append(errs, absent(Thermal, of.key, of.value == nil))
		}
	default:
		return fmt.Errorf("modality: %q, want %s or %s", p.Modality, Visible, Thermal)
	}
	return errors.Join(errs...)
}

func absent(m Modality, key string, is bool) error {
	if is {
		return nil
	}
	return fmt.Errorf("%s: the key is not one of a %s camera", key, m)
}

// visible are the values of visible cameras.
func (p *Profile) visible() []namedValue {
	return []namedValue{
		{"gain_dn_per_e", p.GainDNPerE}, {"full_well_e", p.FullWellE}, {"read_noise_e", p.ReadNoiseE},
		{"dsnu_e", p.DSNUE}, {"prnu_percent", p.PRNUPercent}, {"black_level_dn", p.BlackLevelDN},
	}
}

func (p *Profile) checkVisible() error {
	wanted := []limits{
		{high: 10_000, above: true}, {low: 1, high: 100_000_000}, {high: 1_000_000},
		{high: 1_000_000}, {high: 100}, {high: float64(p.MaxDN())},
	}
	var errs []error
	for i, of := range p.visible() {
		errs = append(errs, checkPresent(p.Modality, of, wanted[i]))
	}
	return errors.Join(errs...)
}

func checkPresent(m Modality, of namedValue, l limits) error {
	if of.value == nil {
		return fmt.Errorf("%s: the key is missing, which a %s camera must have", of.key, m)
	}
	return checkValue(of.key, *of.value, l)
}

func (p *Profile) checkThermal() error {
	errs := []error{checkPresent(p.Modality, namedValue{"response_dn_per_k", p.ResponseDNPerK}, limits{high: 1_000_000, above: true})}
	if p.Noise3D == nil {
		return errors.Join(append(errs, errors.New("noise3d_dn: the key is missing, which a thermal camera must have"))...)
	}
	for _, of := range p.Noise3D.components() {
		errs = append(errs, checkPresent(p.Modality, namedValue{"noise3d_dn." + of.key, of.value}, limits{high: 65535}))
	}
	return errors.Join(errs...)
}

func (p *Profile) checkAGC() error {
	l := limits{high: 100}
	switch p.AGC.Mode {
	case LinearAGC:
	case FixedAGC:
		l.high = float64(p.MaxDN())
	default:
		return fmt.Errorf("agc.mode: %q, want %s or %s", p.AGC.Mode, FixedAGC, LinearAGC)
	}
	err := errors.Join(checkValue("agc.low", p.AGC.Low, l), checkValue("agc.high", p.AGC.High, l))
	if err == nil && p.AGC.Low.High >= p.AGC.High.Low {
		err = fmt.Errorf("agc.low: %s, want it below agc.high, which is %s", p.AGC.Low, p.AGC.High)
	}
	return err
}
