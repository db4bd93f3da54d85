package dataset

// String is the name of the part in files and messages.
func (p Part) String() string {
	switch p {
	case PartTrain:
		return "train"
	case PartValidation:
		return "validation"
	case PartTest:
		return "test"
	}
	return "none"
}

// Noun is the name of the part before the word "part".
func (p Part) Noun() string {
	if p == PartTrain {
		return "training"
	}
	return p.String()
}

// PartNoun is [Part.Noun] of a name in files.
func PartNoun(name string) string {
	if name == PartTrain.String() {
		return PartTrain.Noun()
	}
	return name
}

// PartNames are the names of parts in files.
func PartNames(parts []Part) []string {
	var names []string
	for _, part := range parts {
		names = append(names, part.String())
	}
	return names
}
