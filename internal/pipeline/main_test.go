package pipeline

import (
	"os"
	"testing"

	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

func TestMain(m *testing.M) { os.Exit(runtest.InMemory(m.Run)) }
