// Command inside is run inside an image by deploy/test. It prints what the image gives a Go
// program, and fails where something is missing.
package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := check(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check() error {
	if os.Getuid() == 0 {
		return fmt.Errorf("runs as root")
	}
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		return fmt.Errorf("time zones: %w", err)
	}
	if _, offset := time.Unix(0, 0).In(tokyo).Zone(); offset != 9*3600 {
		return fmt.Errorf("Tokyo is %d s from UTC, want 32400", offset)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	if pool.Equal(x509.NewCertPool()) {
		return fmt.Errorf("no certificates")
	}
	f, err := os.CreateTemp("", "")
	if err != nil {
		return fmt.Errorf("temporary files: %w", err)
	}
	fmt.Printf("user %d, %s, home %s: certificates, time zones and temporary files are there\n", os.Getuid(), f.Name(), os.Getenv("HOME"))
	return f.Close()
}
