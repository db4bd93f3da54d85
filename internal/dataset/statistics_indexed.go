package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/index"
)

// KnownStatistics are statistics that were looked up beside an index, and for which no
// image was decoded.
type KnownStatistics struct {
	of      Dataset
	indexes []int
	rule    imaging.Rule
	total   []moments
}

// OfFiles says whether d, which a module has opened, is read from image files, each of which
// may be looked up in an index.
func OfFiles(d Dataset) bool {
	s, is := d.(*set)
	if !is {
		return false
	}
	_, is = s.examples.(indexable)
	return is
}

// MeasureIndexed is [Measure], for which nothing is decoded if the same program has measured
// the same images before, beside the same index. Known says that, and is nil where the
// images were decoded.
func MeasureIndexed(ctx context.Context, d Dataset, indexes []int, rule imaging.Rule, o IndexOptions) (found *Statistics, known *KnownStatistics, err error) {
	key, usable := statisticsKey(d, indexes, rule, o)
	if usable && !o.Rebuild {
		if total := lookUpStatistics(ctx, o.Dir, key, rule.Channels); total != nil {
			return statisticsOf(total), &KnownStatistics{d, indexes, rule, total}, nil
		}
	}
	total, err := sumUp(ctx, d, indexes, rule)
	if err != nil {
		return nil, nil, err
	}
	if usable {
		if err := index.Keep(o.Dir, key, momentsBytes(total)); err != nil {
			slog.WarnContext(ctx, "the mean and deviation of the training images could not be kept, so that the next start decodes these images again", "error", err)
		}
	}
	return statisticsOf(total), nil, nil
}

// Confirm measures again, by decoding the images, and refuses what is not the same. Before a
// training is recorded, nothing of it rests on what was looked up.
func (k *KnownStatistics) Confirm(ctx context.Context) error {
	if k == nil {
		return nil
	}
	slog.InfoContext(ctx, "the mean and deviation that were looked up are compared with the training images", "images", len(k.indexes))
	total, err := sumUp(ctx, k.of, k.indexes, k.rule)
	if err == nil && !slices.Equal(total, k.total) {
		err = errors.New("the mean and deviation of the training images that were looked up beside their index are not those of the images, so that this training began wrong: begin it anew with --index rebuild")
	}
	return err
}

// statisticsKey is a digest of all that statistics depend on. It is not usable where there is
// no index, or where it cannot be told which program this is.
func statisticsKey(d Dataset, indexes []int, rule imaging.Rule, o IndexOptions) (key [sha256.Size]byte, usable bool) {
	program, err := buildinfo.Build()
	words, err2 := json.Marshal(rule)
	if o.Dir == "" || errors.Join(err, err2) != nil {
		return key, false
	}
	h := sha256.New()
	fmt.Fprintf(h, "statistics\n%s\n%s\n%s\n%d\n", program, d.Digest(), words, len(indexes))
	var b []byte
	for _, i := range indexes {
		if b = binary.LittleEndian.AppendUint32(b, uint32(i)); len(b) >= 1<<16 {
			h.Write(b)
			b = b[:0]
		}
	}
	h.Write(b)
	return [sha256.Size]byte(h.Sum(nil)), true
}

// lookUpStatistics returns nil where nothing is kept that counts.
func lookUpStatistics(ctx context.Context, dir string, key [sha256.Size]byte, channels int) []moments {
	value, err := index.Kept(dir, key)
	if err == nil && len(value) != channels*3*8 {
		err = index.ErrDamaged
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			slog.WarnContext(ctx, "the mean and deviation kept beside the index are measured anew", "error", err)
		}
		return nil
	}
	total := make([]moments, channels)
	for c := range total {
		at := value[c*3*8:]
		total[c] = moments{binary.LittleEndian.Uint64(at), binary.LittleEndian.Uint64(at[8:]), binary.LittleEndian.Uint64(at[16:])}
		if total[c].count == 0 {
			return nil
		}
	}
	return total
}

func momentsBytes(total []moments) []byte {
	var b []byte
	for _, m := range total {
		for _, v := range []uint64{m.count, m.sum, m.squares} {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
	}
	return b
}
