package postprocess

import (
	"fmt"
	"path"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/track"
)

// trackDecision says how tracks of targets are decided on.
func trackDecision(record *rundir.Record) decision {
	d := decision{By: ByMean, Every: AskedEvery, Least: LeastAsked}
	asked := "frames whose number is a multiple of \"every\" and in which the target was found"
	least := " Probabilities below \"least\" count as \"least\"."
	if record.Identity.DecisionFolds == 0 {
		d.Words = "The decision on a track has, but for a factor, the exponentials of the mean logarithms of the probabilities over the " + asked + "." + least
		return d
	}
	d.By, d.Found, d.Network, d.Scale = ByNetwork, LeastFound, path.Dir(layout.FeaturesFile), layout.FeaturesFile
	d.Words = fmt.Sprintf("The track is cut into windows of %d frames, which begin every %d frames; a track that is shorter is one window, and what is left at the end of others is in none. The input of the second network, in the folder \"network\", are \"features\" of the window. A feature v becomes the byte 128 + 32*(v-mean)/deviation, rounded, of two as near the even one, and what is outside of 0 to 255 becomes its end; \"scale\" has mean and deviation, and weights. The logarithms for a window are weights.crops times, of each class, the mean logarithm of the first network's probabilities over the %s, where there are none that of equal probabilities, plus weights.track times the logarithm of the second network's probability. The decision on a track has the exponentials of the means of these over the windows in which the target was found in at least \"found\" frames, or over all if there is none, but for a factor.",
		track.FeatureWindow, track.FeatureHop, asked) + least
	d.Features = &describedTrack{track.TheFeatureNumbers(), featureWords()}
	return d
}

// featureWords say what the features of a track are, in their order.
func featureWords() []string {
	return []string{
		"Shape: around the middle (x+W/2, y+H/2) of the box lies a square of pixels from so far to its left and above to one less to its right and below, as far as the frame goes: the longer side of the box, within \"reaches\". The levels of the box, with one pixel more on each side, are lumas over the median of the square, divided by 256. Peak is the highest, not under 0, and least the lowest, not over 0; flux is the sum of those over 0. Bright is what is over half of the peak, where that is over 2. Area is how many pixels are bright. Place is the centroid of the bright pixels by their levels, and the middle of the box without any. Elongation is (t+r+0.2)/(max(t-r,0)+0.2), where xx, yy and xy are the second moments of the bright pixels about that place, over the sum of their levels, t is xx+yy and r is the root of (xx-yy)^2+4*xy^2; 1 without any. Side is the longer one of the box.",
		"Series: of each frame of a window its place, peak, least, log(flux+10), area, elongation (from 0.000001 on) and side (from 1 on). Where the target was missed they lie on the line between those of its neighbours, and at the ends they are those of the one neighbour. If it was missed in all frames, all features are 0. Medians are means of the two values in the middle. Deviations are standard deviations. Smooth(d) is the Gaussian filter of deviation d, cut off at (4*d+0.5) frames rounded down; beyond the ends the series is mirrored, its ends repeated. Slopes are half the differences of the neighbours, at the ends differences.",
		"Blob, 6 features: log(median area+1), median of log(elongation), log(median peak+1), log(-median least, at least 0.5), median of log(flux+10), log(median side).",
		"Motion, 6 features, with s for the mean rate of frames of the window, by times in whole milliseconds, over \"rate\", v for the slopes of smooth(\"motion_deviation\") of the place and a for the slopes of v: log(median length of v*s+0.02), log(mean length of a*s*s+0.01), of x and of y log(deviation of what is left without smooth(\"jitter_deviation\")+0.02), of x and of y log(|median v|*s+0.02).",
		"Spectra, 5 features each of log(flux+10), log(area+1) and log(elongation), and the first of them of peak: from the series smooth(\"trend_deviation\") is taken away. The features are log(deviation+0.01), and of each two neighbours in \"bands\" log(p/(all+0.000001)+0.001). In that p is the sum of the powers from the first frequency on to below the second, of the discrete Fourier transform under a Hann window (0 at both ends) at the whole multiples of the rate over the number of frames, up to half of the rate; all is the sum of all powers.",
	}
}

