package imaging

// upright turns and mirrors a stored image so that it is seen as EXIF's
// orientation says.
func upright(img Image, orientation int) Image {
	if orientation == 1 {
		return img
	}
	transpose := orientation >= 5
	mirrorX := orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8
	mirrorY := orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7
	out := img.Black(img.Width, img.Height)
	if transpose {
		out.Width, out.Height = img.Height, img.Width
	}
	for y := range out.Height {
		row := out.Row(y)
		for x := range out.Width {
			sx, sy := x, y
			if transpose {
				sx, sy = y, x
			}
			if mirrorX {
				sx = img.Width - 1 - sx
			}
			if mirrorY {
				sy = img.Height - 1 - sy
			}
			copy(row[x*img.Channels:(x+1)*img.Channels], img.Row(sy)[sx*img.Channels:])
		}
	}
	return out
}
