// Command client prepares images for a model that blocktrain released, by the rule in the
// preprocessing.json of its package.
//
//	go run preprocess.go -check                     prepare the ten test images, and compare
//	go run preprocess.go IMAGE...                   the SHA-256 of what the model takes
//	go run preprocess.go -output FILE IMAGE...      the bytes, one image after the other
//
// It is compiled within a module that requires github.com/blocktrain/blocktrain, such as a
// checkout of that. With -package FOLDER it can be run from anywhere else than the folder of
// the package. Where the input has several frames, an image is as many files.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/preprocess"
)

func main() {
	folder := flag.String("package", ".", "folder of the package, which has preprocessing.json")
	check := flag.Bool("check", false, "prepare the test images, and compare")
	output := flag.String("output", "", "write what the model takes to this file")
	flag.Parse()
	if err := run(*folder, *check, *output, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "preprocess:", err)
		os.Exit(1)
	}
}

func run(folder string, check bool, output string, files []string) error {
	rule, err := preprocess.Read(filepath.Join(folder, preprocess.RuleFile))
	if err != nil {
		return err
	}
	frames := rule.FrameCount()
	if !check && len(files) == 0 || len(files)%frames != 0 {
		return fmt.Errorf("want -check, or image files: %d for each input of the model", frames)
	}
	if check {
		if err := rule.Check(folder); err != nil {
			return err
		}
		fmt.Printf("%d of %d test images come out as they must\n", len(rule.Tests), len(rule.Tests))
	}
	var all []byte
	for ; len(files) > 0; files = files[frames:] {
		pixels, err := rule.Tensor(files[:frames]...)
		if err != nil {
			return err
		}
		fmt.Printf("%x  %s\n", sha256.Sum256(pixels), strings.Join(files[:frames], "  "))
		all = append(all, pixels...)
	}
	if output == "" {
		return nil
	}
	return os.WriteFile(output, all, 0o644)
}
