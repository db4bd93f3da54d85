package modellock

import (
	"fmt"
	"os"
	"strings"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Comparison is how a run compares with a lock. Its texts are those of files, which a
// table of Markdown must not be broken by.
type Comparison struct {
	Run         string
	Lock        string
	Differences []string
	Err         error // why nothing was compared
}

// Compare compares a run with a lock that lies in a file.
func Compare(dir, file string) (*Comparison, error) {
	lock, err := Read(file)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Run: dir, Lock: file}
	var run *Lock
	if run, c.Err = Of(dir, lock.Data); c.Err == nil {
		c.Differences, err = lock.Differences(run)
	}
	return c, err
}

// Outcome is nil if the run is what the lock says. Otherwise it wraps rundir.ErrDifference,
// or is why nothing was compared.
func (c *Comparison) Outcome() error {
	if c.Err != nil {
		return c.Err
	}
	if len(c.Differences) > 0 {
		return fmt.Errorf("%w: %d values of %s are not those of %s", rundir.ErrDifference, len(c.Differences), c.Run, c.Lock)
	}
	return nil
}

// oneLine keeps a text of a file on its line: CI systems take commands from lines of the log.
var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// Text is the comparison for people.
func (c *Comparison) Text() string {
	if c.Err != nil {
		return ""
	}
	if len(c.Differences) == 0 {
		return fmt.Sprintf("%s is what %s says\n", c.Run, c.Lock)
	}
	var b strings.Builder
	for _, line := range c.Differences {
		b.WriteString(oneLine.Replace(line) + "\n")
	}
	return b.String()
}

// Markdown is the decision on the run as a table, and the comparison below it.
func (c *Comparison) Markdown() string {
	var b strings.Builder
	d := rundir.At(c.Run)
	release, err := criterion.ReadRelease(d.File(rundir.ReleaseFile))
	if err != nil {
		fmt.Fprintf(&b, "No decision can be read: %s\n\n", plain(err.Error()))
	} else {
		fmt.Fprintf(&b, "**%s**: %s\n\n| criterion | measured | wanted | result |\n|---|---|---|---|\n", release.Decision(), plain(release.Reason))
		for _, v := range release.Criteria {
			result := "passed"
			if !v.Passed {
				result = "**failed**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", plain(v.Name), plain(v.MeasuredText()), plain(v.ThresholdText()), result)
		}
		b.WriteByte('\n')
	}
	switch {
	case c.Err != nil:
		fmt.Fprintf(&b, "Not compared with %s: %s\n", plain(c.Lock), plain(c.Err.Error()))
	case len(c.Differences) == 0:
		fmt.Fprintf(&b, "Every digest and figure is that of %s.\n", plain(c.Lock))
	default:
		fmt.Fprintf(&b, "%d values are not those of %s:\n\n", len(c.Differences), plain(c.Lock))
		const most = 100
		for _, line := range c.Differences[:min(len(c.Differences), most)] {
			fmt.Fprintf(&b, "- %s\n", plain(line))
		}
	}
	return b.String()
}

// Append writes the Markdown behind what a file has.
func (c *Comparison) Append(file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(c.Markdown()); err != nil {
		_ = f.Close() // the first error says more
		return err
	}
	return f.Close()
}

// plain escapes what Markdown would take for more than text, such as a class name.
func plain(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < ' ':
			b.WriteByte(' ')
		case strings.ContainsRune("\\`*_{}[]<>()#|!&~", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
