package video

import (
	"os/exec"
	"syscall"
)

// tieToUs puts a process into a group of its own and has the system kill it when this process
// ends, however it ends. Strictly it is the end of the thread that starts it; Go keeps its
// threads but for those of goroutines that end locked to one, of which there are none.
func tieToUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
