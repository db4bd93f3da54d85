package eda

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// How much figures show.
const (
	maxBars     = 60
	maxPictures = 24
	maxOfClip   = 2 // outliers of one clip
	columns     = 8
)

// drawing collects figures, and the first error.
type drawing struct {
	figures []visualization.Figure
	err     error
}

// add takes a figure. That there is nothing to draw is no error.
func (d *drawing) add(f visualization.Figure, err error) {
	switch {
	case errors.Is(err, visualization.ErrNothingToDraw):
	case err != nil:
		d.err = cmp.Or(d.err, err)
	default:
		d.figures = append(d.figures, f)
	}
}

// draw makes the figures of a report.
func (s *survey) draw(r *Report) ([]visualization.Figure, error) {
	d := &drawing{}
	d.add(drawClasses(r.Classes))
	if !r.Sizes.Uniform {
		d.histogram("pixels", "Size of images", "pixels in an image", r.Sizes.Pixels)
		d.histogram("aspect", "Aspect ratio", "width by height", r.Aspect)
	}
	d.histogram("level", "Level", "mean of an image (grey levels)", r.Level)
	d.histogram("contrast", "Contrast", "standard deviation of an image (grey levels)", r.Contrast)
	d.histogram("sharpness", "Sharpness", "standard deviation of the Laplacian (grey levels)", r.Sharpness)
	d.add(s.drawMeans(r.Classes))
	if r.Clips != nil {
		d.clips(r.Clips)
	}
	if r.Boxes != nil {
		d.boxes(r.Boxes)
	}
	d.add(s.drawAlike("exact-duplicates", "Images that are there several times", r.Duplicates.Exact))
	d.add(s.drawAlike("near-duplicates", "Images that are nearly the same", r.Duplicates.Near))
	if r.Duplicates.Clips != nil {
		d.add(s.drawClipPairs(r.Duplicates.Clips))
	}
	d.add(s.drawOutliers(r.Outliers))
	if r.Labels != nil {
		d.add(s.drawSuspects(r.Labels))
	}
	return d.figures, d.err
}

func (d *drawing) histogram(name, title, axis string, of Distribution) {
	d.histogramOf("images", name, title, axis, of)
}

func (d *drawing) histogramOf(what, name, title, axis string, of Distribution) {
	alt := fmt.Sprintf("Histogram of the %s. The median is %.4g; nine out of ten are between %.4g and %.4g.", axis, of.Median, of.P05, of.P95)
	d.add(visualization.DrawHistogram(visualization.Histogram{
		Labels: visualization.Labels{Name: name, Title: title, Alt: alt}, Axis: axis, Of: what, Low: of.Low, High: of.High, Counts: of.Counts,
	}))
}

// drawClasses draws how many examples classes have: of many the largest ones.
func drawClasses(classes []Class) (visualization.Figure, error) {
	shown, title := slices.Clone(classes), "Examples of each class"
	if len(shown) > maxBars {
		slices.SortStableFunc(shown, func(a, b Class) int { return b.Examples - a.Examples })
		shown, title = shown[:maxBars], fmt.Sprintf("Examples of the %d largest of %s classes", maxBars, metric.Count(len(classes)))
	}
	var bars []visualization.Bar
	most, least := classes[0], classes[0]
	for _, c := range shown {
		bars = append(bars, visualization.Bar{Name: c.Label, Count: c.Examples})
	}
	for _, c := range classes {
		if c.Examples > most.Examples {
			most = c
		}
		if c.Examples < least.Examples {
			least = c
		}
	}
	alt := fmt.Sprintf("Bar chart of the examples of %d classes. %s has the most, %s, and %s the fewest, %s.",
		len(shown), metric.Clip(most.Label, 60), metric.Count(most.Examples), metric.Clip(least.Label, 60), metric.Count(least.Examples))
	return visualization.DrawBars(visualization.Labels{Name: "classes", Title: title, Alt: alt}, bars)
}

func (s *survey) drawMeans(classes []Class) (visualization.Figure, error) {
	var pictures []visualization.Picture
	for label, class := range classes {
		if img, known := s.means.image(label); known {
			pictures = append(pictures, visualization.Picture{Image: img, Caption: class.Label + "\n" + metric.Count(class.Examples)})
		}
	}
	title := "Mean image of each class"
	if len(pictures) < len(classes) {
		title = fmt.Sprintf("Mean images of %d classes", len(pictures))
	}
	alt := fmt.Sprintf("The mean images of %d classes, each with its name and number of examples.", len(pictures))
	return visualization.DrawPictures(visualization.Labels{Name: "mean-images", Title: title, Alt: alt}, columns, pictures)
}

