package logging

import (
	"strconv"
	"time"
)

// Seconds is a duration for the log.
func Seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s" }
