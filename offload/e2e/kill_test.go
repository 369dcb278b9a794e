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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
)

// killEnv tells the guest at which stop to kill the command.
const killEnv = "SKIPSW_E2E_KILL"

// kills returns how many kills a run does in all: 20, or what SKIPSW_N says.
func kills(t *testing.T) int {
	t.Helper()
	if s := os.Getenv("SKIPSW_N"); s != "" {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	return 20
}

// TestKill kills the command with SIGKILL before and after system calls that
// change something, each time in a fresh kernel, and checks that the old or
// the new state is there and nothing else.
func TestKill(t *testing.T) {
	bin := command(t)
	all := scenarios()
	for i := range all {
		s := &all[i]
		t.Run(s.name, func(t *testing.T) {
			if !vm.InGuest() {
				t.Parallel()
				killOnHost(t, s, bin, (kills(t)+len(all)-1)/len(all))
				return
			}
			at, dir := killArgs(t)
			t.Run("count", func(t *testing.T) { countStops(t, s, dir) })
			t.Run(fmt.Sprint("stop ", at), func(t *testing.T) { killAt(t, s, at, dir) })
		})
	}
}

// killOnHost counts the stops of a scenario in one guest and spreads n kills
// over them, each in a guest of its own.
func killOnHost(t *testing.T, s *scenario, bin string, n int) {
	dir := t.TempDir()
	total := 0
	t.Run("count", func(t *testing.T) {
		vmtest.InsideShared(t, []string{dir}, binEnv+"="+bin, killEnv+"=count:"+dir)
	})
	b, err := os.ReadFile(filepath.Join(dir, "stops"))
	require.NoError(t, err, "the count was not written")
	total, err = strconv.Atoi(string(b))
	require.NoError(t, err)
	require.Greater(t, total, 20)
	n = min(n, total)
	outcomes := map[string]int{}
	for i := range n {
		at := i * total / n
		t.Run(fmt.Sprint("stop ", at), func(t *testing.T) {
			vmtest.InsideShared(t, []string{dir}, binEnv+"="+bin, fmt.Sprintf("%s=%d:%s", killEnv, at, dir))
		})
		if b, err := os.ReadFile(filepath.Join(dir, "outcome")); err == nil {
			outcomes[string(b)]++
		}
	}
	t.Logf("%d kills over %d stops: %v", n, total, outcomes)
	if n > 20 {
		require.Positive(t, outcomes["old"])
		require.Positive(t, outcomes["new"])
	}
}

func killArgs(t *testing.T) (at int, dir string) {
	what, dir, _ := strings.Cut(os.Getenv(killEnv), ":")
	if what == "count" {
		return -1, dir
	}
	at, err := strconv.Atoi(what)
	require.NoError(t, err)
	return at, dir
}

// countStops runs the operation to its end and writes the number of stops.
func countStops(t *testing.T, s *scenario, dir string) {
	old := s.prepare(t)
	stops, killed, err := trace(t, s.args, -1)
	require.NoError(t, err)
	require.False(t, killed)
	now := settled(t, func(n state) bool { return s.check(old, n) == nil })
	require.NoError(t, s.check(old, now))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "stops"), []byte(strconv.Itoa(stops)), 0o644))
}

// killAt kills the operation at one stop and checks the state.
func killAt(t *testing.T, s *scenario, at int, dir string) {
	old := s.prepare(t)
	_, killed, err := trace(t, s.args, at)
	require.NoError(t, err)
	waitGuard(t)
	isOld := func(n state) bool { return assert.ObjectsAreEqual(old, n) }
	now := settled(t, func(n state) bool { return isOld(n) || s.check(old, n) == nil })
	outcome := "new"
	if isOld(now) {
		outcome = "old"
	} else if err := s.check(old, now); err != nil {
		t.Errorf("killed (%v) at stop %d: neither old nor new state: %v\nold: %+v\nnow: %+v", killed, at, err, old, now)
		outcome = "broken"
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "outcome"), []byte(outcome), 0o644))
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
			if _, err := unix.PtracePeekUser(tid, origRAX, nr[:]); err != nil {
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
