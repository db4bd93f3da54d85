package tables

import "fmt"

// builder collects entries.
type builder struct{ entries []Entry }

// conv adds a convolution without bias.
func (b *builder) conv(published, ours string, out, in, kernel int) {
	b.entries = append(b.entries, Entry{published + ".weight", ours + ".weight", OIHW, []int{out, in, kernel, kernel}, false})
}

// norm adds the batch normalisation after a convolution of ours.
func (b *builder) norm(published, ours string, channels int) {
	for _, name := range []struct{ published, ours string }{
		{"weight", "weight"}, {"bias", "bias"}, {"running_mean", "running_mean"}, {"running_var", "running_variance"},
	} {
		b.entries = append(b.entries, Entry{published + "." + name.published, ours + ".norm." + name.ours, Same, []int{channels}, false})
	}
}

// head adds the last layer. ImageNet has 1000 classes.
func (b *builder) head(published string, in int) {
	const classes = 1000
	b.entries = append(b.entries,
		Entry{published + ".weight", "head.weight", OI, []int{classes, in}, true},
		Entry{published + ".bias", "head.bias", Same, []int{classes}, true})
}

// inverted is a network of inverted residuals.
type inverted struct {
	network, timm string
	stages        []stage
	stem, top     int
}

// stage is a number of blocks of one kernel, expansion and number of channels.
type stage struct{ kernel, expansion, channels, blocks int }

// place says where a block stands: its number in the network, in its stage, and the
// stage's, all from 0.
type place struct{ number, stage, block int }

// names are the names of a family of inverted residuals: of each layer, convolution first
// and normalisation second.
type names struct {
	family, name             string
	padding                  Padding
	epsilon                  float32
	stem, top                [2]string
	expand, depthwise, point func(p place, expands bool) [2]string
	head                     string
}

func (n inverted) table(f names) Table {
	b := &builder{}
	layer := func(published [2]string, ours string, out, in, kernel int) {
		b.conv(published[0], ours, out, in, kernel)
		b.norm(published[1], ours, out)
	}
	layer(f.stem, "stem", n.stem, 3, 3)
	channels, number := n.stem, 0
	for i, s := range n.stages {
		for block := range s.blocks {
			p, ours := place{number, i, block}, fmt.Sprintf("stage%d.block%d", i+1, block+1)
			wide, expands := channels*s.expansion, s.expansion > 1
			if expands {
				layer(f.expand(p, expands), ours+".expand", wide, channels, 1)
			}
			layer(f.depthwise(p, expands), ours+".depthwise", wide, 1, s.kernel)
			layer(f.point(p, expands), ours+".project", s.channels, wide, 1)
			channels, number = s.channels, number+1
		}
	}
	layer(f.top, "top", n.top, channels, 1)
	b.head(f.head, n.top)
	return Table{n.network, f.family, f.name, f.padding, f.epsilon, b.entries}
}

// The sizes of EfficientNet-Lite (Google 2020): stem, first and last stage and top do not
// grow. Channels are multiples of 8, blocks are rounded up: width 1 and depth 1, width 1
// and depth 1.1, width 1.1 and depth 1.2.
var lites = []inverted{
	lite(0, [7]int{16, 24, 40, 80, 112, 192, 320}, [7]int{1, 2, 2, 3, 3, 4, 1}),
	lite(1, [7]int{16, 24, 40, 80, 112, 192, 320}, [7]int{1, 3, 3, 4, 4, 5, 1}),
	lite(2, [7]int{16, 24, 48, 88, 120, 208, 352}, [7]int{1, 3, 3, 4, 4, 5, 1}),
}

func lite(size int, channels, blocks [7]int) inverted {
	n := inverted{network: fmt.Sprintf("efficientnet-lite%d", size), timm: fmt.Sprintf("efficientnet_lite%d", size), stem: 32, top: 1280}
	kernels, expansions := [7]int{3, 3, 5, 3, 5, 5, 3}, [7]int{1, 6, 6, 6, 6, 6, 6}
	for i := range kernels {
		n.stages = append(n.stages, stage{kernels[i], expansions[i], channels[i], blocks[i]})
	}
	return n
}

// mobileNetV2 is that of Sandler et al. 2018, table 2.
var mobileNetV2 = inverted{
	network: "mobilenetv2", timm: "mobilenetv2_100", stem: 32, top: 1280,
	stages: []stage{{3, 1, 16, 1}, {3, 6, 24, 2}, {3, 6, 32, 3}, {3, 6, 64, 4}, {3, 6, 96, 3}, {3, 6, 160, 3}, {3, 6, 320, 1}},
}

