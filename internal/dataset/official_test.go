package dataset

import (
	"slices"
	"testing"
)

func TestOfficialParts(t *testing.T) {
	for _, test := range []struct {
		name     string
		infos    []Info
		official []Part
		used     Ratios
		words    string
	}{
		{"none", infosOf(6, 2), nil, DefaultRatios, "it has no official parts: it was divided into training, validation and test part, 60, 20 and 20 %"},
		{"training part alone", []Info{{Part: PartTrain}, {Part: PartTrain, Label: 1}}, nil, DefaultRatios,
			"it has no official parts: it was divided into training, validation and test part, 60, 20 and 20 %"},
		{"test part", append(infosOf(6, 2), Info{Part: PartTest}), []Part{PartTest}, Ratios{60, 20, 0},
			"Of it, the official test part was kept; the rest was divided into training and validation part, 75 and 25 %"},
		{"validation part", append(infosOf(6, 2), Info{Part: PartValidation}), []Part{PartValidation}, Ratios{60, 0, 20},
			"Of it, the official validation part was kept; the rest was divided into training and test part, 75 and 25 %"},
		{"both", append(infosOf(6, 2), Info{Part: PartTest}, Info{Part: PartValidation}), []Part{PartValidation, PartTest}, Ratios{60, 0, 0},
			"Of it, the official validation and test parts were kept; the rest is the training part"},
	} {
		t.Run(test.name, func(t *testing.T) {
			official := OfficialParts(described{classes: letters(2), infos: test.infos})
			if !slices.Equal(official, test.official) {
				t.Errorf("official parts %v, want %v", official, test.official)
			}
			if used := DefaultRatios.Used([][]Part{official}); used != test.used {
				t.Errorf("used %v, want %v", used, test.used)
			}
			if words := DefaultRatios.SplitWords("it", official); words != test.words {
				t.Errorf("%q, want %q", words, test.words)
			}
			if words := test.used.SplitWords("it", official); words != test.words {
				t.Errorf("by the ratios used: %q, want %q", words, test.words)
			}
		})
	}
	if used := DefaultRatios.Used([][]Part{{PartTest}, nil}); used != DefaultRatios {
		t.Errorf("used %v where one of two datasets has a test part, want %v", used, DefaultRatios)
	}
	if words, want := (Ratios{1, 2, 4}).SplitWords("it", nil), "it has no official parts: it was divided into training, validation and test part, 14.3, 28.6 and 57.1 %"; words != want {
		t.Errorf("%q, want %q", words, want)
	}
}
