package interpreter

// Rows of weights are multiplied in groups, and columns of data in panels: so each number
// that is loaded is used several times, and sums stay in registers.
const (
	groupRows    = 4
	panelColumns = 16
)

// multiplyGroupGo multiplies weights [depth,groupRows] with a panel [depth,panelColumns]. It
// writes the sums [groupRows,panelColumns], of which each goes in the order of depth, with a bias
// added to each row, and rows so many values apart. Columns are taken in pairs, of which
// registers hold all sums, and two steps are written out.
func multiplyGroupGo(weights, panel []float32, bias *[groupRows]float32, to []float32, apart int) {
	const unrolled = 2
	for j := 0; j < panelColumns; j += 2 {
		var s00, s01, s10, s11, s20, s21, s30, s31 float32
		rest, x := weights, panel
		for len(rest) >= unrolled*groupRows && len(x) >= unrolled*panelColumns {
			w := (*[unrolled * groupRows]float32)(rest)
			x0, x1 := x[j], x[j+1]
			s00, s01 = s00+float32(w[0]*x0), s01+float32(w[0]*x1)
			s10, s11 = s10+float32(w[1]*x0), s11+float32(w[1]*x1)
			s20, s21 = s20+float32(w[2]*x0), s21+float32(w[2]*x1)
			s30, s31 = s30+float32(w[3]*x0), s31+float32(w[3]*x1)
			x0, x1 = x[panelColumns+j], x[panelColumns+j+1]
			s00, s01 = s00+float32(w[4]*x0), s01+float32(w[4]*x1)
			s10, s11 = s10+float32(w[5]*x0), s11+float32(w[5]*x1)
			s20, s21 = s20+float32(w[6]*x0), s21+float32(w[6]*x1)
			s30, s31 = s30+float32(w[7]*x0), s31+float32(w[7]*x1)
			rest, x = rest[unrolled*groupRows:], x[unrolled*panelColumns:]
		}
		if len(rest) >= groupRows && len(x) >= panelColumns {
			w, x0, x1 := (*[groupRows]float32)(rest), x[j], x[j+1]
			s00, s01 = s00+float32(w[0]*x0), s01+float32(w[0]*x1)
			s10, s11 = s10+float32(w[1]*x0), s11+float32(w[1]*x1)
			s20, s21 = s20+float32(w[2]*x0), s21+float32(w[2]*x1)
			s30, s31 = s30+float32(w[3]*x0), s31+float32(w[3]*x1)
		}
		for row, pair := range [groupRows][2]float32{{s00, s01}, {s10, s11}, {s20, s21}, {s30, s31}} {
			to[row*apart+j], to[row*apart+j+1] = pair[0]+bias[row], pair[1]+bias[row]
		}
	}
}
