package sensor

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const thermalText = `{
  "schema": 1,
  "source": "made up",
  "modality": "thermal",
  "width": 320,
  "height": 256,
  "frame_rate_hz": 30,
  "bit_depth": 14,
  "range": [7000, 9000],
  "psf_sigma_px": [0.4, 0.8],
  "motion_px": 0,
  "response_dn_per_k": 100,
  "noise3d_dn": {"tvh": 5, "vh": 2, "v": 1, "h": 1, "tv": 0.5, "th": 0.5, "t": 0.25},
  "defect_ppm": 100,
  "agc": {"mode": "fixed", "low": 7000, "high": [9000, 9500]}
}`

const visibleText = `{
  "schema": 1,
  "source": "made up",
  "modality": "visible",
  "width": 640,
  "height": 480,
  "frame_rate_hz": 30,
  "bit_depth": 10,
  "range": [32, 1023],
  "psf_sigma_px": 0.6,
  "motion_px": [0, 2],
  "gain_dn_per_e": 0.02,
  "full_well_e": 45000,
  "read_noise_e": 100,
  "dsnu_e": 50,
  "prnu_percent": 1,
  "black_level_dn": 32,
  "defect_ppm": 20,
  "agc": {"mode": "linear", "low": 0.5, "high": 99.5},
  "jpeg_quality": [60, 90]
}`

