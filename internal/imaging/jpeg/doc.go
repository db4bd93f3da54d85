// Package jpeg decodes JPEG files to the pixels that libjpeg-turbo gives with its
// default settings, byte for byte. Pillow, OpenCV, torchvision and browsers decode with
// that library, so a network that is trained on these pixels sees what its clients send.
//
// Clause numbers in the comments are those of ITU-T T.81 (ISO/IEC 10918-1), the standard
// of the format. It leaves open how accurate the inverse transform is, how reduced colour
// planes are enlarged, and how colours are converted. Those steps follow the names and
// formulas of libjpeg-turbo: the "islow" inverse transform, "fancy" upsampling, and the
// conversion in 16-bit fixed point.
//
// The package reads baseline, extended (8 bits) and progressive files that are coded
// with Huffman codes and have one, three or four components. Other files of the standard
// are an [UnsupportedError], which says what to do. Files that break the standard are a
// [DamagedError], also where libjpeg-turbo only warns and invents pixels.
package jpeg
