package oracle

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/object"
	"golang.org/x/sys/unix"
)

// askLog is the room for the log of a question in bytes: more than the last two
// lines of a log, less than the whole log of askInsns instructions.
const (
	askLog   = 256
	askInsns = 4
)

// The kernel writes some bytes about each instruction that it walks, which is slow:
// longer walks than askWalk are not asked about. How long a walk is stands in the
// last line of a log of statistics, which fits into statsLog bytes where the whole
// log, of three lines, does not.
const (
	askWalk  = 50_000
	statsLog = 120
	loadLog  = 1 << 16
	logStats = 4 // BPF_LOG_STATS
)

// canAsk reports whether the kernel says what it thinks of a program without
// loading it: there are at least four instructions, and neither functions nor calls
// of the kernel's. Functions go to the JIT before the kernel finds that the log was
// too small, and a walk with an iterator may end with a line that tells nothing.
func canAsk(p *object.Program) bool {
	if len(p.Insns) < askInsns {
		return false
	}
	for _, in := range p.Insns {
		if in.IsFuncCall() || in.IsFuncLoad() || in.IsKfuncCall() {
			return false
		}
	}
	return true
}

// AskVerifier asks the running kernel's verifier about a program, without
// loading it where that can be: the answer is nil where the verifier accepts the
// program and a *KernelReject where it does not.
//
// The trick is a log at instruction level with room for its last lines only.
// The verifier does all its work, and BPF_PROG_LOAD then fails with ENOSPC,
// before the JIT. Whether it accepted the program is read from the last line:
// the end of a path, or a complaint. That is faster than loading, and it does
// not wear out the allocator of JIT memory, so that a kernel whose JIT is stuck
// can be asked too.
//
// Programs with functions, those of the kernel among them, or less than four
// instructions are loaded, and so are
// those of a long walk, of which the log has the complaint only, and those where the
// last line tells nothing.
//
// Its limits: the kernel must keep the end of a log and not its beginning, as it
// does since 6.4. What the kernel refuses after the verifier's walk (in the
// passes that rewrite the program, or in the JIT) counts as accepted. Of the log
// of a refusal there is the end only, and where the walk found the fault Errno
// is ENOSPC.
func AskVerifier(p *object.Program) error {
	if !canAsk(p) {
		return loadAndDrop(p)
	}
	k := &KernelProgram{src: p, fd: -1, all: map[*object.Map]*KernelMap{}}
	defer k.Close()
	for _, spec := range p.Maps {
		if err := k.askMap(spec); err != nil {
			return err
		}
	}
	spec, err := k.spec(p)
	if err != nil {
		return err
	}
	// A signal, as the Go runtime sends them, ends the verifier's walk, and the
	// small log hides that.
	restore, err := blockSignals()
	if err != nil {
		return err
	}
	short := k.walk(spec) <= askWalk
	if short {
		spec.LogLevel, spec.Log = 2, make([]byte, askLog)
	} else {
		spec.LogLevel, spec.Log = logStats, make([]byte, loadLog)
	}
	// A log that had room after all: Close gives the program back.
	k.fd, err = sys.LoadProg(spec)
	restore()
	if err == nil {
		return nil
	}
	reject := &KernelReject{Log: sys.CString(spec.Log)}
	errors.As(err, &reject.Errno)
	if reject.Errno != unix.ENOSPC || !short {
		return reject
	}
	switch last := lastLine(reject.Log); {
	case pathEnd.MatchString(last):
		return nil
	case bookkeeping.MatchString(last):
		return loadAndDrop(p)
	}
	return reject
}

// walk returns how many instructions the verifier walks, 0 where it does not say.
func (k *KernelProgram) walk(spec *sys.ProgSpec) int {
	spec.LogLevel, spec.Log = logStats, make([]byte, statsLog)
	fd, err := sys.LoadProg(spec)
	if err == nil {
		unix.Close(fd)
	}
	n := 0
	if m := walked.FindStringSubmatch(sys.CString(spec.Log)); m != nil {
		n, _ = strconv.Atoi(m[1]) // the kernel's number fits
	}
	return n
}

var walked = regexp.MustCompile(`processed (\d+) insns`)

// loadAndDrop asks by loading.
func loadAndDrop(p *object.Program) error {
	k, err := LoadKernel(p, KernelOptions{Flags: AnyAlignment})
	if err == nil {
		k.Close()
	}
	return err
}

// blockSignals keeps signals from the calling goroutine's thread until the
// returned function is called.
func blockSignals() (restore func(), err error) {
	runtime.LockOSThread()
	var all, old unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("block signals: %w", err)
	}
	return func() {
		_ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
		runtime.UnlockOSThread()
	}, nil
}

// bookkeeping is a line about which numbers have to be precise. A walk can end
// with such lines, whatever its outcome.
var bookkeeping = regexp.MustCompile(`mark_precise|stack=|\bR\d+=|\bfp-\d+=`)

// pathEnd is the last line of the log of an accepted program: the end of a
// path, or the bookkeeping of its stack.
var pathEnd = regexp.MustCompile(`^(\d+: (\(95\) exit|safe)|from \d+ to \d+: safe|\(\d+\) |SCC exit )`)

var statistics = regexp.MustCompile(`^(processed|verification time|stack depth) `)

// lastLine returns the last line of a log that says something, or "".
func lastLine(log string) string {
	for _, l := range slices.Backward(strings.Split(strings.TrimSpace(log), "\n")) {
		if l != "" && !statistics.MatchString(l) {
			return l
		}
	}
	return ""
}

// askMap makes a map with what the verifier looks at: its shape, and the entries
// of a frozen one. A new map is empty, or zero, so that only the entries that it
// starts with are written.
func (k *KernelProgram) askMap(spec *object.Map) error {
	if k.all[spec] != nil {
		return nil
	}
	m, err := createMap(spec)
	if err != nil {
		return err
	}
	k.all[spec] = m
	if !spec.Frozen {
		return nil
	}
	for _, e := range spec.Initial {
		if err := m.Update(e.Key, e.Value); err != nil {
			return err
		}
	}
	return m.freeze()
}
