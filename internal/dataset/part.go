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
