package dataset

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// Batch is what a network takes at once.
type Batch struct {
	N        int     // number of examples
	Position int     // of the first example in the order
	Images   []uint8 // [N,H,W,C]
	Indexes  []int   // [N], in the dataset

	// Targets are [N,Encoder.Size()], nil without an encoder. With mixup, image n is
	// blended with a share, a multiple of 1/256, of another image of the batch; with
	// cutmix, it has a part of another one, whose share is that of its pixels. Row n is
	// own*(1-share) + other*share of the targets of both.
	Targets []float32

	// Weights are what the examples count in the loss, [N]; nil where no example of the
	// order is given a weight. With mixup and cutmix they are blended as the targets are.
	Weights []float32
}

// Loader turns examples into batches: it decodes, brings images to the size of
// the network and varies them, in parallel and ahead of their use.
type Loader struct {
	Dataset Dataset
	Rule    imaging.Rule
	Encoder Encoder           // writes the targets; nil for none
	Augment *augment.Pipeline // nil for none
	Seed    uint64            // of augmentation, mixup and cutmix
	Workers int               // goroutines; 0 means one for each processor
	// KeepSize is to what the shorter side of an image is brought before the first stage of
	// Augment, if that has one, takes a part of it, in pixels.
	KeepSize int
	// Apart varies an example that an order has several times in another way each time.
	Apart bool
	// Sensor shows images through cameras before they are brought to the size of the network; nil:
	// they are taken as they are.
	Sensor *Sensor
}

// ahead is how many batches are in memory: one in use and the next ones being
// filled.
const ahead = 3

// Batches returns the batches of the examples order[first:], batchSize each and
// the last one smaller, in that order. A batch is valid until the next one is
// asked for: its memory is used again. To continue an epoch, first is the
// position of a batch's start.
//
// The bytes depend on dataset, rule, augmentation, seed, order and epoch, not on
// the number of workers. An error, which names the example, ends the sequence,
// as does the end of ctx. When the loop over it ends, early or not, so have all
// goroutines.
//
// After the first batches nothing is allocated for images that are in memory in
// the network's size; decoding and resizing allocate their result, and so do annotations
// that move.
func (l *Loader) Batches(ctx context.Context, order []int, epoch uint32, first, batchSize int) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		if err := l.check(order, first, batchSize); err != nil {
			yield(nil, err)
			return
		}
		inner, cancel := context.WithCancel(ctx)
		f := l.newFeed(inner, order[first:], epoch, first, min(batchSize, len(order)-first))
		f.allocate(slices.ContainsFunc(order, l.weighted)) // of all of the order, wherever it is continued
		if l.Apart {
			f.earlier = earlier(order, l.Dataset.Len())[first:]
		}
		defer f.stop(cancel)
		f.start()
		for number := range f.batches {
			slot := &f.slots[number%ahead]
			if err := slot.wait(inner); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&slot.batch, nil) {
				return
			}
			f.dispatch(number + ahead)
		}
	}
}

func (l *Loader) check(order []int, first, batchSize int) error {
	if batchSize < 1 {
		return fmt.Errorf("batch size %d: want at least 1", batchSize)
	}
	if first < 0 || first > len(order) {
		return fmt.Errorf("position %d in an epoch of %d examples", first, len(order))
	}
	if l.Augment.First() && l.KeepSize < 1 {
		return fmt.Errorf("images are brought to %d pixels before a part of them is taken: want at least 1", l.KeepSize)
	}
	for at, i := range order {
		if i < 0 || i >= l.Dataset.Len() {
			return fmt.Errorf("index %d at position %d: the dataset has %d examples", i, at, l.Dataset.Len())
		}
	}
	return l.Rule.Validate()
}

// feed is one pass over an order. The consumer hands out tasks; workers fill
// the slots, each of which holds every ahead-th batch.
type feed struct {
	*Loader
	images    detailed // the dataset
	ctx       context.Context
	order     []int
	epoch     uint32
	position  int      // of order[0] in the epoch
	earlier   []uint32 // how often the epoch has had the example of each place of order before; nil: never
	batchSize int
	batches   int
	varying   bool // some augmentation is asked for
	mixing    bool // mixup or cutmix is
	weights   bool // some example of the order is given one
	imageKey  rng.Key
	mixKey    rng.Key
	cutKey    rng.Key
	tasks     chan task
	slots     [ahead]slot
	workers   sync.WaitGroup
}

