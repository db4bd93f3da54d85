package runtest

import (
	"fmt"
	"os"
)

// InMemory runs the tests of a package with their temporary folders in memory, where that can
// be: the program flushes each file that it writes, and a disk makes it wait. It returns the
// exit code for TestMain.
func InMemory(run func() int) (code int) {
	dir := memoryDir()
	if dir == "" {
		return run()
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}()
	if err := os.Setenv("TMPDIR", dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}
