package e2e

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
)

// repetitions returns how often a test does what it does, by SKIPSW_N or else few.
func repetitions(t *testing.T, few int) int {
	t.Helper()
	if s := os.Getenv("SKIPSW_N"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	return few
}

// TestKill kills the command with SIGKILL before and after system calls that
// change something and checks that the old or the new state is there and nothing
// else: each scenario in a kernel of its own, SKIPSW_N kills each, spread over all
// that there are; without it one kill, at a place that goes by the scenario.
func TestKill(t *testing.T) {
	bin := command(t)
	all := scenarios()
	for i := range all {
		s := &all[i]
		t.Run(s.name, func(t *testing.T) {
			if !vm.InGuest() {
				t.Parallel()
			}
			if vmtest.InsideGuest(t, long, binEnv+"="+bin) {
				killInGuest(t, s, repetitions(t, 1), i)
			}
		})
	}
}

// long gives a guest the time for a long run.
func long(g *vm.Guest) { g.Timeout = 3 * time.Hour }

// killInGuest counts the stops of a scenario and spreads n kills over them, the
// first at a part of them that goes by at.
func killInGuest(t *testing.T, s *scenario, n, at int) {
	total := countStops(t, s)
	cleanUp(t)
	n = min(n, total)
	outcomes := map[string]int{}
	for i := range n {
		stop := (i*total/n + at*total/23) % total
		outcomes[killAt(t, s, stop)]++
		if t.Failed() {
			return
		}
		cleanUp(t)
	}
	t.Logf("%d kills over %d stops: %v", n, total, outcomes)
	if n > 20 && s.refused == "" {
		require.Positive(t, outcomes["old"])
		require.Positive(t, outcomes["new"])
	}
}

// countStops runs the operation to its end and returns the number of stops.
func countStops(t *testing.T, s *scenario) int {
	old := s.prepare(t)
	stops, killed, err := trace(t, s.args, -1)
	require.False(t, killed)
	if s.refused != "" {
		require.Error(t, err)
		now := settled(t, func(n state) bool { return assert.ObjectsAreEqual(old, n) })
		require.Equal(t, old, now)
		return stops
	}
	require.NoError(t, err)
	now := settled(t, func(n state) bool { return s.check(old, n) == nil })
	require.NoError(t, s.check(old, now))
	require.Greater(t, stops, 20)
	return stops
}

// killAt kills the operation at one stop, checks the state and says which it is.
func killAt(t *testing.T, s *scenario, at int) string {
	old := s.prepare(t)
	_, killed, err := trace(t, s.args, at)
	if s.refused == "" || killed {
		require.NoError(t, err)
	}
	waitGuard(t)
	isOld := func(n state) bool { return assert.ObjectsAreEqual(old, n) }
	isNew := func(n state) error {
		if s.refused != "" {
			return errors.New("the operation is one that is refused")
		}
		return s.check(old, n)
	}
	now := settled(t, func(n state) bool { return isOld(n) || isNew(n) == nil })
	if isOld(now) {
		return "old"
	}
	if err := isNew(now); err != nil {
		t.Errorf("killed (%v) at stop %d: neither old nor new state: %v\nold: %+v\nnow: %+v", killed, at, err, old, now)
	}
	return "new"
}

// waitGuard waits until no guard process runs any more.
func waitGuard(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, f := range all {
			if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), "guard-transaction") {
				return false
			}
		}
		return true
	}, waitFree, tick, "the guard does not end")
}

// changing are the system calls that are stops: those that can change
// something, and those that talk to the guard.
var changing = map[uint64]bool{
	unix.SYS_BPF: true, unix.SYS_SENDTO: true, unix.SYS_SENDMSG: true, unix.SYS_WRITE: true, unix.SYS_CLONE: true, unix.SYS_CLONE3: true,
	unix.SYS_RENAME: true, unix.SYS_RENAMEAT: true, unix.SYS_RENAMEAT2: true, unix.SYS_MKDIR: true, unix.SYS_MKDIRAT: true,
	unix.SYS_UNLINK: true, unix.SYS_UNLINKAT: true,
}

// origRAX is the offset of the system call's number in the user area of x86-64.
const origRAX = 15 * 8

// trace runs the command under ptrace. Every entry to and exit from a changing
// system call is a stop; at stop number at the whole process is killed. It
// returns the number of stops that were seen and whether it was killed.
func trace(t *testing.T, args []string, at int) (stops int, killed bool, err error) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(offloadBin(), args...)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return 0, false, err
	}
	pid := cmd.Process.Pid
	var ws unix.WaitStatus
	if _, err := unix.Wait4(pid, &ws, 0, nil); err != nil {
		return 0, false, err
	}
	if err := unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_TRACESYSGOOD); err != nil {
		return 0, false, fmt.Errorf("ptrace options: %w", err)
	}
	if err := unix.PtraceSyscall(pid, 0); err != nil {
		return 0, false, err
	}
	for {
		tid, err := unix.Wait4(-1, &ws, unix.WALL, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return stops, killed, err
		}
		if ws.Exited() || ws.Signaled() {
			if tid == pid {
				if !killed && ws.Exited() && ws.ExitStatus() != 0 {
					return stops, false, fmt.Errorf("the command failed with %d", ws.ExitStatus())
				}
				return stops, killed, nil
			}
			continue
		}
		if !ws.Stopped() {
			continue
		}
		sig := 0
		switch {
		case ws.StopSignal() == unix.SIGTRAP|0x80:
			// A user-mode kernel gives out single registers only.
			var nr [8]byte
			_, err := unix.PtracePeekUser(tid, origRAX, nr[:])
			if errors.Is(err, unix.ESRCH) {
				continue // the process has ended meanwhile
			}
			if err != nil {
				return stops, killed, fmt.Errorf("ptrace: read the system call's number: %w", err)
			}
			if changing[binary.NativeEndian.Uint64(nr[:])] {
				if stops == at {
					killed = true
					_ = unix.Kill(pid, unix.SIGKILL)
					continue
				}
				stops++
			}
		case ws.StopSignal() == unix.SIGTRAP, ws.StopSignal() == unix.SIGSTOP: // ptrace's own
		default:
			sig = int(ws.StopSignal())
		}
		_ = unix.PtraceSyscall(tid, sig)
	}
}
