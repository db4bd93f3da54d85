//go:build unix && !linux

package video

import (
	"os/exec"
	"syscall"
)

// tieToUs puts a process into a group of its own. If this process is killed, the other ends
// when it writes to a pipe that nobody reads.
func tieToUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
