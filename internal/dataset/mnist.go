package dataset

import "github.com/blocktrain/blocktrain/internal/config"

// mnist is MNIST (LeCun, Cortes, Burges, 1998): handwritten digits, 28x28, grey.
// The digests are those of the files with the MD5 sums that the authors' file
// list and other libraries give.
func mnist() *idxSource {
	return &idxSource{
		name:    "mnist",
		torch:   "MNIST",
		classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		files: [4]publishedFile{
			{"train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
			{"train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
			{"t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
			{"t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
		},
		whole: "85666ae7827157fc4b11c87b7b6f68441746135a45329eee3ce5f16ffb4059e1",
		mirrors: []string{
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
		},
	}
}

func newMNIST(o *config.Options) (Source, error) {
	s := mnist()
	s.declare(o)
	return s, nil
}
