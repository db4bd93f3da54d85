package sensorfit

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
)

// making makes a profile, and remembers what was not measured.
type making struct {
	*Result
	options  Options
	measured []string
}

// makeProfile makes the profile of what was measured: ranges are those of the spread. What was
// not measured gets a default, and the source names it. There is none where nothing was.
func (r *Result) makeProfile(o Options) error {
	m := &making{Result: r, options: o}
	s := &r.Summary
	top := 1<<s.BitDepth - 1
	p := &sensor.Profile{Schema: sensor.Schema, Modality: o.Modality, Width: s.Width, Height: s.Height, BitDepth: s.BitDepth, FrameRateHz: s.RateHz}
	if p.Modality == "" {
		p.Modality = sensor.Thermal
		if s.Gain != nil || s.Colour {
			p.Modality = sensor.Visible
		}
		r.Defaults = append(r.Defaults, "modality")
	}
	if p.FrameRateHz == 0 {
		p.FrameRateHz = 30
		r.Defaults = append(r.Defaults, "frame_rate_hz")
	}
	p.Range = [2]int{0, top}
	p.AGC = sensor.AGC{Mode: sensor.FixedAGC, Low: sensor.Single(0), High: sensor.Single(255)}
	if s.BitDepth > 8 {
		p.Range = [2]int{s.Levels.Low, min(s.Levels.High, top)}
		p.AGC.Low, p.AGC.High = sensor.Between(s.LevelsLow.Low, s.LevelsLow.High), sensor.Between(s.LevelsTop.Low, min(s.LevelsTop.High, float64(top)))
		if p.AGC.Low.High >= p.AGC.High.Low {
			p.AGC.Low, p.AGC.High = sensor.Single(float64(p.Range[0])), sensor.Single(float64(p.Range[1]))
		}
	}
	p.PSFSigmaPx = m.value("psf_sigma_px", s.Blur, 0)
	p.MotionPx = m.value("motion_px", nil, 0)
	p.DefectPPM = m.value("defect_ppm", s.Defects, 0)
	if p.Modality == sensor.Visible {
		m.visible(p, float64(top))
	} else {
		m.thermal(p)
	}
	if len(m.measured) == 0 {
		return nil
	}
	p.Source = m.source()
	r.Profile = p
	return p.Validate()
}

// value is a spread as a value of the profile, or else the default.
func (m *making) value(key string, s *Spread, otherwise float64) sensor.Value {
	if s == nil {
		m.Defaults = append(m.Defaults, key)
		return sensor.Single(otherwise)
	}
	m.measured = append(m.measured, key)
	return sensor.Between(rounded(s.Low), rounded(s.High))
}

// rounded has about three digits, which is more than is known.
func rounded(v float64) float64 {
	if v <= 0 {
		return 0
	}
	scale := float64(1)
	for v*scale < 100 && scale < 1e9 {
		scale *= 10
	}
	return math.RoundToEven(v*scale) / scale
}

// thermal enters the 3-D noise. A response cannot be measured without sources of known
// temperature.
func (m *making) thermal(p *sensor.Profile) {
	n := &m.Summary.Noise
	p.Noise3D = &sensor.Noise3D{
		TVH: m.value("noise3d_dn.tvh", n.TVH, 0), VH: m.value("noise3d_dn.vh", n.VH, 0), V: m.value("noise3d_dn.v", n.V, 0), H: m.value("noise3d_dn.h", n.H, 0),
		TV: m.value("noise3d_dn.tv", n.TV, 0), TH: m.value("noise3d_dn.th", n.TH, 0), T: m.value("noise3d_dn.t", n.T, 0),
	}
	response := sensor.Single(m.options.ResponseDNPerK)
	if m.options.ResponseDNPerK == 0 {
		response = sensor.Single(1)
		m.Defaults = append(m.Defaults, "response_dn_per_k")
	}
	p.ResponseDNPerK = &response
}

