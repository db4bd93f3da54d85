package dataset

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
)

func TestKeepClasses(t *testing.T) {
	d := newTestSet(t, []string{"bird", "cat", "dog"}, infosOf(9, 3))
	for _, test := range []struct {
		list    []int
		classes []string
		want    []int
		err     string
	}{
		{sequence(9), []string{"cat"}, []int{1, 4, 7}, ""},
		{[]int{8, 1, 0, 5, 4}, []string{"dog", "bird"}, []int{8, 0, 5}, ""},
		{sequence(9), []string{"dog", "bird", "dog"}, nil, `class "dog" is named twice: want each once`},
		{[]int{2, 1}, nil, []int{2, 1}, ""},
		{sequence(9), []string{"cat", "brid"}, nil, `unknown class "brid": did you mean bird? (valid: bird, cat, dog)`},
		{[]int{0, 1, 3}, []string{"dog"}, nil, "none of 3 examples is of class dog"},
		{nil, []string{"cat", "dog"}, nil, "none of 0 examples is of class cat, dog"},
	} {
		got, err := KeepClasses(d, test.list, test.classes)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q of %v: -want +got:\n%s", test.classes, test.list, diff)
		}
		if test.err == "" && err != nil {
			t.Error(err)
		} else if test.err != "" {
			wantError(t, err, test.err)
			if usage := new(config.UsageError); !errors.As(err, &usage) {
				t.Errorf("%v is no usage error", err)
			}
		}
	}
}
