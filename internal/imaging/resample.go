package imaging

// window holds the weights of the input values that make one output value.
type window struct {
	first   int // index of the first input value with a weight
	weights []uint32
	total   uint64 // sum of the weights, at most 2^34
}

// span is which of the size values that come out are computed: count of them, beginning
// with the one at first.
type span struct{ size, first, count int }

// whole is the span of all values.
func whole(size int) span { return span{size, 0, size} }

// middle is the span of the count values in the middle.
func middle(size, count int) span { return span{size, (size - count) / 2, count} }

// windows computes the weights that [Rule] states for n values resampled to as many as the
// span has. That costs as much as resampling one row, so the tables are not kept.
func windows(n int, to span) []window {
	N := to.size
	half := 2 * max(n, N)
	all := make([]window, to.count)
	weights := make([]uint32, 0, to.count*(half/N+2))
	for k := range all {
		centre := (2*(to.first+k) + 1) * n
		first := max(0, (centre-half)/(2*N))
		for half-abs((2*first+1)*N-centre) <= 0 {
			first++
		}
		start := len(weights)
		var total uint64
		for i := first; i < n; i++ {
			t := half - abs((2*i+1)*N-centre)
			if t <= 0 {
				break
			}
			weights = append(weights, uint32(t))
			total += uint64(t)
		}
		all[k] = window{first, weights[start:], total}
	}
	return all
}

func abs(v int) int { return max(v, -v) }

// resampleRows makes every row of img as long as there are windows.
func resampleRows(img Image, windows []window) Image {
	out := img.Black(len(windows), img.Height)
	for y := range img.Height {
		src, dst := img.Row(y), out.Row(y)
		switch img.Channels {
		case 1:
			for k, w := range windows {
				dst[k] = w.mean1(src)
			}
		case 3:
			for k, w := range windows {
				dst[3*k], dst[3*k+1], dst[3*k+2] = w.mean3(src)
			}
		default:
			for k, w := range windows {
				w.mean(dst[k*img.Channels:(k+1)*img.Channels], src)
			}
		}
	}
	return out
}

// mean sets dst to the weighted mean of a row with as many channels.
func (w window) mean(dst, row []uint8) {
	for c := range dst {
		sum := w.total / 2
		for i, t := range w.weights {
			sum += uint64(t) * uint64(row[(w.first+i)*len(dst)+c])
		}
		dst[c] = uint8(sum / w.total)
	}
}

// mean1 is the weighted mean of a row of one channel.
func (w window) mean1(row []uint8) uint8 {
	sum := w.total / 2
	row = row[w.first:][:len(w.weights)]
	for i, t := range w.weights {
		sum += uint64(t) * uint64(row[i])
	}
	return uint8(sum / w.total)
}

// mean3 is the weighted mean of a row of three channels.
func (w window) mean3(row []uint8) (a, b, c uint8) {
	red, green, blue := w.total/2, w.total/2, w.total/2
	row = row[3*w.first:]
	for _, t := range w.weights {
		red += uint64(t) * uint64(row[0])
		green += uint64(t) * uint64(row[1])
		blue += uint64(t) * uint64(row[2])
		row = row[3:]
	}
	return uint8(red / w.total), uint8(green / w.total), uint8(blue / w.total)
}

// resampleColumns makes img as high as there are windows.
func resampleColumns(img Image, windows []window) Image {
	out := img.Black(img.Width, len(windows))
	sums := make([]uint64, img.Width*img.Channels)
	for k, w := range windows {
		for i := range sums {
			sums[i] = w.total / 2
		}
		for i, t := range w.weights {
			for j, p := range img.Row(w.first + i) {
				sums[j] += uint64(t) * uint64(p)
			}
		}
		row := out.Row(k)
		for j, sum := range sums {
			row[j] = uint8(sum / w.total)
		}
	}
	return out
}
