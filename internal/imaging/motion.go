package imaging

// Point is a place in an image, in 1/256 pixel from its top left corner: the pixel
// in column x and row y covers the places from (256*x, 256*y) to (256*x+256,
// 256*y+256).
type Point struct{ X, Y int }

// PointsPerPixel is the unit of a Point's coordinates.
const PointsPerPixel = 256

// Motion says where the places of an image go when it is resized, mirrored, turned
// or warped. It is computed with integers.
type Motion interface {
	// Move returns where the image that comes out shows what the image that went in
	// had at p. The place may lie outside.
	Move(p Point) Point
}
