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

// Unloading is paced, so that the workers that free JIT memory keep up even on
// a machine with other things to do; see checkHealth.
const (
	unloadBurst = 64
	unloadPause = 4 * time.Millisecond
)

var unloads atomic.Uint64

func paceUnload() {
	if unloads.Add(1)%unloadBurst == 0 {
		time.Sleep(unloadPause)
	}
}
