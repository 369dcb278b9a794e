package oracle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// stuckWorkers is the number of kernel workers that wait to free JIT memory
// from which on the kernel is taken to be stuck. The kernel runs at most 1,024
// of them on a CPU; a free takes microseconds.
const stuckWorkers = 512

// ErrKernelStuck is what errors.Is finds when the kernel's JIT is deadlocked.
var ErrKernelStuck = errors.New("the kernel's BPF JIT is stuck")

// health remembers the answer of checkHealth: asking costs a walk over /proc.
var health = sync.OnceValue(checkHealth)

// checkHealth looks for a deadlock that kernels up to 6.18 at least can run
// into when programs come and go fast. A program's JIT memory is freed by a
// worker, under a mutex. Its owner, who loads a program, may have to wait for
// work that stands behind those workers on the same CPU: when as many wait for
// the mutex as may run, nothing moves any more, and whoever loads a program
// then cannot even be killed.
func checkHealth() error {
	tasks, err := filepath.Glob("/proc/[0-9]*/wchan")
	if err != nil {
		return err
	}
	waiting := 0
	for _, t := range tasks {
		if b, err := os.ReadFile(t); err == nil && strings.HasPrefix(string(b), "bpf_prog_pack_free") {
			waiting++
		}
	}
	if waiting >= stuckWorkers {
		return fmt.Errorf("%w: %d of its workers wait to free programs; only a reboot helps", ErrKernelStuck, waiting)
	}
	return nil
}

// unloadBurst is the number of programs after whose unloading a process waits
// for the kernel to free them. It is far below stuckWorkers, so that the
// workers of a few processes together stay below the number that deadlocks;
// see checkHealth.
const unloadBurst = 128

// membarrierGlobal is MEMBARRIER_CMD_GLOBAL of include/uapi/linux/membarrier.h:
// return when an RCU grace period has passed.
const membarrierGlobal = 1

var unloads atomic.Uint64

// paceUnload is called after each program that was given back. A program is
// freed by a worker that starts when an RCU grace period is over, which is
// what the global membarrier waits for (8 to 25 ms).
func paceUnload() {
	if unloads.Add(1)%unloadBurst != 0 {
		return
	}
	if _, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, membarrierGlobal, 0, 0); errno != 0 {
		time.Sleep(25 * time.Millisecond)
	}
	time.Sleep(time.Millisecond)
}