// visible enters the figures of EMVA 1288. DSNU has the patterns of rows and columns too.
// Without a gain, one is taken that makes no shot noise to speak of, so that noise and patterns
// come out as they were measured.
func (m *making) visible(p *sensor.Profile, top float64) {
	s := &m.Summary
	const mostElectrons, mostNoise = 9e7, 9e5 // a profile takes somewhat more
	otherwise := max(1e-5, top/mostElectrons, m.strongest()/mostNoise)
	gain := otherwise
	if s.Gain != nil {
		gain = s.Gain.Value
	}
	black := float64(0)
	if s.Black != nil {
		black = s.Black.Low
	}
	set := func(to **sensor.Value, key string, spread *Spread, other float64) {
		v := m.value(key, spread, other)
		*to = &v
	}
	read, dsnu := s.Read, m.dark(gain)
	if s.Gain == nil && s.Noise.TVH != nil {
		read = s.Noise.TVH.scaled(1 / gain)
	}
	set(&p.GainDNPerE, "gain_dn_per_e", s.Gain, otherwise)
	if low := &p.GainDNPerE.Low; *low <= 0 {
		*low = p.GainDNPerE.High / 10
	}
	set(&p.FullWellE, "full_well_e", nil, max(1, math.Trunc((top-black)/gain)))
	set(&p.ReadNoiseE, "read_noise_e", read, 0)
	set(&p.DSNUE, "dsnu_e", dsnu, 0)
	set(&p.PRNUPercent, "prnu_percent", s.PRNU, 0)
	set(&p.BlackLevelDN, "black_level_dn", s.Black, 0)
}

// strongest is the largest noise and fixed pattern that was measured, in DN, by the upper end.
func (m *making) strongest() float64 {
	n, most := &m.Summary.Noise, float64(0)
	if n.TVH != nil {
		most = n.TVH.High
	}
	if pattern := m.dark(1); pattern != nil {
		most = max(most, pattern.High)
	}
	return most
}

// dark is the fixed pattern without light, of pixels, rows and columns, in electrons.
func (m *making) dark(gain float64) *Spread {
	s := &m.Summary
	pixels := s.Noise.VH.scaled(1 / gain)
	if s.DSNU != nil {
		pixels = s.DSNU
	}
	if pixels == nil {
		return nil
	}
	all := *pixels
	for _, lines := range []*Spread{s.Noise.V.scaled(1 / gain), s.Noise.H.scaled(1 / gain)} {
		if lines != nil {
			all.Low, all.Value, all.High = together(all.Low, lines.Low), together(all.Value, lines.Value), together(all.High, lines.High)
		}
	}
	return &all
}

// together is the standard deviation of two that are independent.
func together(a, b float64) float64 { return math.Sqrt(float64(a*a) + float64(b*b)) }

// scaled is nil of nil.
func (s *Spread) scaled(by float64) *Spread {
	if s == nil {
		return nil
	}
	other := *s
	other.Low, other.Value, other.High = s.Low*by, s.Value*by, s.High*by
	return &other
}

// source is the text of the profile that says where its numbers are from.
func (m *making) source() string {
	frames, r := 0, m.Result
	for _, clip := range r.Clips {
		frames += clip.Frames
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Measured by blocktrain sensor fit from %s, %s of %s: %s.", filepath.Base(r.Path), counted(len(r.Clips), "clip", "clips"), counted(frames, "frame", "frames"), strings.Join(m.measured, ", "))
	if len(r.Clips) == 1 {
		b.WriteString(" Ranges are the figures give or take twice their standard error.")
	} else {
		b.WriteString(" Ranges are the spread between clips.")
	}
	if len(r.Defaults) > 0 {
		fmt.Fprintf(&b, " Not measured, and set to what does least: %s; take them from the data sheet.", strings.Join(r.Defaults, ", "))
	}
	for _, d := range r.Summary.Declined {
		fmt.Fprintf(&b, " %s: %s.", d.What, d.Why)
	}
	if r.Summary.AGC == measure.Drifts {
		b.WriteString(" The AGC drifts; the profile has it fixed.")
	}
	return b.String()
}

func counted(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}
