package kernel

import (
	"os"
	"slices"
	"testing"
)

// eachImplementation runs a test under every implementation that the processor
// can run, and counts those that it cannot as skipped.
func eachImplementation(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	own := active
	t.Cleanup(func() { active = own })
	for _, i := range available() {
		active = i
		t.Run(i.name, test)
	}
	for _, name := range known {
		if !slices.Contains(Implementations(), name) {
			t.Run(name, func(t *testing.T) { t.Skipf("this processor, or GODEBUG, does not offer %s", name) })
		}
	}
}

// TestExpectedImplementation fails where a machine should have tested vector
// instructions and did not: BLOCKTRAIN_EXPECT_SIMD names the fastest
// implementation that it has.
func TestExpectedImplementation(t *testing.T) {
	t.Logf("implementations: %v of %v and generic", Implementations(), known)
	want := os.Getenv("BLOCKTRAIN_EXPECT_SIMD")
	if want == "" {
		t.Skip("BLOCKTRAIN_EXPECT_SIMD does not say what to expect")
	}
	if got := Implementations()[0]; got != want {
		t.Errorf("the fastest implementation is %s; BLOCKTRAIN_EXPECT_SIMD wants %s", got, want)
	}
}
