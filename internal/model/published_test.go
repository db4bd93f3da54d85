package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
)

// TestTablesOfNames checks that the tables of published names have every tensor of the
// networks, with its shape, and epsilon and padding of their layers.
func TestTablesOfNames(t *testing.T) {
	for _, table := range tables.All() {
		m, _, err := MakeModel(table.Network, "")
		if err != nil {
			t.Fatal(err)
		}
		g, err := m.Build(nn.Shape{H: 224, W: 224, C: 3}, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, p := range g.Params {
			if !strings.HasPrefix(p.Name, "normalize.") {
				want = append(want, fmt.Sprint(p.Name, p.Shape))
			}
		}
		for _, e := range table.Entries {
			got = append(got, fmt.Sprint(e.Ours, e.OurShape(e.Shape)))
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, names of %s: %s", table.Network, table.Family, diff)
		}
		for _, n := range g.Nodes {
			switch l := n.Layer.(type) {
			case nn.BatchNorm:
				if l.Normalized().Epsilon != table.Epsilon {
					t.Errorf("%s, names of %s: %s has epsilon %v, the table %v", table.Network, table.Family, n.Name, l.Normalized().Epsilon, table.Epsilon)
				}
			case nn.Conv2D:
				if l.Kernel > 1 && l.Same != (table.Padding == tables.TensorFlowSame) {
					t.Errorf("%s, names of %s: %s pads in another way than %q", table.Network, table.Family, n.Name, table.Padding)
				}
			}
		}
	}
}

// TestPreparationOfCatalogue checks that the catalogue and the networks want the same
// images.
func TestPreparationOfCatalogue(t *testing.T) {
	filters := map[string]imaging.Filter{"bicubic": imaging.PillowBicubic, "bilinear": imaging.PillowBilinear}
	for _, e := range catalogue.All() {
		m, _, err := MakeModel(e.Network, "")
		if err != nil {
			t.Fatal(err)
		}
		p := e.Preparation
		want := Preparation{Size: p.Size, Resize: p.Resize, Filter: filters[p.Filter], Mean: p.Mean, Deviation: p.Deviation}
		if got := m.(Published).Preparation(); got != want {
			t.Errorf("%s: %+v, the catalogue has %+v", e.Name, got, want)
		}
	}
}