// picture is an example as a figure shows it.
func (s *survey) picture(i int) (imaging.Image, error) {
	img, err := s.Data.Image(i)
	if err != nil {
		return imaging.Image{}, fmt.Errorf("example %d (%s): %w", i, s.Data.Source(i), err)
	}
	defer img.Release()
	img = img.Picture()
	rule := imaging.Rule{Width: img.Width, Height: img.Height, Channels: img.Channels, Mode: imaging.Stretch, Levels: s.Levels}
	if rule.Levels == nil && img.Wide != nil {
		rule.Levels = &wholeRange
	}
	const most = 4096 // pixels a side that a rule makes
	rule.Width, rule.Height = min(rule.Width, most), min(rule.Height, most)
	return rule.Apply(img)
}

// pair is a picture of one example, or of two, one below the other.
func (s *survey) pair(caption string, examples []Example) (visualization.Picture, error) {
	p := visualization.Picture{Caption: caption, File: fileOf(examples[0].Source)}
	var err error
	if p.Image, err = s.picture(examples[0].Index); err != nil || len(examples) == 1 {
		return p, err
	}
	p.Output, err = s.picture(examples[1].Index)
	return p, err
}

// fileOf is the end of a source: the file's name with its folder.
func fileOf(source string) string {
	parts := strings.Split(source, "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}

// partsOf names the parts that images are in, each once.
func partsOf(images []Elsewhere) string {
	var names []string
	for _, image := range images {
		if !slices.Contains(names, image.Part) {
			names = append(names, image.Part)
		}
	}
	return strings.Join(names, ", ")
}

func (s *survey) drawAlike(name, title string, a Alike) (visualization.Figure, error) {
	var pictures []visualization.Picture
	for _, g := range a.Listed {
		if len(pictures) == maxPictures || len(g.Examples) < 2 { // of other parts no picture is shown
			continue
		}
		shown, caption := g.Examples[:2], g.Examples[0].Label
		differs := func(e Example) bool { return e.Label != caption }
		if other := slices.IndexFunc(g.Examples, differs); other > 0 {
			shown = []Example{g.Examples[0], g.Examples[other]}
			caption += "\n" + shown[1].Label
		}
		if len(g.Elsewhere) > 0 {
			caption += "\nalso in: " + partsOf(g.Elsewhere)
		}
		p, err := s.pair(caption, shown)
		if err != nil {
			return visualization.Figure{}, err
		}
		pictures = append(pictures, p)
	}
	alt := fmt.Sprintf("%d of %s sets of such images: the first of each and below it another one, with label and file.", len(pictures), metric.Count(a.Sets))
	return visualization.DrawPictures(visualization.Labels{Name: name, Title: title, Alt: alt}, columns, pictures)
}

func (s *survey) drawClipPairs(p *ClipPairs) (visualization.Figure, error) {
	var pictures []visualization.Picture
	for _, pair := range p.Listed {
		if len(pictures) == maxPictures || len(pair.Examples) < 2 { // of other parts no picture is shown
			continue
		}
		one, err := s.pair(fmt.Sprintf("%s\n%d of %d examples", pair.Label, pair.Near, pair.Of), pair.Examples)
		if err != nil {
			return visualization.Figure{}, err
		}
		pictures = append(pictures, one)
	}
	alt := fmt.Sprintf("Examples of %d pairs of clips: one of the first clip, and below it the one of the second clip that is nearly the same.", len(pictures))
	return visualization.DrawPictures(visualization.Labels{Name: "clip-pairs", Title: "Clips that are nearly the same", Alt: alt}, columns, pictures)
}

func (s *survey) drawOutliers(o Outliers) (visualization.Figure, error) {
	var pictures []visualization.Picture
	shown := map[int32]int{} // of each clip, whose frames are much alike
	for _, one := range o.Listed {
		if clip := s.clip[one.Index]; clip >= 0 {
			shown[clip]++
			if shown[clip] > maxOfClip {
				continue
			}
		}
		if len(pictures) == maxPictures {
			break
		}
		caption := fmt.Sprintf("%s\n%s\n%.4g, score %.1f", one.Label, one.Figure, one.Value, one.Score)
		p, err := s.pair(caption, []Example{one.Example})
		if err != nil {
			return visualization.Figure{}, err
		}
		pictures = append(pictures, p)
	}
	alt := fmt.Sprintf("%d of the images with the highest scores, each with its label, the figure that is furthest out, and its file.", len(pictures))
	return visualization.DrawPictures(visualization.Labels{Name: "outliers", Title: "Images that are unlike the others", Alt: alt}, columns, pictures)
}

func (s *survey) drawSuspects(l *Labels) (visualization.Figure, error) {
	var pictures []visualization.Picture
	for _, one := range l.Listed[:min(maxPictures, len(l.Listed))] {
		p, err := s.pair(fmt.Sprintf("label: %s\nseems: %s\nprobability: %s %%", one.Label, one.Seems, metric.Percent(one.Probability)), []Example{one.Example})
		if err != nil {
			return visualization.Figure{}, err
		}
		pictures = append(pictures, p)
	}
	alt := fmt.Sprintf("The %d images whose labels are the least likely, each with its label and the class that it seems to be of.", len(pictures))
	return visualization.DrawPictures(visualization.Labels{Name: "wrong-labels", Title: "Labels that may be wrong", Alt: alt}, columns, pictures)
}
