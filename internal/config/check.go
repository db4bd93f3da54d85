package config

import "fmt"

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
