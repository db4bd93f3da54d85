package progress

import (
	"math"
	"testing"
	"time"
)

// TestPace follows two epochs that take 10 ms an image to train and 5 ms to score.
func TestPace(t *testing.T) {
	now := time.Unix(0, 0)
	p := &pace{Work: Work{Epochs: 2, Train: 1000, Validation: 200, After: 400}, now: func() time.Time { return now }}
	steps := func(epoch int) {
		for done := 100; done <= 1000; done += 100 {
			now = now.Add(time.Second)
			p.step(epoch, done, 1000)
		}
	}
	validate := func(epoch int) {
		for done := 100; done <= 200; done += 100 {
			now = now.Add(500 * time.Millisecond)
			p.validation(epoch, done, 200)
		}
	}
	check := func(at State, share float64, left time.Duration) {
		t.Helper()
		if math.Abs(at.Share-share) > 0.001 || (at.Left-left).Abs() > 10*time.Millisecond {
			t.Errorf("share %.4f, %v left; want %.4f and %v", at.Share, at.Left, share, left)
		}
	}
	p.step(1, 100, 1000)
	check(p.progress("", 0), 100.0/(2000+800.0/3), -1)
	p.step(1, 0, 1000)
	steps(1)
	// Scoring is taken for three times as fast as training: 10 s and 800 images in 2.667 s.
	check(p.progress("", 0), 10/(20+8.0/3), 10*time.Second+2667*time.Millisecond)
	validate(1)
	check(p.progress("", 0), 11/24.0, 13*time.Second)
	p.epoch(1)
	now = now.Add(time.Second)
	p.step(2, 100, 1000)
	check(p.progress("", 0), 12/24.0, 12*time.Second)
	if took := p.Time(100, 200); took != 24*time.Second {
		t.Errorf("all takes %v, want 24 s", took)
	}
	p.Later = 1
	if took := p.Time(100, 200); took != 46*time.Second {
		t.Errorf("with another network it takes %v, want 46 s", took)
	}
}

// TestPaceRises checks that the share that is done never falls, also where scoring is much
// slower than was assumed before the first of it.
func TestPaceRises(t *testing.T) {
	now := time.Unix(0, 0)
	p := &pace{Work: Work{Epochs: 2, Train: 1000, Validation: 1000}, now: func() time.Time { return now }}
	share := 0.0
	check := func() {
		t.Helper()
		now = now.Add(time.Second)
		at := p.progress("", 0)
		if at.Share < share {
			t.Errorf("the share falls from %.4f to %.4f", share, at.Share)
		}
		share = at.Share
	}
	for epoch := 1; epoch <= 2; epoch++ {
		for done := 100; done <= 1000; done += 100 {
			p.step(epoch, done, 1000)
			check()
		}
		for done := 50; done <= 1000; done += 50 {
			p.validation(epoch, done, 1000)
			check()
		}
		p.epoch(epoch)
	}
	if share != 1 {
		t.Errorf("the share is %v at the end, want 1", share)
	}
}

// TestPaceOfSolver: where nothing is trained in steps, features and validation say how long it takes.
func TestPaceOfSolver(t *testing.T) {
	now := time.Unix(0, 0)
	p := &pace{Work: Work{Epochs: 1, Train: 1000, Validation: 200, Solved: 2200}, now: func() time.Time { return now }}
	p.features(1, 100, 2200)
	now = now.Add(time.Second)
	p.features(1, 200, 2200)
	if at := p.progress("", 0); at.Left != 22*time.Second || math.Abs(at.Share-200./2400) > 1e-9 {
		t.Errorf("%+v, want 22 s left and a twelfth", at)
	}
}

// TestPaceResumed checks that what an earlier process did takes no part in the speed.
func TestPaceResumed(t *testing.T) {
	now := time.Unix(0, 0)
	p := &pace{Work: Work{Epochs: 3, Train: 1000}, now: func() time.Time { return now }}
	p.step(2, 700, 1000)
	now = now.Add(time.Second)
	p.step(2, 800, 1000)
	if at := p.progress("", 0); at.Left != 12*time.Second || math.Abs(at.Share-0.6) > 1e-9 {
		t.Errorf("%+v, want 12 s left and 60 %%", at)
	}
}

// TestPaceFollows checks that the speed follows a machine that becomes slower.
func TestPaceFollows(t *testing.T) {
	var s speed
	now := time.Unix(0, 0)
	s.begin(now)
	for i := 1; i <= 1000; i++ {
		every := time.Second
		if i > 500 {
			every = 2 * time.Second
		}
		now = now.Add(every)
		s.follow(100*i, now)
	}
	if rate := s.perSecond(); math.Abs(rate-50) > 1 {
		t.Errorf("%v images/s, want about 50", rate)
	}
}