// task is a range of positions within a batch.
type task struct {
	slot      *slot
	low, high int
}

func (l *Loader) newFeed(ctx context.Context, order []int, epoch uint32, position, batchSize int) *feed {
	f := &feed{
		Loader: l, images: detail(l.Dataset), ctx: ctx, order: order, epoch: epoch, position: position, batchSize: batchSize,
		imageKey: rng.NewKey(l.Seed, rng.Augment), mixKey: rng.NewKey(l.Seed, rng.Mixup), cutKey: rng.NewKey(l.Seed, rng.CutMix),
	}
	if len(order) > 0 {
		f.batches = (len(order) + batchSize - 1) / batchSize
	}
	if l.Augment != nil {
		f.varying = l.Augment.Resolved() != "none"
		f.mixing = l.Augment.Mixer() != ""
	}
	return f
}

// weighted says whether example i is given a weight.
func (l *Loader) weighted(i int) bool { return l.Dataset.Info(i).Weight.Given }

// allocate makes the memory of the slots.
func (f *feed) allocate(weighted bool) {
	f.weights = weighted
	for at := range f.slots {
		f.slots[at].allocate(f.batchSize, slotSize{image: f.imageBytes(), target: f.targetSize(), mixing: f.mixing, weighted: weighted})
	}
}

func (l *Loader) imageBytes() int { return l.Rule.Height * l.Rule.Width * l.Rule.Channels }

func (l *Loader) targetSize() int {
	if l.Encoder == nil {
		return 0
	}
	return l.Encoder.Size()
}

func (l *Loader) workerCount() int {
	if l.Workers < 1 {
		return runtime.GOMAXPROCS(0)
	}
	return l.Workers
}

// tasksPerWorker is how many pieces of a batch each worker gets: more than one,
// since images differ in the work they make; few, since small images are copied
// in less time than a task takes to hand out.
const tasksPerWorker = 2

func (f *feed) start() {
	n := f.workerCount()
	f.tasks = make(chan task, ahead*n*tasksPerWorker)
	for range n {
		f.workers.Go(f.work)
	}
	for number := range ahead {
		f.dispatch(number)
	}
}

// stop ends all workers and waits for them.
func (f *feed) stop(cancel func()) {
	cancel()
	close(f.tasks)
	f.workers.Wait()
}

// dispatch has a batch filled, if there is one of that number. It does not
// block: the channel holds all tasks of all slots.
func (f *feed) dispatch(number int) {
	if number >= f.batches {
		return
	}
	slot := &f.slots[number%ahead]
	low := number * f.batchSize
	n := min(f.batchSize, len(f.order)-low)
	slot.reset(f.position+low, f.order[low:low+n])
	pieces := min(n, f.workerCount()*tasksPerWorker)
	slot.pending.Store(int32(pieces))
	for piece := range pieces {
		f.tasks <- task{slot, piece * n / pieces, (piece + 1) * n / pieces}
	}
}

// work fills batches until there are no more tasks.
func (f *feed) work() {
	defer logging.ExitOnPanic()
	var stream rng.Stream
	for t := range f.tasks {
		for at := t.low; at < t.high; at++ {
			if err := f.fill(t.slot, at, &stream); err != nil {
				t.slot.fail(at, err)
				break
			}
		}
		if t.slot.pending.Add(-1) == 0 {
			f.finish(t.slot, &stream)
		}
	}
}

