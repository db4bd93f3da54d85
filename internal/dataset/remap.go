package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// remapped is a dataset with its classes in another order.
type remapped struct {
	detailed
	classes []string
	labels  []int // label in the dataset below -> label here
	digest  string
}

// Remap returns d with its labels as indexes into classes, which must be the
// classes of d in some order. So a model is scored on another dataset "with the
// same classes": they are compared by name.
func Remap(d Dataset, classes []string) (Dataset, error) {
	if slices.Equal(d.Classes(), classes) {
		return d, nil
	}
	if err := sameClasses(d.Classes(), classes); err != nil {
		return nil, err
	}
	r := &remapped{detailed: detail(d), classes: slices.Clone(classes), labels: make([]int, len(classes))}
	for label, name := range d.Classes() {
		r.labels[label] = slices.Index(classes, name)
	}
	digest := digestDerived("remap", d)
	digest.texts(classes)
	r.digest = digest.hex()
	return r, nil
}

func (r *remapped) Classes() []string { return r.classes }
func (r *remapped) Digest() string    { return r.digest }

func (r *remapped) Info(i int) Info { return r.detailed.Info(i).relabelled(r.labels) }

// sameClasses reports how two sets of names differ.
func sameClasses(have, want []string) error {
	var errs []error
	if missing := without(want, have); len(missing) > 0 {
		errs = append(errs, fmt.Errorf("it lacks %s", strings.Join(missing, ", ")))
	}
	if surplus := without(have, want); len(surplus) > 0 {
		errs = append(errs, fmt.Errorf("it also has %s", strings.Join(surplus, ", ")))
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("the dataset does not have the model's classes: %w", errors.Join(errs...))
}

// without lists the names of a that are not in b, quoted, in the order of a.
func without(a, b []string) []string {
	var names []string
	for _, name := range a {
		if !slices.Contains(b, name) {
			names = append(names, fmt.Sprintf("%q", name))
		}
	}
	return names
}
