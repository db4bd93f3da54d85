// Package layout has the names of the files and folders of runs and packages.
package layout

import (
	"fmt"
	"path"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/track"
)

// A run on clips has a second network, which decides what a track shows by windows of it. It
// is trained on what the other folds' networks say of each clip of the training part. All of
// them come after the network by which the run is judged.

// NetworksDir has a folder for each network of a run of several but the one that is judged.
const NetworksDir = "networks"

// DecisionNetwork is the name of the network that decides on tracks.
const DecisionNetwork = "decision"

// FeaturesFile is the file, from the run directory, that says how features become the input of
// that network.
const FeaturesFile = NetworksDir + "/" + DecisionNetwork + "/features.json"

// MaxDecisionFolds bounds the folds.
const MaxDecisionFolds = 100

// FoldNetwork is the name of the network that is trained without fold k, from 1.
func FoldNetwork(k int) string { return fmt.Sprintf("%s/folds/%d", DecisionNetwork, k) }

// IsFold says whether a network of that name is that of a fold, which no package has.
func IsFold(network string) bool { return path.Dir(network) == path.Dir(FoldNetwork(1)) }

// LaterNetworks are the names of the networks that are trained after the one that is judged,
// in order, where there are so many folds; none without folds.
func LaterNetworks(folds int) []string {
	if folds == 0 {
		return nil
	}
	var names []string
	for k := range folds {
		names = append(names, FoldNetwork(k+1))
	}
	return append(names, DecisionNetwork)
}

// DecisionModel is the network that decides, with its options: fully connected, with 32 hidden
// units. A change is one of the reproducibility contract.
func DecisionModel() (name, options string) { return "mlp", "hidden=32" }

// DecisionInput is the shape of what decides between so many classes: a row of the mean
// logarithms of their probabilities and of the features of the track.
func DecisionInput(classes int) nn.Shape {
	return nn.Shape{H: 1, W: classes + track.FeatureCount, C: 1}
}
