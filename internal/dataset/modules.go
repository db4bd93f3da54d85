package dataset

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
)

var modules = map[string]config.Module[Source]{
	"cifar10":       {Doc: "CIFAR-10: 32x32 colour photographs in ten classes (binary version)", New: newCIFAR10},
	"cifar100":      {Doc: "CIFAR-100: 32x32 colour photographs in 100 classes, or in 20 (binary version)", New: newCIFAR100},
	"clips":         {Doc: "recordings with labelled targets: video files, or folders of frames, with a file of labels each", New: newClips},
	"digits":        {Doc: "handwritten-like digits, 28x28 and grey, drawn by the program itself", New: newDigits},
	"fashion-mnist": {Doc: "Fashion-MNIST: 28x28 grey articles of clothing in ten classes", New: newFashionMNIST},
	"folder":        {Doc: "images in one folder for each class: PNG, JPEG, GIF, WebP, BMP, TIFF", New: newFolder},
	"idx":           {Doc: "IDX files of any names and types, such as those of EMNIST, KMNIST and QMNIST", New: newIDXFolder},
	"list":          {Doc: "images that a list (CSV, TSV or JSONL) names with their labels, and with parts, groups, weights or boxes", New: newList},
	"mnist":         {Doc: "MNIST: 28x28 grey handwritten digits", New: newMNIST},
	"npz":           {Doc: "arrays of images and labels in an .npz file of NumPy, with the names that those of MedMNIST have", New: newNPZ},
}

// MakeDataset builds the dataset module called name. The options have the form
// "key=value,key=value"; the second result holds all of them, defaults included.
// Nothing is read before Open.
func MakeDataset(name, options string) (Source, map[string]string, error) {
	if _, known := modules[name]; !known {
		_, _, err := config.Make("dataset", modules, name, options)
		return nil, nil, fmt.Errorf("%w%s", err, PlaceHint(name))
	}
	return config.Make("dataset", modules, name, options)
}

// AddForTest adds a dataset module until the end of a test.
func AddForTest(t interface{ Cleanup(func()) }, name string, m config.Module[Source]) {
	config.AddForTest(t, modules, name, m)
}

// Modules documents the dataset modules, sorted by name.
func Modules() []config.Description { return config.Describe(modules) }
