package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	memoryLook = 5 * time.Millisecond
	// memoryLeft is what a process may still take before the next look: an arena
	// of the Go runtime and the stack of a thread.
	memoryLeft = 96 << 20
)

// watchMemory ends the process with one line before it takes more address space
// than it is allowed (ulimit -v): the Go runtime would end it with a dump of all
// stacks and the exit code of wrong usage. Without a limit it does nothing. What
// no look in between can foresee, a single piece larger than what is left, still
// ends so.
func watchMemory(name string, stderr io.Writer, exit func(code int)) (stop func()) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &limit) != nil || limit.Cur >= 1<<62 {
		return func() {}
	}
	before := debug.SetMemoryLimit(int64(limit.Cur / 4 * 3))
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(memoryLook)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if addressSpace()+memoryLeft > limit.Cur {
				fmt.Fprintf(stderr, "%s: out of memory: the process may take %d MiB of address space; allow it more (ulimit -v), or give it less to do\n", name, limit.Cur>>20)
				exit(exitInput)
				return
			}
		}
	}()
	return func() {
		close(done)
		debug.SetMemoryLimit(before)
	}
}

// addressSpace returns how many bytes of address space the process has taken, 0
// where the system does not say.
func addressSpace() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _, _ := bytes.Cut(text, []byte(" "))
	n, err := strconv.ParseUint(string(pages), 10, 64)
	if err != nil {
		return 0
	}
	return n * uint64(os.Getpagesize())
}
