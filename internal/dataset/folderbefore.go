package dataset

import (
	"errors"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/listing"
)

// How folders were read under version 2 of the reproducibility contract, by which its
// records are verified.

// contractOfLayouts is the first version of the contract that knows parts by many names,
// asks what folders are, and refuses names of classes that look the same.
const contractOfLayouts = 3

// before says whether the data is read by the rules of an earlier version.
func (o FileOptions) before() bool { return o.Contract > 0 && o.Contract < contractOfLayouts }

// checkClasses refuses fewer classes than there must be, and names that look the same.
func (o FileOptions) checkClasses(classes []string) error {
	return errors.Join(CheckClassCount(classes, o.Classes), o.checkAlike(classes))
}

// checkAlike refuses names that look the same.
func (o FileOptions) checkAlike(classes []string) error {
	if o.before() {
		return nil
	}
	return checkAlike(classes)
}

// partNamesBefore are the only names of parts, and only in lower case.
var partNamesBefore = map[string]Part{
	"train": PartTrain, "val": PartValidation, "valid": PartValidation, "validation": PartValidation, "test": PartTest,
}

// partsBefore finds the parts that a folder is divided into already.
func partsBefore(top *listing.Folder) ([]partFolder, error) {
	var parts []partFolder
	taken := map[Part]string{}
	for _, folder := range top.Folders {
		part := partNamesBefore[folder.Name]
		switch {
		case part == PartNone:
			continue
		case taken[part] != "":
			return nil, fmt.Errorf("has both %s and %s: keep one", taken[part], folder.Name)
		}
		taken[part] = folder.Name
		parts = append(parts, partFolder{folder, folder.Name, part})
	}
	switch {
	case len(parts) > 0 && len(parts) == len(top.Folders) && taken[PartTrain] == "":
		return nil, fmt.Errorf("has %s but no train folder", pathsOf(parts))
	case taken[PartTrain] == "" || len(parts) == 1 && len(top.Folders) > 1:
		return []partFolder{{top, "", PartNone}}, nil // train may be a class, beside car and bus
	case len(parts) < len(top.Folders):
		return nil, fmt.Errorf("has the parts of a divided dataset and other folders side by side (%s): want one or the other", top.Describe())
	}
	return parts, nil
}
