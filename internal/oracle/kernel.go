package oracle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"golang.org/x/sys/unix"
)

// KernelOptions says how a program is loaded. The zero value loads it as an
// operator would.
type KernelOptions struct {
	// LogLevel asks for the verifier's log also when the program is accepted:
	// 1 is the usual log, 2 the state at every instruction. With 0 there is a
	// log (level 1) only when the program is refused.
	LogLevel uint32
	// NoLog leaves a refusal without its log, which costs a second walk of the
	// verifier.
	NoLog bool
	// Flags is prog_flags of BPF_PROG_LOAD, for example BPF_F_XDP_HAS_FRAGS.
	Flags uint32
	// Tail holds the programs that program arrays name, Called of the program if it
	// is nil. They share maps with it by the identity of *object.Map.
	Tail []*object.Program
	// Namespace is the network in which the program runs, nil for that of the
	// process.
	Namespace *Namespace
}

// KernelReject is the kernel's refusal of a program.
type KernelReject struct {
	Errno unix.Errno
	Log   string // the verifier's log
}

// Error gives the last line of the log that says something.
func (r *KernelReject) Error() string {
	why := lastLine(r.Log)
	if why == "" {
		why = "no log"
	}
	return fmt.Sprintf("the kernel refuses the program: %s (%s)", why, unix.ErrnoName(r.Errno))
}

// Detail gives the whole log.
func (r *KernelReject) Detail() string { return r.Log }

func (r *KernelReject) Unwrap() error { return r.Errno }

// KernelProgram is a program that the running kernel has accepted, with its
// maps.
type KernelProgram struct {
	Log string // the verifier's log, when KernelOptions.LogLevel asked for it
	// Maps are those of the program, then further ones of programs that it calls.
	Maps []*KernelMap

	src    *object.Program
	fd     int
	all    map[*object.Map]*KernelMap
	tail   []int
	out    []byte
	oneCPU bool           // what it does depends on the CPU: it is asked on CPU 0
	queues []*kernelQueue // of the maps that have one
	in     *Namespace
}

// KernelRun is what a program did with one packet.
type KernelRun struct {
	Verdict uint32
	// Packet is the frame afterwards, whatever the verdict.
	Packet []byte
	// Context is the context afterwards, when the input had one.
	Context []byte
	// Events holds what the run sent to each of Maps that takes records.
	Events [][][]byte
	// Duration is the kernel's mean time of one run.
	Duration time.Duration
}

// KernelInput is one packet with its surroundings.
type KernelInput struct {
	// Packet is the frame, at least 14 bytes: the kernel refuses shorter ones.
	Packet []byte
	// Context is a struct xdp_md or __sk_buff, or nil.
	Context []byte
	// Repeat is the number of runs; 0 means 1. Packet is the last run's.
	Repeat int
}

