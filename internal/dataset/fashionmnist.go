package dataset

import "github.com/blocktrain/blocktrain/internal/config"

// fashionMNIST is Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017): articles of
// clothing in the format of MNIST. The digests are those of the published
// archives' content, which Debian's package dataset-fashion-mnist holds too.
func fashionMNIST() *idxSource {
	return &idxSource{
		name:  "fashion-mnist",
		torch: "FashionMNIST",
		classes: []string{
			"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
			"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
		},
		files: [4]publishedFile{
			{"train-images-idx3-ubyte", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
			{"train-labels-idx1-ubyte", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
			{"t10k-images-idx3-ubyte", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
			{"t10k-labels-idx1-ubyte", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
		},
		whole:  "a1b9250e859583a5e837a17e49f572f81add6a219289407fb3c80cacabf34c56",
		folder: "/usr/share/datasets/fashion-mnist",
		mirrors: []string{
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
		},
	}
}

func newFashionMNIST(o *config.Options) (Source, error) {
	s := fashionMNIST()
	s.declare(o)
	return s, nil
}
