package serve

import (
	"fmt"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
)

func cannotListen(address string, err error) error {
	return config.Usagef("cannot listen on %s: %w: choose another address by --listen, or port 0 for a free one", address, err)
}

func brokenOff(after time.Duration, err error) error {
	return fmt.Errorf("requests were still open %v after the end was asked for, and were broken off: %w", after, err)
}
