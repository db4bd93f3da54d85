package config

import (
	"fmt"
	"strconv"
)

// Check validates a number.
type Check func(float64) error

func runChecks(checks []Check, v float64) error {
	for _, check := range checks {
		if err := check(v); err != nil {
			return err
		}
	}
	return nil
}

// AtLeast accepts low and above.
func AtLeast(low float64) Check {
	return func(v float64) error {
		if v < low {
			return fmt.Errorf("want at least %v", low)
		}
		return nil
	}
}

// Above accepts what is greater than low.
func Above(low float64) Check {
	return func(v float64) error {
		if v <= low {
			return fmt.Errorf("want more than %v", low)
		}
		return nil
	}
}

// Below accepts what is less than high.
func Below(high float64) Check {
	return func(v float64) error {
		if v >= high {
			return fmt.Errorf("want less than %v", high)
		}
		return nil
	}
}

// Between accepts low to high, both included.
func Between(low, high float64) Check {
	return func(v float64) error {
		if v < low || v > high {
			return fmt.Errorf("want %v to %v", low, high)
		}
		return nil
	}
}

// Share accepts 0 to 1, and says of what seems to be a percentage how it is written.
func Share(v float64) error {
	err := Between(0, 1)(v)
	if err != nil && v > 1 && v <= 100 {
		return fmt.Errorf("%w, such as %s for %v %%", err, strconv.FormatFloat(v/100, 'g', 6, 64), v)
	}
	return err
}