// LoadKernel loads a program into the running kernel, with its maps and their
// initial entries. It needs the right to load programs (root, or CAP_BPF and
// CAP_NET_ADMIN). A refusal of the verifier is a *KernelReject. A kernel whose
// JIT is stuck is not asked: the error is ErrKernelStuck.
//
// Functions are verified as static or global ones, as Program.Funcs has them.
func LoadKernel(p *object.Program, o KernelOptions) (*KernelProgram, error) {
	if err := health(); err != nil {
		return nil, err
	}
	k := &KernelProgram{src: p, fd: -1, all: map[*object.Map]*KernelMap{}, in: o.Namespace}
	if err := k.load(o); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

func (k *KernelProgram) load(o KernelOptions) error {
	if o.Tail == nil {
		o.Tail = k.src.Called
	}
	every := *k.src
	every.Called = o.Tail
	for _, spec := range every.AllMaps() {
		if err := k.addMap(spec); err != nil {
			return err
		}
	}
	if err := k.nest(); err != nil {
		return err
	}
	var err error
	if k.fd, k.Log, err = k.loadProgram(k.src, o); err != nil {
		return err
	}
	return k.loadTail(o)
}

// addMap makes a map with its initial entries.
func (k *KernelProgram) addMap(spec *object.Map) error {
	m, err := createMap(spec)
	if err != nil {
		return err
	}
	k.all[spec] = m
	k.Maps = append(k.Maps, m)
	if m.cpus > 0 || spec.Type == bpf.MapTypeLRUHash {
		k.oneCPU = true
	}
	if err := k.listen(m); err != nil {
		return err
	}
	set := m.Set
	if targetMap(spec.Type) {
		set = m.setTargets
	}
	if err := k.steady(func() error { return set(spec.Initial) }); err != nil {
		return err
	}
	if spec.Frozen {
		return m.freeze()
	}
	return nil
}

// nest puts maps into the maps of maps.
func (k *KernelProgram) nest() error {
	for _, m := range k.Maps {
		for index, in := range m.Spec.Inners {
			key, value := make([]byte, 4), make([]byte, 4)
			binary.NativeEndian.PutUint32(key, index)
			binary.NativeEndian.PutUint32(value, uint32(k.all[in].fd))
			if err := m.Update(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadTail loads the programs that program arrays name and enters them.
func (k *KernelProgram) loadTail(o KernelOptions) error {
	fds := map[string]int{k.src.Name: k.fd}
	for _, p := range o.Tail {
		fd, _, err := k.loadProgram(p, KernelOptions{Flags: o.Flags, NoLog: o.NoLog})
		if err != nil {
			return fmt.Errorf("program %q: %w", p.Name, err)
		}
		k.tail = append(k.tail, fd)
		fds[p.Name] = fd
	}
	for spec, m := range k.all {
		for index, name := range spec.Programs {
			fd, ok := fds[name]
			if !ok {
				return fmt.Errorf("map %q names program %q, which is not given", spec.Name, name)
			}
			key, value := make([]byte, 4), make([]byte, 4)
			binary.NativeEndian.PutUint32(key, index)
			binary.NativeEndian.PutUint32(value, uint32(fd))
			if err := m.Update(key, value); err != nil {
				return err
			}
		}
		if err := m.setEnds(fds); err != nil {
			return err
		}
	}
	return nil
}

func (k *KernelProgram) loadProgram(p *object.Program, o KernelOptions) (int, string, error) {
	spec, err := k.spec(p)
	if err != nil {
		return -1, "", err
	}
	spec.Flags = o.Flags
	if p.Fragments && p.Type == object.XDP {
		spec.Flags |= bpf.FXDPHasFrags
	}
	if needsBTF(p) {
		h, table, err := functionBTF(p)
		if err != nil {
			return -1, "", err
		}
		defer h.Close()
		spec.BTF, spec.Funcs = h.FD(), table
	}
	spec.LogLevel = o.LogLevel
	for {
		if spec.LogLevel > 0 {
			spec.Log = make([]byte, max(1<<16, 4*len(spec.Log)))
		}
		fd, err := sys.LoadProg(spec)
		switch {
		case err == nil:
			return fd, sys.CString(spec.Log), nil
		case errors.Is(err, unix.ENOSPC) && len(spec.Log) > 0 && len(spec.Log) < 1<<26:
			continue
		case errors.Is(err, unix.EPERM) && spec.LogLevel == 0 && !canLoad():
			return -1, "", fmt.Errorf("the kernel judge may not load programs: run it as root, or with CAP_BPF and CAP_NET_ADMIN: %w", err)
		case spec.LogLevel == 0 && !o.NoLog:
			spec.LogLevel = 1
			if errors.Is(err, unix.E2BIG) {
				spec.LogLevel = logStats // the walk was too long, and its log is longer
			}
			continue
		}
		var errno unix.Errno
		errors.As(err, &errno)
		return -1, "", &KernelReject{Errno: errno, Log: sys.CString(spec.Log)}
	}
}

// spec returns what BPF_PROG_LOAD is told of every program.
func (k *KernelProgram) spec(p *object.Program) (*sys.ProgSpec, error) {
	insns, err := k.bindMaps(p)
	if err != nil {
		return nil, err
	}
	if len(insns) == 0 {
		return nil, fmt.Errorf("program %q has no instructions", p.Name)
	}
	if harmsKernel(insns) {
		return nil, fmt.Errorf("program %q: %w", p.Name, ErrHarmsKernel)
	}
	spec := &sys.ProgSpec{Type: p.Type.ProgType(), Attach: p.Attach, Insns: bpf.Encode(nil, insns), License: p.License, Name: p.Name}
	if spec.Type == bpf.ProgTypeUnspec {
		return nil, fmt.Errorf("program %q is of no type that the kernel judge knows: xdp and tc", p.Name)
	}
	return spec, nil
}

// bindMaps puts the maps' file descriptors into the 64-bit immediate loads, and the
// kernel's numbers of its functions into their calls.
func (k *KernelProgram) bindMaps(p *object.Program) (insns []bpf.Insn, err error) {
	insns = slices.Clone(p.Insns)
	for i := 0; i < len(insns); i++ {
		in := &insns[i]
		if in.IsKfuncCall() {
			if in.Imm, err = kernelFunction(in.Kfunc()); err != nil {
				return nil, fmt.Errorf("instruction %d: %w", i, err)
			}
		}
		if !in.Wide() {
			continue
		}
		if in.Src == bpf.PseudoMapFD || in.Src == bpf.PseudoMapValue {
			if in.Imm < 0 || int(in.Imm) >= len(p.Maps) {
				return nil, fmt.Errorf("instruction %d loads map %d of %d", i, in.Imm, len(p.Maps))
			}
			in.Imm = int32(k.all[p.Maps[in.Imm]].fd)
		}
		i++
	}
	return insns, nil
}

// Run runs the program once on a packet, or in.Repeat times on fresh copies of
// it. The slices of the result are the caller's.
func (k *KernelProgram) Run(in KernelInput) (run KernelRun, err error) {
	err = k.steady(func() error {
		run, err = k.run(in)
		return err
	})
	return run, err
}

// steady does something on CPU 0, where what comes of it depends on the CPU.
func (k *KernelProgram) steady(do func() error) error {
	if k.oneCPU {
		restore, err := StayOnFirstCPU()
		if err != nil {
			return err
		}
		defer restore()
	}
	return do()
}

func (k *KernelProgram) run(in KernelInput) (KernelRun, error) {
	if need := len(in.Packet) + 4096; len(k.out) < need {
		k.out = make([]byte, need)
	}
	r, err := k.testRun(sys.TestRun{Data: in.Packet, Context: in.Context, DataOut: k.out, Repeat: max(in.Repeat, 1)})
	if err != nil {
		if len(in.Packet) < MinKernelPacket {
			return KernelRun{}, fmt.Errorf("the kernel runs no packet of %d bytes, %d are its least: %w", len(in.Packet), MinKernelPacket, err)
		}
		return KernelRun{}, fmt.Errorf("test run on a packet of %d bytes: %w", len(in.Packet), err)
	}
	events, err := k.takeEvents()
	if err != nil {
		return KernelRun{}, err
	}
	return KernelRun{
		Events: events, Verdict: r.Return, Packet: bytes.Clone(k.out[:r.Size]), Context: r.Context, Duration: r.Duration,
	}, nil
}

// testRun runs the program in its network.
func (k *KernelProgram) testRun(run sys.TestRun) (r sys.TestResult, err error) {
	if k.in == nil {
		return sys.RunProg(k.fd, run)
	}
	err = k.in.Do(func() error {
		r, err = sys.RunProg(k.fd, run)
		return err
	})
	return r, err
}

// MinKernelPacket is the least length in bytes of a packet that
// BPF_PROG_TEST_RUN takes: an Ethernet header.
const MinKernelPacket = 14

// FD returns the program's file descriptor, which Close closes.
func (k *KernelProgram) FD() int { return k.fd }

// Map returns the map of that name, or nil.
func (k *KernelProgram) Map(name string) *KernelMap {
	for _, m := range k.Maps {
		if m.Spec.Name == name {
			return m
		}
	}
	return nil
}

// Reset gives all maps their initial entries again. A frozen map still has
// them.
func (k *KernelProgram) Reset() error {
	return k.steady(func() error {
		for spec, m := range k.all {
			if spec.Frozen {
				continue
			}
			if err := m.Set(spec.Initial); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close gives program and maps back to the kernel.
func (k *KernelProgram) Close() {
	if k.fd >= 0 {
		unix.Close(k.fd)
		k.fd = -1
		paceUnload()
	}
	for _, fd := range k.tail {
		unix.Close(fd)
	}
	k.tail = nil
	for _, q := range k.queues {
		q.close()
	}
	k.queues = nil
	for _, m := range k.all {
		m.Close()
	}
}

// StayOnFirstCPU keeps the calling goroutine on CPU 0, until the returned function is called: values
// of per-CPU maps are compared by those of CPU 0, and what a full LRU map gives up hangs on which
// CPUs' lists its entries are in.
func StayOnFirstCPU() (restore func(), err error) {
	runtime.LockOSThread()
	var old, first unix.CPUSet
	first.Set(0)
	if err = unix.SchedGetaffinity(0, &old); err == nil {
		err = unix.SchedSetaffinity(0, &first)
	}
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("run on CPU 0: %w", err)
	}
	return func() {
		_ = unix.SchedSetaffinity(0, &old)
		runtime.UnlockOSThread()
	}, nil
}

// canLoad reports whether the process may load a trivial program.
func canLoad() bool {
	code := bpf.Encode(nil, []bpf.Insn{
		bpf.Mov.Imm(0, 0),
		bpf.Return(),
	})
	fd, err := sys.LoadProg(&sys.ProgSpec{Type: bpf.ProgTypeXDP, Insns: code})
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}
