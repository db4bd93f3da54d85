// Package pretrained reads files of weights that others have published: safetensors,
// and what PyTorch's torch.save writes, in its zip form and in the older one, alone or as
// the one such file of a wheel or zip archive.
//
// Values become float32. Those of float16 and bfloat16 are exact as float32; those of
// float64 are rounded to the nearest float32, ties to even, and one beyond the range of
// float32 is refused, as are NaN and infinities.
//
// A file may come from anybody. Nothing of it is run: see package pickle. Sizes, offsets and
// counts are compared with the size of the file before memory is taken for them.
// [Read] holds at most
//
//   - what a compressed member of an archive unpacks to: at most 32 times its packed
//     bytes and 1 MiB,
//   - the bytes of the largest array of the file,
//   - the values it returns: at most twice as many as the file stores, and 2^20, of 4
//     bytes each, and
//   - 192 MiB for everything else: headers, directories and pickles of the largest size that is
//     read. A file of a network in the tables takes some 10 MiB.
//
// The name tables of package tables say which tensors of ours they are.
package pretrained