func mustParse(t testing.TB, text string) *Profile {
	t.Helper()
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParse(t *testing.T) {
	p := mustParse(t, thermalText)
	if want := Between(0.4, 0.8); p.PSFSigmaPx != want {
		t.Errorf("psf_sigma_px: %v, want %v", p.PSFSigmaPx, want)
	}
	if want := Single(0.25); p.Noise3D.T != want {
		t.Errorf("noise3d_dn.t: %v, want %v", p.Noise3D.T, want)
	}
	if want := Between(9000, 9500); p.AGC.High != want {
		t.Errorf("agc.high: %v, want %v", p.AGC.High, want)
	}
	if p := mustParse(t, visibleText); *p.FullWellE != Single(45000) || *p.JPEGQuality != Between(60, 90) {
		t.Errorf("%+v", p)
	}
}

func TestWrite(t *testing.T) {
	for _, text := range []string{thermalText, visibleText} {
		p := mustParse(t, text)
		path := filepath.Join(t.TempDir(), "camera.json")
		if err := p.Write(path); err != nil {
			t.Fatal(err)
		}
		written, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, mustParse(t, string(written)), cmpopts.EquateComparable(Value{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ text, old, new, want string }{
		{thermalText, `"width": 320`, `"width": 0`, "width and height: 0 and 256, want both above 0"},
		{thermalText, `"width": 320`, `"width": -1`, "width: -1, want a whole number from 0 to 16384"},
		{thermalText, `"width": 320`, `"width": [320, 640]`, "width: it is an array, want a number"},
		{thermalText, `"width": 320,`, ``, "width: the key is missing"},
		{thermalText, `"width": 320`, `"width": 320, "width": 320`, "width: the key comes twice"},
		{thermalText, `"width": 320`, `"width": 320, "colour": true`, "colour: the key is unknown, want one of schema, source, modality, width"},
		{thermalText, `"schema": 1`, `"schema": 2`, "schema is 2, this program reads 1"},
		{thermalText, `"bit_depth": 14`, `"bit_depth": 17`, "bit_depth: 17, want a whole number from 1 to 16"},
		{thermalText, `"bit_depth": 14`, `"bit_depth": -1`, "bit_depth: -1, want a whole number from 1 to 16"},
		{visibleText, `"bit_depth": 10`, `"bit_depth": -9223372036854775808`, "want a whole number from 1 to 16"},
		{thermalText, `[7000, 9000]`, `[9000, 7000]`, "range: [9000, 7000], want [low, high] with 0 <= low < high <= 16383"},
		{thermalText, `[7000, 9000]`, `[7000, 16384]`, "range: [7000, 16384], want"},
		{thermalText, `[7000, 9000]`, `7000`, "range: it is a number, want an array"},
		{thermalText, `"motion_px": 0`, `"motion_px": -1`, "motion_px: -1, want a number from 0 to 32"},
		{thermalText, `"motion_px": 0`, `"motion_px": NaN`, "motion_px: it is no finite number"},
		{thermalText, `"width": 320`, `"width": NaN`, "width: it is no finite number, want one, such as 0"},
		{thermalText, `"tvh": 5`, `"tvh": Infinity`, "noise3d_dn.tvh: it is no finite number"},
		{thermalText, `"high": [9000, 9500]`, `"high": [9000, NaN]`, "agc.high: it is no finite number"},
		{thermalText, `"motion_px": 0`, "\"motion_px\": [\n1,\n2,\n3\n]", "motion_px: [1,2,3], want"},
		{thermalText, `{`, "\ufeff{", "a byte order mark, want UTF-8 without one"},
		{thermalText, `"motion_px": 0`, `"motion_px": [0, NaN]`, "motion_px: it is no finite number"},
		{thermalText, `"motion_px": 0`, `"motion_px": "2"`, `motion_px: "2", want a number from 0 to 32, or a range [low, high] of such`},
		{thermalText, `"motion_px": 0`, `"motion_px": [1]`, "motion_px: [1], want"},
		{thermalText, `"motion_px": 0`, `"motion_px": [1, null]`, "motion_px: [1,null], want"},
		{thermalText, `"motion_px": 0`, `"motion_px": null`, "motion_px: it is null"},
		{thermalText, `"motion_px": 0`, `"motion_px": [2, 1]`, "motion_px: [2, 1], want the lower number of a range first"},
		{thermalText, `"motion_px": 0`, `"motion_px": 1e999`, "motion_px"},
		{thermalText, `"tvh": 5`, `"tvh": -5`, "noise3d_dn.tvh: -5, want a number from 0 to 65535"},
		{thermalText, `"tvh": 5,`, ``, "noise3d_dn.tvh: the key is missing"},
		{thermalText, `"tvh": 5`, `"tvh": 5, "vvh": 5`, "noise3d_dn.vvh: the key is unknown"},
		{thermalText, `"response_dn_per_k": 100,`, ``, "response_dn_per_k: the key is missing, which a thermal camera must have"},
		{thermalText, `"response_dn_per_k": 100`, `"response_dn_per_k": 0`, "response_dn_per_k: 0, want a number above 0 and at most 1000000"},
		{thermalText, `"motion_px": 0`, `"motion_px": 0, "gain_dn_per_e": 1`, "gain_dn_per_e: the key is not one of a thermal camera"},
		{thermalText, `"high": [9000, 9500]`, `"high": [6000, 9500]`, "agc.low: 7000, want it below agc.high, which is 6000 to 9500"},
		{thermalText, `"mode": "fixed"`, `"mode": "auto"`, `agc.mode: "auto", want fixed or linear`},
		{thermalText, `"thermal"`, `"radar"`, `modality: "radar", want visible or thermal`},
		{visibleText, `[60, 90]`, `0`, "jpeg_quality: 0, want a whole number from 1 to 100"},
		{visibleText, `[60, 90]`, `60.5`, "jpeg_quality: 60.5, want a whole number from 1 to 100"},
		{visibleText, `[60, 90]`, `null`, "jpeg_quality: it is null"},
		{visibleText, `"full_well_e": 45000,`, ``, "full_well_e: the key is missing, which a visible camera must have"},
		{visibleText, `"high": 99.5`, `"high": 101`, "agc.high: 101, want a number from 0 to 100"},
		{visibleText, `"motion_px"`, `"response_dn_per_k": 3, "motion_px"`, "response_dn_per_k: the key is not one of a visible camera"},
	} {
		if !strings.Contains(test.text, test.old) {
			t.Fatalf("%s is not in the text", test.old)
		}
		_, err := Parse([]byte(strings.Replace(test.text, test.old, test.new, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.new, err, test.want)
		}
	}
}

// TestParseNamesTheKeyAtFault wants nothing said of keys that are judged by a bit depth which is
// wrong.
func TestParseNamesTheKeyAtFault(t *testing.T) {
	for _, bits := range []string{"-1", "0", "17", "1000000"} {
		_, err := Parse([]byte(strings.Replace(thermalText, `"bit_depth": 14`, `"bit_depth": `+bits, 1)))
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "bit_depth: ") {
			t.Errorf("%s: %v, want one line about bit_depth", bits, err)
		}
	}
}

// TestValidateNaN is about profiles that were not read, which measurements make.
func TestValidateNaN(t *testing.T) {
	p := mustParse(t, thermalText)
	p.Noise3D.V = Single(math.NaN())
	if _, err := p.Text(); err == nil || !strings.Contains(err.Error(), "noise3d_dn.v: NaN, want a number") {
		t.Errorf("%v", err)
	}
	p.Noise3D.V, p.FrameRateHz = Single(1), math.Inf(1)
	if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "frame_rate_hz: +Inf, want a number") {
		t.Errorf("%v", err)
	}
}
