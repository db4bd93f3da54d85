package measure

import "math"

const (
	segment   = 64  // samples of a piece of a row or column
	lowestBin = 4   // of a segment's spectrum that is used
	fallFloor = 0.5 // part of the noise's power that the spectrum must stand above it
	// Without blur, the power of rows falls as the frequency to the power -fall, give or take
	// fallError: between that of textures and that of edges.
	fall      = 1.75
	fallError = 0.4
	logError  = 0.2 // by which the logarithm of the power differs from that
)

// fallOf finds the blur by how the power spectrum of rows and columns falls: detail without
// blur is taken to fall as a power of the frequency f, and a Gaussian of sigma multiplies that
// by exp(-4 pi^2 sigma^2 f^2) (Field, J. Opt. Soc. Am. A 4, 1987, for the power law). The
// aperture of the pixels is taken out as 1/12. nil where it cannot be fitted.
func fallOf(pictures []*picture) *Figure {
	power, floor, pieces := make([]float64, segment/2+1), float64(0), 0
	for _, p := range pictures {
		turned := &picture{width: p.height, height: p.width, values: transposed(p.values, p.width, p.height)}
		pieces += p.addSpectra(power) + turned.addSpectra(power)
		floor += square(p.noise)
	}
	if pieces < 8 {
		return nil
	}
	floor /= float64(len(pictures))
	normal, right := newNormal(3)
	addRow(normal, right, []float64{0, logError / fallError, 0}, fall*logError/fallError)
	used, squares := 0, float64(0)
	var rows [][3]float64
	var logs []float64
	for k := lowestBin; k < segment/2; k++ {
		f := float64(k) / segment
		signal := power[k]/float64(pieces) - floor
		if signal < fallFloor*floor || signal <= 0 {
			break
		}
		row := [3]float64{1, -log(f), -4 * math.Pi * math.Pi * f * f}
		rows, logs = append(rows, row), append(logs, log(signal))
		addRow(normal, right, row[:], log(signal))
		used++
	}
	if used < 5 {
		return nil
	}
	x, diagonal, ok := solve(normal, right)
	if !ok {
		return nil
	}
	for i, row := range rows {
		squares += square(logs[i] - x[0] - float64(x[1]*row[1]) - float64(x[2]*row[2]))
	}
	variance, se := x[2]-apertures, math.Sqrt(max(squares/float64(used-3), logError*logError)*max(diagonal[2], 0))
	if variance < se/2 {
		return nil
	}
	return figureOf(variance, se)
}

// addSpectra adds the power spectra of all rows, in pieces under a Hann window, with the scale
// at which white noise of variance 1 has power 1.
func (p *picture) addSpectra(power []float64) (pieces int) {
	var window [segment]float64
	energy := float64(0)
	table := [segment]float64{}
	for i := range window {
		window[i] = (1 - cos(2*math.Pi*(float64(i)+0.5)/segment)) / 2
		energy += square(window[i])
		table[i] = cos(2 * math.Pi * float64(i) / segment)
	}
	piece := make([]float64, segment)
	stride := max(1, p.height/256) // rows that are skipped in large pictures
	for y := 0; y < p.height; y += stride {
		for x := 0; x+segment <= p.width; x += segment / 2 {
			values := p.values[y*p.width+x:][:segment]
			middle := float64(mean(values))
			for i, v := range values {
				piece[i] = float64(float64(v-middle) * window[i])
			}
			for k := range power {
				var re, im float64
				for i, v := range piece {
					re += float64(v * table[k*i%segment])
					im += float64(v * table[(k*i+segment/4)%segment])
				}
				power[k] += (square(re) + square(im)) / energy
			}
			pieces++
		}
	}
	return pieces
}
