package visualization

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// grid draws pictures with captions in rows. It is what sample-grid, worst-mistakes
// and reconstructions have in common.
type grid struct {
	name, title    string
	alt            string // empty: says how many pictures there are
	columns, limit int
}

func (g *grid) declare(o *config.Options) {
	o.Int(&g.columns, "columns", 8, "pictures in a row", config.Between(1, 20))
	o.Int(&g.limit, "limit", 40, "pictures shown at most", config.Between(1, 400))
}

const (
	tileSide     = vg.Length(88)
	tileGap      = vg.Length(10)
	captionSize  = vg.Length(8.5)
	captionLead  = vg.Length(11)
	maxCaption   = 4 // lines
	tilePixels   = 176
	gridMinWidth = vg.Length(300)
)

func (g *grid) draw(pictures []Picture) (Figure, error) {
	if len(pictures) == 0 {
		return Figure{}, ErrNothingToDraw
	}
	shown := pictures[:min(g.limit, len(pictures))]
	drawn, err := tilesOf(shown)
	if err != nil {
		return Figure{}, fmt.Errorf("cannot draw %s: %w", g.name, err)
	}
	l := g.layout(shown)
	alt := cmp.Or(g.alt, fmt.Sprintf("Grid of %d pictures with captions. The first is captioned: %s.", len(shown), metric.Clip(shown[0].Caption, 100)))
	return render(g.name, g.title, alt, l.width, l.height, func(p page) {
		p.title(g.title)
		for i, tile := range drawn {
			l.paint(p, i, tile, shown[i])
		}
	})
}

// gridLayout places tiles: columns of equal width, rows as high as the longest
// caption needs.
type gridLayout struct {
	columns, lines int
	stacked        bool // there are outputs, below the pictures
	width, height  vg.Length
}

func (g *grid) layout(pictures []Picture) gridLayout {
	l := gridLayout{columns: min(g.columns, len(pictures))}
	for _, picture := range pictures {
		l.lines = max(l.lines, len(picture.lines()))
		l.stacked = l.stacked || picture.Output.Pix != nil
	}
	rows := (len(pictures) + l.columns - 1) / l.columns
	l.width = max(2*margin+vg.Length(l.columns)*(tileSide+tileGap)-tileGap, gridMinWidth)
	l.height = gridTop + vg.Length(rows)*l.rowHeight() - tileGap + margin
	return l
}

const gridTop = margin + titleSize + 14

// stackGap is the room between a picture and the output below it.
const stackGap = vg.Length(2)

// side is the height of a picture, with the output where there are outputs.
func (l gridLayout) side() vg.Length {
	if l.stacked {
		return 2*tileSide + stackGap
	}
	return tileSide
}

func (l gridLayout) rowHeight() vg.Length {
	return l.side() + vg.Length(l.lines)*captionLead + 2*tileGap
}

// lines are the lines below a picture.
func (p *Picture) lines() []string {
	lines := strings.Split(strings.TrimSpace(p.Caption), "\n")
	if p.File != "" {
		return append(lines[:min(maxCaption-1, len(lines))], p.File)
	}
	return lines[:min(maxCaption, len(lines))]
}

func (l gridLayout) paint(p page, i int, t tiles, picture Picture) {
	x := margin + vg.Length(i%l.columns)*(tileSide+tileGap)
	y := gridTop + vg.Length(i/l.columns)*l.rowHeight()
	paintTile(p, x, y, t.image)
	if t.output.Image != nil {
		paintTile(p, x, y+tileSide+stackGap, t.output)
	}
	s := body.sized(captionSize).aligned(0.5)
	for n, line := range picture.lines() {
		p.caption(s, x+tileSide/2, y+l.side()+vg.Length(n+1)*captionLead, line, tileSide+tileGap-7)
	}
}

// paintTile centres an image in the square tile with this top left corner.
func paintTile(p page, x, y vg.Length, t tile) {
	size := t.Bounds().Size()
	scale := tileSide / vg.Length(max(size.X, size.Y))
	width, height := vg.Length(size.X)*scale, vg.Length(size.Y)*scale
	left, top := x+(tileSide-width)/2, y+(tileSide-height)/2
	p.rect(x, y, tileSide, tileSide, shade)
	p.image(left, top, width, height, t)
}

// tile is an image as it is drawn, with the same as a PNG or JPEG file.
type tile struct {
	image.Image
	format string // "png" or "jpeg"
	file   []byte
}

// jpegQuality is that of pictures that were made smaller. With PNG files in their place a
// report of photographs of clothing has 5.0 MB instead of 1.1.
const jpegQuality = 90

// tiles are those of a picture; there may be no output.
type tiles struct{ image, output tile }

func tilesOf(pictures []Picture) ([]tiles, error) {
	all := make([]tiles, len(pictures))
	for i, picture := range pictures {
		var err error
		if all[i].image, err = tileOf(picture.Image); err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		if picture.Output.Pix == nil {
			continue
		}
		if all[i].output, err = tileOf(picture.Output); err != nil {
			return nil, fmt.Errorf("output of picture %d: %w", i, err)
		}
	}
	return all, nil
}

func tileOf(img imaging.Image) (tile, error) {
	shown, err := resized(img)
	if err != nil {
		return tile{}, err
	}
	var b bytes.Buffer
	if max(img.Width, img.Height) > tilePixels {
		err = jpeg.Encode(&b, shown, &jpeg.Options{Quality: jpegQuality})
		return tile{shown, "jpeg", b.Bytes()}, err
	}
	err = png.Encode(&b, shown)
	return tile{shown, "png", b.Bytes()}, err
}

// resized brings an image to about the number of pixels it is shown with: small
// ones by repeating each pixel, so that they stay sharp, large ones by
// averaging.
func resized(img imaging.Image) (image.Image, error) {
	img = img.Picture()
	side := max(img.Width, img.Height)
	if side < 1 || len(img.Pix) != img.Width*img.Height*img.Channels {
		return nil, fmt.Errorf("an image of %dx%d with %d channels has %d bytes", img.Width, img.Height, img.Channels, len(img.Pix))
	}
	if side > tilePixels {
		rule := imaging.Rule{
			Width: max(1, img.Width*tilePixels/side), Height: max(1, img.Height*tilePixels/side),
			Channels: img.Channels, Mode: imaging.Stretch,
		}
		small, err := rule.Apply(img)
		if err != nil {
			return nil, err
		}
		return small.ToImage(), nil
	}
	return enlarge(img, tilePixels/side).ToImage(), nil
}

// enlarge makes each pixel a square of so many pixels.
func enlarge(img imaging.Image, factor int) imaging.Image {
	large := imaging.New(img.Width*factor, img.Height*factor, img.Channels)
	for y := range large.Height {
		from, to := img.Row(y/factor), large.Row(y)
		for x := range large.Width {
			copy(to[x*img.Channels:(x+1)*img.Channels], from[x/factor*img.Channels:])
		}
	}
	return large
}
