package imaging

import "fmt"

// Crop copies the part of m with the given size in pixels whose top left corner is at
// (left, top). A part that is empty or not inside the image is an error.
func (m Image) Crop(left, top, width, height int) (Image, error) {
	if width < 1 || height < 1 || left < 0 || top < 0 || left > m.Width-width || top > m.Height-height {
		return Image{}, fmt.Errorf("the part %d,%d,%d,%d (x, y, width, height) is not inside the image, which is %dx%d", left, top, width, height, m.Width, m.Height)
	}
	if m.Wide == nil {
		part := cut(m, width, height, left, top)
		part.Profile = m.Profile
		return part, nil
	}
	part := m
	part.Width, part.Height, part.Wide = width, height, make([]uint16, 0, width*height*m.Channels)
	for y := range height {
		first := ((top+y)*m.Width + left) * m.Channels
		part.Wide = append(part.Wide, m.Wide[first:first+width*m.Channels]...)
	}
	return part, nil
}
