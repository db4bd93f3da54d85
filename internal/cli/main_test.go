package cli

import (
	"log"
	"os"
	"testing"

	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestMain lets the tests see the built-in defaults, whatever the environment has.
func TestMain(m *testing.M) {
	if err := runtest.UnsetDefaults(); err != nil {
		log.Fatal(err)
	}
	os.Exit(runtest.InMemory(m.Run))
}
