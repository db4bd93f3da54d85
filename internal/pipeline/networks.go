package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// A model may have several networks, each of which is trained on what the ones before it
// made of the images. Each has a Prepared of its own, and a folder of the run directory.

// divide makes the preparations of the networks that a model built, in order: of a single
// one, the run's own.
func (p *Prepared) divide(built []rundir.Built) error {
	if len(built) == 1 {
		p.Networks = []*Prepared{p}
		return p.draw(built[0])
	}
	first := p.Modules.Model.(model.Sequence).First() //nolint:forcetypeassert // no other model builds several
	models := append(slices.Clone(first), model.Network{Model: p.Modules.Model})
	for k, b := range built {
		s, m, err := p.Settings.OfNetwork(p.Modules, k, models[k].Model)
		if err != nil {
			return config.Usage(err)
		}
		n := &Prepared{Env: p.Env, Settings: s, Modules: m, Data: p.Data, Name: b.Name, derived: b.Derived}
		if err := n.draw(b); err != nil {
			return err
		}
		p.Networks = append(p.Networks, n)
	}
	last := p.Networks[len(p.Networks)-1]
	p.Graph, p.Params = last.Graph, last.Params
	return nil
}

// chain is the last of the run's networks, after those before it.
func (p *Prepared) chain() *rundir.Trained {
	var all []*rundir.Trained
	for _, n := range p.Networks {
		all = append(all, n.Network)
	}
	return rundir.Chain(p.Modules.Model, all)
}

// Derive makes what network k of the run is trained on, of the best weights of those
// before it. The first network is trained on the data itself.
func (p *Prepared) Derive(ctx context.Context, dir *rundir.Dir, k int) error {
	if k == 0 {
		return nil
	}
	n := p.Networks[k]
	network, err := p.after(dir, k)
	if err != nil {
		return err
	}
	images, err := p.imagesOf(ctx, network)
	if err != nil {
		return fmt.Errorf("network %d: %w", k+1, err)
	}
	in := n.Graph.Input().Shape
	data := *p.Data
	data.Rule = imaging.InputRule(in.W, in.H, in.C)
	data.TestRule, data.Fitted, data.TestFitted, data.Native = data.Rule, images, images, nil
	n.Data = &data
	statistics, err := dataset.Measure(ctx, n.Data.Fitted, n.Data.TrainList(n.Settings), n.Data.Rule)
	if err != nil {
		return err
	}
	statistics.Normalize(n.Params)
	return nil
}

// after is network k with the best weights of those before it.
func (p *Prepared) after(dir *rundir.Dir, k int) (*rundir.Trained, error) {
	var all []*rundir.Trained
	for at, n := range p.Networks[:k] {
		t := *n.Network
		t.Params = n.Graph.NewParameters(0)
		if err := t.Load(dir.Network(n.Name).BestWeights(), &p.Record.Networks[at].TrainingNote); err != nil {
			return nil, err
		}
		all = append(all, &t)
	}
	own := *p.Networks[k].Network
	return rundir.Chain(p.Modules.Model, append(all, &own)), nil
}

// imagesOf runs the networks before the given one over the training and the validation
// part.
func (p *Prepared) imagesOf(ctx context.Context, network *rundir.Trained) (dataset.Dataset, error) {
	const batch = 128
	plan, err := classifier.Of(p.Record, network).NewPlan(batch, p.Settings.WorkerCount())
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	in := network.Graph.Input().Shape
	frames := imaging.InputRule(in.W, in.H, in.C).FrameCount()
	made := &dataset.Made{Dataset: p.Data.All, Images: map[int]imaging.Image{}}
	list := slices.Concat(p.Data.TrainList(p.Settings), p.Data.ValidationList(p.Settings))
	for b, err := range p.Data.TestLoader(p.Settings).Batches(ctx, list, 0, 0, plan.BatchSize()) {
		if err != nil {
			return nil, err
		}
		images := plan.Images(b.N, b.Images)
		for at, i := range b.Indexes {
			pix := slices.Clone(images[at*in.Elements() : (at+1)*in.Elements()])
			made.Images[i] = imaging.Image{Width: in.W, Height: in.H, Channels: in.C, Pix: pix, Frames: frames}
		}
	}
	return made, ctx.Err()
}
