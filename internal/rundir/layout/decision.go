// Package layout has the names of the files and folders of runs and packages.
package layout

import (
	"fmt"
	"path"

	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/track"
)

// A run on clips has a second network, which says by windows of a track what moves like that.
// How much it counts beside the network by which the run is judged is measured on the training
// part, fold by fold, with networks of both kinds that were trained without the fold. All of
// them come after the network by which the run is judged.

// SensorFile is the file, from the run directory, with how the model does on the test part as a
// sensor shows it.
const SensorFile = "evaluation/sensor.json"

// ProfileFile is the file, from the run directory, with the profile of the camera that the model is
// meant for, as its record has it. Runs of programs that did not write it yet have none.
const ProfileFile = "sensor.json"

// ReferenceFile is the file, from the run directory, with the features of training images that those
// of an image are compared with to say how unusual it is. Runs whose head has no phase of its own, and
// those of programs that did not write it yet, have none.
const ReferenceFile = "evaluation/reference.safetensors"

// NetworksDir has a folder for each network of a run of several but the one that is judged.
const NetworksDir = "networks"

// DecisionNetwork is the name of the network that decides on tracks.
const DecisionNetwork = "decision"

// FeaturesFile is the file, from the run directory, that says how features become the input of
// that network, and how much its answers count.
const FeaturesFile = NetworksDir + "/" + DecisionNetwork + "/features.json"

// MaxDecisionFolds bounds the folds.
const MaxDecisionFolds = 100

// FoldNetwork is the name of the network on crops that is trained without fold k, from 1.
func FoldNetwork(k int) string { return fmt.Sprintf("%s/folds/%d", DecisionNetwork, k) }

// TrackFoldNetwork is the name of the network on tracks that is trained without fold k, from 1.
func TrackFoldNetwork(k int) string { return fmt.Sprintf("%s/trackfolds/%d", DecisionNetwork, k) }

// IsFold says whether a network of that name is one of a fold, which no package has.
func IsFold(network string) bool {
	return path.Dir(network) == path.Dir(FoldNetwork(1)) || path.Dir(network) == path.Dir(TrackFoldNetwork(1))
}

// OnTracks says whether a network of that name sees windows of tracks, and not images.
func OnTracks(network string) bool {
	return network == DecisionNetwork || path.Dir(network) == path.Dir(TrackFoldNetwork(1))
}

// LaterNetworks are the names of the networks that are trained after the one that is judged,
// in order, where there are so many folds; none without folds.
func LaterNetworks(folds int) []string {
	if folds == 0 {
		return nil
	}
	var names []string
	for k := range folds {
		names = append(names, FoldNetwork(k+1), TrackFoldNetwork(k+1))
	}
	return append(names, DecisionNetwork)
}

// DecisionModel is the network on tracks, with its options: fully connected, with 32 hidden
// units. A change is one of the reproducibility contract.
func DecisionModel() (name, options string) { return "mlp", "hidden=32,dropout=0.3" }

// DecisionInput is the shape of its input: a row of the features of a window.
func DecisionInput() nn.Shape { return nn.Shape{H: 1, W: track.FeatureCount, C: 1} }
