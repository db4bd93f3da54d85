package imaging

// upright turns and mirrors a stored image so that it is seen as EXIF's
// orientation says.
func upright(img Image, orientation int) Image {
	if orientation == 1 {
		return img
	}
	width, height, channels := img.Width, img.Height, img.Channels
	mirrorX := orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8
	mirrorY := orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7
	first, right, down := 0, channels, channels*width // steps through the stored samples
	if mirrorX {
		first, right = first+(width-1)*channels, -channels
	}
	if mirrorY {
		first, down = first+(height-1)*width*channels, -down
	}
	out := img.Black(width, height)
	if orientation >= 5 { // transposed
		out.Width, out.Height = height, width
		right, down = down, right
	}
	// A few rows at once: in turned images, stored samples that lie side by side belong to
	// rows below each other.
	const rows = 16
	for top := 0; top < out.Height; top += rows {
		for x := range out.Width {
			at := first + top*down + x*right
			for y := top; y < min(top+rows, out.Height); y++ {
				to := (y*out.Width + x) * channels
				for c := range channels {
					out.Pix[to+c] = img.Pix[at+c]
				}
				at += down
			}
		}
	}
	return out
}
