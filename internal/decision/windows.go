package decision

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundata"
)

// windowSet are windows of tracks as examples: each a row of bytes, with the class of its clip.
type windowSet struct {
	classes []string
	list    []example
}

type example struct {
	clip  *Followed
	bytes []uint8
}

// Len implements dataset.Dataset.
func (s *windowSet) Len() int { return len(s.list) }

// Info implements dataset.Dataset.
func (s *windowSet) Info(i int) dataset.Info {
	return dataset.Info{Label: s.list[i].clip.Label, Group: s.list[i].clip.Source}
}

// Source implements dataset.Dataset.
func (s *windowSet) Source(i int) string {
	return fmt.Sprintf("%s, window %d of all clips", s.list[i].clip.Source, i+1)
}

// Image implements dataset.Dataset.
func (s *windowSet) Image(i int) (imaging.Image, error) {
	pix := s.list[i].bytes
	return imaging.Image{Width: len(pix), Height: 1, Channels: 1, Pix: pix}, nil
}

// Classes implements dataset.Dataset.
func (s *windowSet) Classes() []string { return s.classes }

// Digest implements dataset.Dataset.
func (s *windowSet) Digest() string {
	h := sha256.New()
	for _, e := range s.list {
		_, _ = io.WriteString(h, e.clip.Source+"\n")
		_, _ = h.Write(append([]byte{uint8(e.clip.Label)}, e.bytes...))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// allWindows are the windows of clips that a network on tracks learns from.
func allWindows(list []*Followed) (all []Window) {
	for _, f := range list {
		all = append(all, f.windows...)
	}
	return all
}

// dataOf is what a network on tracks learns and is watched by.
func dataOf(classes []string, scale *Scale, train, validation []*Followed) *rundata.Data {
	set := &windowSet{classes: classes}
	take := func(clips []*Followed) (list []int) {
		for _, f := range clips {
			for _, w := range f.windows {
				list = append(list, len(set.list))
				set.list = append(set.list, example{f, scale.Bytes(w.Features)})
			}
		}
		return list
	}
	split := &dataset.Split{Train: take(train), Validation: take(validation)}
	rule := imaging.InputRule(len(scale.Features), 1, 1)
	return &rundata.Data{All: set, Split: split, Rule: rule, TestRule: rule, Fitted: set, TestFitted: set}
}