// fill puts one example into its place.
func (f *feed) fill(s *slot, at int, stream *rng.Stream) error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	i := s.batch.Indexes[at]
	place := s.image(at)
	if f.varying {
		*stream = *f.imageKey.Stream(uint32(i), f.epoch, f.earlierAt(s.batch.Position+at-f.position))
	}
	images := f.images
	if f.Sensor != nil {
		images = f.Sensor.inTraining(f.images, i, f.epoch, f.earlierAt(s.batch.Position+at-f.position))
	}
	img, part, err := f.load(images, i, place, stream)
	if err != nil {
		return err
	}
	if len(img.Pix) != len(place) {
		return fmt.Errorf("image %d has %d bytes, the batch has room for %d: the rule gave it another size", i, len(img.Pix), len(place))
	}
	copy(place, img.Pix)
	img.Pix = place
	var moved imaging.Motion
	info := f.Dataset.Info(i)
	if f.weights {
		s.weights(at)[0] = info.Weight.Of()
	}
	if f.varying {
		if info.Annotation == nil || f.Encoder == nil {
			f.Augment.Apply(img, stream)
		} else {
			moved = f.Augment.Move(img, stream)
		}
	}
	if f.Encoder == nil {
		return nil
	}
	if err = f.encode(s.target(at), loaded{images, i, part}, Example{info, img}, moved); err != nil {
		return fmt.Errorf("example %d (%s): %w", i, f.Dataset.Source(i), err)
	}
	return nil
}

// load brings image i to the size of the input: by the rule, or by the first stage of the
// augmentation, which takes the part that it returns.
func (f *feed) load(images detailed, i int, place []uint8, stream *rng.Stream) (imaging.Image, augment.Rectangle, error) {
	if !f.Augment.First() {
		img, err := loadImage(images, i, f.Rule, place)
		return img, augment.Rectangle{}, err
	}
	img, err := loadReduced(images, i, f.Rule, f.KeepSize)
	if err != nil {
		return img, augment.Rectangle{}, err
	}
	part := f.Augment.Part(stream, img.Width, img.Height, imaging.Image{Width: f.Rule.Width, Height: f.Rule.Height})
	img, err = f.Rule.Part(img, part.Left, part.Top, part.Width, part.Height)
	return img, part, err
}

// earlierAt is how often the epoch had the example at a place of the order before it.
func (f *feed) earlierAt(at int) uint32 {
	if f.earlier == nil {
		return 0
	}
	return f.earlier[at]
}

// loaded is where the image of an example is from: image i of some images, and the part that was
// taken of it if there is a first stage.
type loaded struct {
	images detailed
	i      int
	part   augment.Rectangle
}

// encode writes the target of an example whose image the augmentation moved.
func (f *feed) encode(dst []float32, from loaded, e Example, moved imaging.Motion) error {
	if e.Info.Annotation != nil {
		was, err := from.images.shape(from.i)
		if err != nil {
			return err
		}
		for _, m := range []imaging.Motion{f.brought(int(was.width), int(was.height), from.part), moved} {
			if m != nil {
				e.Info.Annotation = e.Info.Annotation.Moved(m, f.Rule.Width, f.Rule.Height)
			}
		}
	}
	return f.Encoder.Encode(dst, e)
}

// brought is the motion of an image of the given size to that of the input.
func (f *feed) brought(width, height int, part augment.Rectangle) imaging.Motion {
	if !f.Augment.First() {
		return f.Rule.Motion(width, height)
	}
	return imaging.Compose(f.Rule.ReduceMotion(width, height, f.KeepSize), f.Rule.PartMotion(part.Left, part.Top, part.Width, part.Height))
}

// finish hands a batch whose images are all there to the consumer, mixed if so
// asked. Mixing takes little time beside decoding and augmentation.
func (f *feed) finish(s *slot, stream *rng.Stream) {
	if f.mixing && s.err == nil {
		key := f.mixKey
		if f.Augment.Mixer() == "cutmix" {
			key = f.cutKey
		}
		for at := range s.batch.N {
			*stream = *key.Stream(uint32(s.batch.Position+at), f.epoch, 0)
			partner := at
			if others := s.batch.N - 1; others > 0 {
				partner = (at + 1 + stream.IntN(others)) % s.batch.N
			}
			if f.Augment.Mixer() == "cutmix" {
				s.paste(at, partner, f.Augment.CutRectangle(stream, f.Rule.Width, f.Rule.Height), f.Rule)
				continue
			}
			s.mix(at, partner, f.Augment.MixShare(stream))
		}
	}
	s.ready <- struct{}{}
}
