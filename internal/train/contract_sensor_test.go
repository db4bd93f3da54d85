package train

import (
	"context"
	"fmt"
	"testing"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

// contractSensors are cameras, and what a short training that sees its images through them comes to, as
// [contractDigest] is for one without. Between them they do all that a profile can say, with ranges
// that each image draws from.
var contractSensors = []struct{ name, profile, digest string }{
	{"visible", `{"schema": 1, "source": "made up", "modality": "visible", "width": 10, "height": 10, "frame_rate_hz": 30, "bit_depth": 10,
		"range": [32, 900], "psf_sigma_px": [0.3, 0.7], "motion_px": [0, 2], "gain_dn_per_e": [0.02, 0.09], "full_well_e": [20000, 45000],
		"read_noise_e": [100, 200], "dsnu_e": [40, 80], "prnu_percent": [0.5, 3], "black_level_dn": [16, 32], "defect_ppm": [0, 20000],
		"agc": {"mode": "linear", "low": [0, 2], "high": [97, 100]}, "jpeg_quality": [40, 90]}`,
		"eb043828c3f817ec25f62756bc87169c889452303a6b4dd1d9cc3aff5aa9df1a"},
	{"thermal", `{"schema": 1, "source": "made up", "modality": "thermal", "width": 0, "height": 0, "frame_rate_hz": 60, "bit_depth": 14,
		"range": [7680, 8704], "psf_sigma_px": [0.2, 1.2], "motion_px": 0, "response_dn_per_k": 102,
		"noise3d_dn": {"tvh": [4, 60], "vh": [2, 40], "v": [1, 20], "h": [1, 30], "tv": [1, 10], "th": [1, 5], "t": [1, 10]},
		"defect_ppm": 5000, "agc": {"mode": "fixed", "low": [7600, 7760], "high": [8600, 8800]}}`,
		"8a1a3a3b2c2cbc48977ed331d494ec8ebc5e645d8ffddc43f113493d477fff24"},
}

// contractSensorJob is contractJob with images that are seen through camera n.
func contractSensorJob(t testing.TB, n int, data, dir string, mode dataset.Mode, workers int) Job {
	t.Helper()
	job := contractJob(t, data, dir, mode, workers)
	p, err := sensor.Parse([]byte(contractSensors[n].profile))
	if err != nil {
		t.Fatal(err)
	}
	job.Train.Sensor = &dataset.Sensor{Profile: p, Seed: 7, Grey: true}
	if mode == dataset.ModeRAM {
		fitted, err := dataset.Fit(context.Background(), job.Train.Dataset, 1<<20, dataset.Form{Native: true, Of: job.TrainList})
		if err != nil {
			t.Fatal(err)
		}
		job.Train.Dataset = fitted[0]
	}
	return job
}

func checkContractSensor(t *testing.T, n int, dir string) {
	t.Helper()
	if got := contractResult(t, dir); got != contractSensors[n].digest {
		t.Errorf("the training through the %s sensor came to %s, want %s", contractSensors[n].name, got, contractSensors[n].digest)
	}
}

func TestContractSensor(t *testing.T) {
	data := contractData(t)
	counts := []int{1, 2, 3, 5}
	if testing.Short() {
		counts = []int{3}
	}
	for n, by := range contractSensors {
		for _, mode := range []dataset.Mode{dataset.ModeRAM, dataset.ModeDisk} {
			for _, workers := range counts {
				t.Run(fmt.Sprintf("%s %s %d", by.name, mode, workers), func(t *testing.T) {
					dir := t.TempDir()
					if _, err := Run(context.Background(), contractSensorJob(t, n, data, dir, mode, workers)); err != nil {
						t.Fatal(err)
					}
					checkContractSensor(t, n, dir)
				})
			}
		}
	}
}

// TestContractSensorInterrupted goes on in another mode and with other workers each time.
func TestContractSensorInterrupted(t *testing.T) {
	data := contractData(t)
	modes := []dataset.Mode{dataset.ModeRAM, dataset.ModeDisk}
	for of, by := range contractSensors {
		t.Run(by.name, func(t *testing.T) {
			dir := t.TempDir()
			if n := interrupt(t, 3, func(n int) Job { return contractSensorJob(t, of, data, dir, modes[n%2], 1+n%3) }); n != 4 {
				t.Errorf("%d interruptions, want 4", n)
			}
			checkContractSensor(t, of, dir)
		})
	}
}

// TestContractSensorKilled kills the training process (SIGKILL) at random moments until one comes to
// the end.
func TestContractSensorKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("a killed process is no small case")
	}
	data := contractData(t)
	for n, by := range contractSensors {
		t.Run(by.name, func(t *testing.T) {
			dir := t.TempDir()
			killUntilDone(t, childData+"="+data, childDir+"="+dir, fmt.Sprintf("%s=%d", childSensor, n))
			checkContractSensor(t, n, dir)
		})
	}
}
