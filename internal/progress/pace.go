package progress

import (
	"time"

	"github.com/blocktrain/blocktrain/internal/train"
)

// Work is what there is to do for a training, in images.
type Work struct {
	Epochs     int  // at most
	Train      int  // of an epoch
	Validation int  // scored after each
	Solved     int  // looked at by a solver, in the first epoch, which then has nothing else to train on
	After      int  // scored after training, as in the evaluation
	Later      int  // networks of the same size that are trained afterwards
	Small      bool // over in a second, so that its epochs are logged only where everything is
}

// Time is how long the work takes at a speed, in images a second, from its beginning to
// the last epoch.
func (w Work) Time(train, score float64) time.Duration {
	return duration(w.seconds(w.trained(w.Epochs), w.scored(w.Epochs), train, score))
}

// trained counts the images of the steps of the first epochs.
func (w Work) trained(epochs int) int {
	if w.Solved > 0 {
		epochs = max(0, epochs-1)
	}
	return epochs * w.Train
}

// scored counts the images that are scored, or looked at by a solver, in the first epochs.
func (w Work) scored(epochs int) int {
	if epochs == 0 {
		return 0
	}
	return w.Solved + epochs*w.Validation
}

// seconds is what so many images, and all that comes after the training, take.
func (w Work) seconds(trained, scored int, train, score float64) float64 {
	one := func(trained, scored int) float64 { return float64(trained)/train + float64(scored)/score }
	return one(trained, scored) + float64(float64(w.Later)*one(w.trained(w.Epochs), w.scored(w.Epochs))) + float64(w.After)/score
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// pace follows a training and estimates how long the rest takes.
type pace struct {
	Work
	now               func() time.Time
	training, scoring speed
	trained, scored   int // in all epochs, those of earlier processes included
	share             float64
}

// step takes up that done of total images of an epoch have been trained on.
func (p *pace) step(epoch, done, total int) {
	p.Train = total
	p.training.follow(done, p.now())
	p.trained, p.scored = p.Work.trained(epoch-1)+done, p.Work.scored(epoch-1)
	p.scoring.begin(p.now())
}

// features takes up that a solver has looked at done of total images.
func (p *pace) features(epoch, done, total int) {
	p.Solved = total
	p.scoring.follow(done, p.now())
	p.trained, p.scored = p.Work.trained(epoch), done
}

// validation takes up that done of total images of the validation part are scored.
func (p *pace) validation(epoch, done, total int) {
	p.Work.Validation = total
	p.scoring.follow(done, p.now())
	p.trained, p.scored = p.Work.trained(epoch), p.Work.scored(epoch)-total+done
}

// epoch takes up that an epoch has ended.
func (p *pace) epoch(epoch int) {
	p.trained, p.scored = p.Work.trained(epoch), p.Work.scored(epoch)
	p.training.begin(p.now())
}

// progress is how far the work is, with the given words and the present rate.
func (p *pace) progress(words string, rate float64) State {
	at := State{Words: words, Rate: rate, Left: -1}
	trains, scores := p.training.perSecond(), p.scoring.perSecond()
	known := trains > 0 || scores > 0 && p.trained == p.Work.trained(p.Epochs)
	if trains <= 0 { // a share can be told without
		trains = 1
	}
	if scores <= 0 {
		scores = trains / train.ScoringShare
	}
	left := p.seconds(p.Work.trained(p.Epochs)-p.trained, p.Work.scored(p.Epochs)-p.scored, trains, scores)
	before := float64(p.trained)/trains + float64(p.scored)/scores
	p.share = max(p.share, before/max(before+left, 1e-9)) // it does not fall when scoring turns out to be slower
	at.Share = p.share
	if known {
		at.Left = duration(left)
	}
	return at
}

// remembered is how much of the past counts for a speed: what is measured for longer is
// halved, so that the speed follows a machine that becomes busy.
const remembered = 30 * time.Second

// speed is how fast images go through, from the time that they took.
type speed struct {
	images float64
	took   time.Duration
	done   int       // of the present epoch
	last   time.Time // when that was; zero where it is not known
}

// begin says that the next images begin now.
func (s *speed) begin(now time.Time) { s.done, s.last = 0, now }

// follow takes up that done images of the present epoch are through. What was done
// before the first call took nobody knows how long.
func (s *speed) follow(done int, now time.Time) {
	if !s.last.IsZero() && done > s.done {
		s.add(done-s.done, now)
	}
	s.done, s.last = done, now
}

func (s *speed) add(images int, now time.Time) {
	s.images, s.took, s.last = s.images+float64(images), s.took+now.Sub(s.last), now
	if s.took > remembered {
		s.images, s.took = s.images/2, s.took/2
	}
}

// perSecond is 0 where nothing is known.
func (s *speed) perSecond() float64 {
	if s.images == 0 || s.took <= 0 {
		return 0
	}
	return s.images / s.took.Seconds()
}