// trackWords say what the numbers of a rule mean.
func trackWords(r *track.Rule) []string {
	return []string{
		"Planes: the luma is 256 times an 8-bit grey value, or a 16-bit one; of colours (19595*red+38470*green+7471*blue+32768)/65536, times 256 for 8 bits. Beyond the edges of a frame its outermost pixels are repeated. The narrow filter has the weights \"narrow\" along both axes; its sums are multiplied by 2^32/81, rounded, and divided by 2^32, rounded. The wide filter is the mean of that over squares of side \"wide\", by (2^32+60)/121 in the same way. Contrast is the size of the difference of the two.",
		"Camera: a column has the sum, over its pixels, of the size of the narrow filter's difference to the pixel on the left, divided by 16; a row likewise to the one below; the first column and the last row have 0. Along each axis by itself a frame is shifted to the one that it is compared with by the number of pixels, up to \"shift\" and a quarter of the side, for which the differences of these sums are smallest: the mean of 256 times their sizes where both lie, each up to the limit; of equals the smaller shift, and to the right or down before left or up. The limit is the value at place n/2, from 0 on, of the n sizes without a shift when they are in order. A shift counts if it at least halves the mean without one.",
		"Change: the lesser of the sizes of the differences of the narrow filter to the frames \"gap\" before and after at the place shifted. It is 0 where both lie outside, and frames that there are not do not count. Without either frame it is 256 everywhere, and its mean below is 0.",
		"Rating: the root of c*c*d/(C*C*D), where c is the contrast and d the change, and C and D are their means over a square of side \"around\", to which \"floor\" times 256 is added. Its square is rounded to single precision before places are chosen.",
		"Proposals: the place of the highest rating, the first of equals by rows, is taken, and the ratings within \"apart\" pixels along both axes become 0; so on while there are ratings over 0, up to \"looked\" times \"proposals\" places. That of a place whose box is not closed is multiplied by \"open\". In the order of their ratings, of equals as they were taken, the first \"proposals\" are kept whose box does not have over half of the pixels of both together in common with that of a better one.",
		"Box: levels are sums of lumas over 3x3 pixels, with the sign changed where the narrow filter is below the wide one at the place. The peak is the highest level within \"snap\" pixels along both axes: the place itself, or of higher ones the first by rows. For each of \"scales\", the area goes as far from the peak on each side, or to the edge of the frame. The surroundings are the median of its outermost pixels, of two the higher, where in an area of one row or column pixels count twice. If the peak is higher, the pixels of the area that hang together with the peak along rows and columns and of which 100 times the level is at least 100 times that of the surroundings and \"edge\" times what the peak has more are the target. The first whose box does not touch an edge of its area, unless that is one of the frame, is closed. Without any the box goes half of the first scale from the peak to each side. To each side of a box of width W \"pad\"+W*\"grow\"/200 pixels are added to the left and right, likewise by its height above and below, as far as the frame goes.",
		"Track: the places of all frames for which the sum of the logarithms of their ratings, to which \"least_score\" is added, less the cost of moves between neighbouring frames, is highest (Viterbi; of equals the first proposal, and the absent target last). A move of the middle of the box by \"speed\" pixels costs \"stiff\", others by the square of their length, and none more than \"furthest\" times \"stiff\". A frame may be without the target, as if it had a place rated \"absent\"; passing over to such frames and back costs \"leave\" each, and staying nothing. The place in a frame is that on the best way to the frame \"lag\"-\"gap\" later, or to the last one where the stream ends before. Logarithms are of single precision, and after each frame the highest sum is taken away from all. Where the stream was opened again, and where its frames get colours, another track begins.",
		"Missed: in a frame without the target the score is 0. Its box lies on the line from the last frame that has one to the next on the way, each of its four numbers (2*a*(n-k)+2*b*k+n)/(2*n) for the frame k after the last one and n frames between the two. Where the next is not known the box is the last one, where the last is not known the next one; and without both it has sides of twice the first scale, or of the frame, in the middle.",
		fmt.Sprintf("Crop: around the box of width W and height H at the place (x, y), a square of side max(minimum, (margin*max(W,H)+50)/100) is cut out, here max(%d, (%d*max(W,H)+50)/100), with its left edge at (2*x+W-side)/2 and its upper edge at (2*y+H-side)/2. Beyond the edges of a frame its outermost pixels are repeated.", r.Square.Minimum, r.Square.Margin),
		"The package internal/track of the program is the definition, and " + Client + " in this package does the same.",
	}
}
