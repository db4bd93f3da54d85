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

// ParsePart is the part of that name in files.
func ParsePart(name string) (part Part, known bool) {
	for _, part := range Parts() {
		if part.String() == name {
			return part, true
		}
	}
	return PartNone, false
}
