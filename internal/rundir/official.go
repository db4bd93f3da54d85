package rundir

import (
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
)

// officialSchema is the schema from which records say which parts came with a dataset, and
// have the ratios that were used.
const officialSchema = 2

// OfficialNote names parts for a DatasetNote.
func OfficialNote(parts []dataset.Part) []string {
	var names []string
	for _, part := range parts {
		names = append(names, part.String())
	}
	return names
}

// official are the parts that came with the dataset.
func (d *DatasetNote) official() []dataset.Part {
	var parts []dataset.Part
	for _, name := range d.Official {
		part, _ := dataset.ParsePart(name) // checked when the record was read
		parts = append(parts, part)
	}
	return parts
}

// UsedRatio is what a record of the given schema has of a split's ratios: from schema 2 on 0
// for a part that comes with every dataset, and is not divided.
func (i *Identity) UsedRatio(ratios dataset.Ratios, schema int) [3]int {
	if schema < officialSchema {
		return ratios
	}
	var official [][]dataset.Part
	for _, d := range i.Datasets {
		official = append(official, d.official())
	}
	return ratios.Used(official)
}

// SplitWords say, in a sentence for each dataset, which parts came with it and how the rest
// was divided. Records of schema 1 do not know that.
func (record *Record) SplitWords() []string {
	var words []string
	for _, d := range record.Identity.Datasets {
		name, official := record.DatasetText(d.Name), d.official()
		switch given := record.Recorded("split") != ""; {
		case record.Schema < officialSchema:
		case !given:
			words = append(words, dataset.Ratios(record.Identity.Split.Ratio).SplitWords(name, official))
		case len(official) > 0:
			words = append(words, fmt.Sprintf("Of %s, the official parts (%s) were kept; a split list that was given divides the rest", name, dataset.ListOf(official)))
		default:
			words = append(words, fmt.Sprintf("%s has no official parts: a split list that was given divides it", name))
		}
	}
	return words
}

// PartText is what people call a part: "test", or "test (official)" where it came with
// every dataset.
func (record *Record) PartText(part dataset.Part) string {
	lacks := func(d DatasetNote) bool { return !slices.Contains(d.official(), part) }
	if slices.ContainsFunc(record.Identity.Datasets, lacks) {
		return part.Noun()
	}
	return part.Noun() + " (official)"
}

// checkOfficial refuses other names than those of parts that can come with a dataset, once
// each and in their order.
func (d *DatasetNote) checkOfficial() error {
	known := OfficialNote([]dataset.Part{dataset.PartValidation, dataset.PartTest})
	at := -1
	for _, name := range d.Official {
		if next := slices.Index(known, name); next > at {
			at = next
			continue
		}
		return fmt.Errorf("official_parts: it is %.40q, want validation, test or both, in this order", d.Official)
	}
	return nil
}
