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
	profiles profiles
	smoothed chan struct{} // closed when both are complete
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
			t.of.profiles = profilesOf(t.of.smooth, img.Width, img.Height)
			close(t.of.smoothed)
			continue
		}
		<-t.of.smoothed
		t.of.list = f.find(img, t.of.smooth, t.of.past(t.before), t.of.past(t.after))
		close(t.of.listed)
	}
}

// past is another frame as the difference in time to e sees it, when it is smoothed. It may be
// nil.
func (e *entry) past(other *entry) past {
	if other == nil {
		return past{}
	}
	<-other.smoothed
	return past{other.smooth, e.profiles.shiftTo(other.profiles)}
}
