package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// makeNPZ writes an .npz file such as those of MedMNIST: for each of the parts train, val
// and test COUNT images of the SHAPE, such as 28x28 or 28x28x3, whose brightness tells
// their class, and labels [N,1] of CLASSES.
func makeNPZ(ts *testscript.TestScript, args []string) error {
	count, classes := number(ts, args[1]), number(ts, args[3])
	shape, size := []int{count}, 1
	for text := range strings.SplitSeq(args[2], "x") {
		shape = append(shape, number(ts, text))
		size *= number(ts, text)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	random := randomOf(args[0])
	for _, part := range []string{"train", "val", "test"} {
		var images, labels []byte
		for i := range count {
			labels = append(labels, uint8(i%classes))
			for range size {
				images = append(images, uint8(i%classes*(230/classes)+random.IntN(20)))
			}
		}
		for name, content := range map[string][]byte{"_images.npy": npyFile(images, shape), "_labels.npy": npyFile(labels, []int{count, 1})} {
			w, err := z.Create(part + name)
			ts.Check(err)
			_, err = w.Write(content)
			ts.Check(err)
		}
	}
	ts.Check(z.Close())
	return write(ts, args[0], b.Bytes())
}

// npyFile is an array of bytes in NumPy's format.
func npyFile(values []byte, shape []int) []byte {
	var sizes []string
	for _, n := range shape {
		sizes = append(sizes, strconv.Itoa(n))
	}
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }\n", strings.Join(sizes, ", "))
	b := append([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(header)))...)
	return append(append(b, header...), values...)
}

// makeCIFAR writes COUNT records of CIFAR's binary version, each with a byte for each of
// the numbers of CLASSES, such as 20,100, by the last of which it is bright.
func makeCIFAR(ts *testscript.TestScript, args []string) error {
	count := number(ts, args[1])
	var classes []int
	for text := range strings.SplitSeq(args[2], ",") {
		classes = append(classes, number(ts, text))
	}
	var b []byte
	random := randomOf(args[0])
	for i := range count {
		for _, n := range classes {
			b = append(b, uint8(i%n))
		}
		last := classes[len(classes)-1]
		for range 3 * 32 * 32 {
			b = append(b, uint8(i%last*230/last+random.IntN(20)))
		}
	}
	return write(ts, args[0], b)
}