// effNetPyTorch are the names of EfficientNet-PyTorch, which numbers blocks through.
func effNetPyTorch(network string) names {
	block := func(conv, norm string) func(place, bool) [2]string {
		return func(p place, _ bool) [2]string {
			at := fmt.Sprintf("_blocks.%d.", p.number)
			return [2]string{at + conv, at + norm}
		}
	}
	return names{
		family: "EfficientNet-PyTorch", name: network, padding: TensorFlowSame, epsilon: 1e-3,
		stem: [2]string{"_conv_stem", "_bn0"}, top: [2]string{"_conv_head", "_bn1"}, head: "_fc",
		expand: block("_expand_conv", "_bn0"), depthwise: block("_depthwise_conv", "_bn1"), point: block("_project_conv", "_bn2"),
	}
}

// timmInverted are timm's names. A block without expansion numbers its normalisations from
// the depthwise convolution on, and its last convolution is conv_pw.
func timmInverted(name string, padding Padding, epsilon float32) names {
	block := func(conv, plainConv string, norm int) func(place, bool) [2]string {
		return func(p place, expands bool) [2]string {
			conv, norm := conv, norm
			if !expands {
				conv, norm = plainConv, norm-1
			}
			at := fmt.Sprintf("blocks.%d.%d.", p.stage, p.block)
			return [2]string{at + conv, fmt.Sprintf("%sbn%d", at, norm)}
		}
	}
	return names{
		family: "timm", name: name, padding: padding, epsilon: epsilon,
		stem: [2]string{"conv_stem", "bn1"}, top: [2]string{"conv_head", "bn2"}, head: "classifier",
		expand: block("conv_pw", "", 1), depthwise: block("conv_dw", "conv_dw", 2), point: block("conv_pwl", "conv_pw", 3),
	}
}

// torchvisionInverted are torchvision's names: blocks are numbered through from 1 on, the
// layers in a block from 0 on, where those with an activation are a folder of their own.
func torchvisionInverted() names {
	layer := func(at int, inner bool) func(place, bool) [2]string {
		return func(p place, expands bool) [2]string {
			at := at
			if !expands {
				at--
			}
			prefix := fmt.Sprintf("features.%d.conv.", p.number+1)
			if inner {
				return [2]string{fmt.Sprintf("%s%d.0", prefix, at), fmt.Sprintf("%s%d.1", prefix, at)}
			}
			return [2]string{fmt.Sprintf("%s%d", prefix, at), fmt.Sprintf("%s%d", prefix, at+1)}
		}
	}
	return names{
		family: "torchvision", name: "mobilenet_v2", padding: Symmetric, epsilon: 1e-5,
		stem: [2]string{"features.0.0", "features.0.1"}, top: [2]string{"features.18.0", "features.18.1"}, head: "classifier.1",
		expand: layer(0, true), depthwise: layer(1, true), point: layer(2, false),
	}
}

// resNet is a network of He et al. 2015, table 1. torchvision and timm have the same names.
type resNet struct {
	network    string
	blocks     [4]int
	bottleneck bool
}

var resNets = []resNet{
	{"resnet18", [4]int{2, 2, 2, 2}, false},
	{"resnet34", [4]int{3, 4, 6, 3}, false},
	{"resnet50", [4]int{3, 4, 6, 3}, true},
}

func (n resNet) table() Table {
	b := &builder{}
	b.conv("conv1", "stem", 64, 3, 7)
	b.norm("bn1", "stem", 64)
	in := 64
	for i, blocks := range n.blocks {
		for block := range blocks {
			published, ours := fmt.Sprintf("layer%d.%d.", i+1, block), fmt.Sprintf("stage%d.block%d.", i+1, block+1)
			in = n.block(b, [2]string{published, ours}, in, 64<<i)
		}
	}
	b.head("fc", in)
	return Table{n.network, "torchvision and timm", n.network, Symmetric, 1e-5, b.entries}
}

// block adds a block of a number of channels inside, and returns how many it has outside.
func (n resNet) block(b *builder, at [2]string, in, channels int) int {
	out, kernels := channels, []int{3, 3}
	if n.bottleneck {
		out, kernels = 4*channels, []int{1, 3, 1}
	}
	from := in
	for i, kernel := range kernels {
		to := channels
		if i == len(kernels)-1 {
			to = out
		}
		conv := fmt.Sprintf("conv%d", i+1)
		b.conv(at[0]+conv, at[1]+conv, to, from, kernel)
		b.norm(fmt.Sprintf("%sbn%d", at[0], i+1), at[1]+conv, to)
		from = to
	}
	if in != out { // as in every block that halves the image
		b.conv(at[0]+"downsample.0", at[1]+"shortcut", out, in, 1)
		b.norm(at[0]+"downsample.1", at[1]+"shortcut", out)
	}
	return out
}
