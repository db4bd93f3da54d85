package report

import (
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// maxText is the longest piece of user text that is shown.
const maxText = 300

// formats are the functions that both templates have.
func formats() map[string]any {
	return map[string]any{
		"percent":  metric.Percent,
		"optional": metric.PercentOrDash,
		"interval": intervalOrDash,
		"count":    func(n int) string { return metric.Count(n) },
		"capital":  func(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] },
		"epochs":   epochs,
		"value":    func(r metric.Result) float64 { _, v := r.Measured(); return v },
		"loss":     metric.LossText,
		"fixed":    func(digits int, v float64) string { return strconv.FormatFloat(v, 'f', digits, 64) },
		"short":    func(digits int, v float64) string { return strconv.FormatFloat(v, 'g', digits, 64) },
		"dash":     orDash,
		"line":     clip,
		"prose":    func(s string) string { return metric.Clip(s, maxProse) },
		"prefix":   func(n int, s string) string { return s[:min(n, len(s))] },
	}
}

// clip makes one line of user text.
func clip(s string) string { return metric.Clip(s, maxText) }

func epochs(n int) string {
	if n == 1 {
		return "1 epoch"
	}
	return metric.Count(n) + " epochs"
}

func intervalOrDash(i *metric.Interval) string {
	if i == nil {
		return "–"
	}
	return i.Percent()
}

func orDash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "–"
	}
	return s
}
