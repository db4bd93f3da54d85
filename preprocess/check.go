package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Check prepares the test images of the package in folder and compares what comes out with
// what must. The error names each image that differs.
func (p *Preprocessing) Check(folder string) error {
	if len(p.Tests) == 0 {
		return fmt.Errorf("%s has no test images", filepath.Join(folder, RuleFile))
	}
	var errs []error
	for _, test := range p.Tests {
		errs = append(errs, p.checkImage(folder, test))
	}
	return errors.Join(errs...)
}

// maxTestBytes bounds the file of a test image, or of its bytes.
const maxTestBytes = 64 << 20

func (p *Preprocessing) checkImage(folder string, test Test) error {
	file := filepath.Join(folder, filepath.FromSlash(test.Image))
	content, err := fileio.ReadFile(file, maxTestBytes)
	if err != nil {
		return err
	}
	if fileio.SHA256Of(content) != test.ImageSHA256 {
		return fmt.Errorf("%s: the file was changed", file)
	}
	pixels, err := p.Tensor(p.repeated(file)...)
	if err != nil {
		return err
	}
	if fileio.SHA256Of(pixels) != test.TensorSHA256 {
		return fmt.Errorf("%s: other bytes come out than must", file)
	}
	if test.Tensor == "" {
		return nil
	}
	want, err := fileio.ReadFile(filepath.Join(folder, filepath.FromSlash(test.Tensor)), maxTestBytes)
	if err != nil {
		return err
	}
	if !bytes.Equal(pixels, want) {
		return fmt.Errorf("%s: the file was changed", filepath.Join(folder, filepath.FromSlash(test.Tensor)))
	}
	return nil
}
