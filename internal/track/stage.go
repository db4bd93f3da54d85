package track

import (
	"sync"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// entry is a frame that is kept.
type entry struct {
	number   int // in the stream
	frame    clips.Frame
	level    imaging.Image // without its background, where that is subtracted
	smooth   []int32
	smoothed chan struct{} // closed when smooth is complete
	list     []Proposal
	listed   chan struct{} // closed when list is complete
}

// stage does the work on frames that needs no order, in several workers. Tasks are begun in
// the order in which they are given, and wait only for tasks that were given before, so that
// one of them always goes on.
type stage struct {
	rule  Rule
	tasks chan task
	group sync.WaitGroup
}

// task is to smooth a frame, or to find its proposals.
type task struct {
	of            *entry
	find          bool
	before, after *entry // that the difference in time looks at; may be nil
}

func newStage(r Rule, workers int) *stage {
	s := &stage{rule: r, tasks: make(chan task, 4*workers)}
	for range workers {
		s.group.Add(1)
		go s.work()
	}
	return s
}

func (s *stage) close() {
	close(s.tasks)
	s.group.Wait()
}

// work does tasks. Its finder is made anew when the size of frames changes.
func (s *stage) work() {
	defer s.group.Done()
	var f *finder
	for t := range s.tasks {
		img := t.of.frame.Image
		if f == nil || f.width != img.Width || f.height != img.Height {
			f = newFinder(s.rule, img.Width, img.Height)
		}
		if !t.find {
			f.narrow(t.of.smooth, img)
			close(t.of.smoothed)
			continue
		}
		t.of.list = f.find(img, t.of.wait(), t.before.wait(), t.after.wait())
		close(t.of.listed)
	}
}

// wait returns the smoothed frame when it is complete; nil of nil.
func (e *entry) wait() []int32 {
	if e == nil {
		return nil
	}
	<-e.smoothed
	return e.smooth
}
