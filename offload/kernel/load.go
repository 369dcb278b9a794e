package kernel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Sizes of the log buffer that are tried: a buffer that is too small fails the
// load.
var logSizes = []int{1 << 18, 1 << 22, 1 << 26}

// loaded is a program in the kernel, held open.
type loaded struct {
	fd  int
	id  uint32
	tag string
	log string
}

func (l *loaded) ID() uint32   { return l.id }
func (l *loaded) Tag() string  { return l.tag }
func (l *loaded) Log() string  { return l.log }
func (l *loaded) Close() error { return unix.Close(l.fd) }

// Load implements offload.Device. In hardware mode the kernel's driver gets the
// program; in the others it is a program of the host.
func (d *Device) Load(_ context.Context, p *offload.Program, mode offload.Mode, maps []offload.Map) (offload.Loaded, error) {
	liftMemlock()
	op := fmt.Sprintf("load program %s", p.Name)
	if mode == offload.Hardware {
		op += " for " + d.name
	}
	code, err := relocate(p.Program, maps)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	info, left := newTypeInfo(p, mode == offload.Hardware)
	defer info.close()
	var fd int
	var log string
	err = d.in(func() error {
		fd, log, err = d.loadCode(p, mode, code, info)
		if info.fd != 0 && typesRefused(log, err) {
			if fd2, log2, err2 := d.loadCode(p, mode, code, &typeInfo{}); err2 == nil {
				left, fd, log, err = errors.New(lastWords(log)), fd2, log2, nil
			}
		}
		return err
	})
	if left != nil {
		log += fmt.Sprintf("type information was left out: %v\n", left)
	}
	if err != nil {
		return nil, d.loadError(op, p.Program, mode, log, err)
	}
	pi, err := sys.ReadProg(fd)
	if err != nil {
		unix.Close(fd)
		return nil, d.fail(op, err)
	}
	return &loaded{fd: fd, id: pi.ID, tag: pi.Tag, log: log}, nil
}

// typesRefused reports whether a load failed before the verifier had walked an
// instruction, which it does when it does not like the type information.
func typesRefused(log string, err error) bool {
	return (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.E2BIG)) && lastInsn(log) < 0
}

// relocate encodes the program with the maps' descriptors filled in.
func relocate(p *object.Program, maps []offload.Map) ([]byte, error) {
	code := make([]byte, 0, len(p.Insns)*8)
	for slot, in := range p.Insns {
		if in.Wide() && (in.Src == bpf.PseudoMapFD || in.Src == bpf.PseudoMapValue) {
			if int(in.Imm) >= len(maps) || in.Imm < 0 {
				return nil, fmt.Errorf("instruction %d refers to map %d of %d", slot, in.Imm, len(maps))
			}
			m, ok := maps[in.Imm].(*kernelMap)
			if !ok {
				return nil, fmt.Errorf("map %s is not a map of this kernel", p.Maps[in.Imm].Name)
			}
			in.Imm = int32(m.fd)
		}
		code = append(code, byte(in.Op), in.Dst|in.Src<<4)
		code = binary.NativeEndian.AppendUint16(code, uint16(in.Off))
		code = binary.NativeEndian.AppendUint32(code, uint32(in.Imm))
	}
	return code, nil
}

// loadCode does the system call, with a log buffer that is large enough.
func (d *Device) loadCode(p *offload.Program, mode offload.Mode, code []byte, info *typeInfo) (fd int, log string, err error) {
	spec := sys.ProgSpec{
		Type: p.Type.ProgType(), Insns: code, License: p.License, Name: p.Name, LogLevel: 1,
		BTF: info.fd, Funcs: info.funcs, Lines: info.lines,
	}
	if mode == offload.Hardware {
		spec.Ifindex = d.ifindex
	}
	for _, size := range logSizes {
		spec.Log = make([]byte, size)
		fd, err = sys.LoadProg(&spec)
		log = sys.CString(spec.Log)
		if !errors.Is(err, unix.ENOSPC) {
			break
		}
	}
	return fd, log, err
}

// NewMap implements offload.MapStore. In hardware mode the map lives on the
// device, but for perf event arrays, which are the host's.
func (d *Device) NewMap(ctx context.Context, m *object.Map, mode offload.Mode) (offload.Map, error) {
	liftMemlock()
	op := fmt.Sprintf("make map %s", m.Name)
	inner := 0
	if m.Inner != nil {
		if mode == offload.Hardware {
			return nil, fmt.Errorf("%s: %w", op, offload.NotSupported("maps of maps", "the kernel does not offload them"))
		}
		like, err := d.NewMap(ctx, m.Inner, mode) // the kernel takes the shape of it
		if err != nil {
			return nil, fmt.Errorf("%s: its inner map: %w", op, err)
		}
		defer like.Close()
		inner = like.(*kernelMap).fd
	}
	spec := sys.MapSpec{Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags, Name: m.Name, Inner: inner}
	if mode == offload.Hardware && m.Type != bpf.MapTypePerfEventArray {
		spec.Ifindex = d.ifindex
		op += " on " + d.name
	}
	if m.Type == bpf.MapTypePerfEventArray && m.MaxEntries == 0 {
		cpus, err := ebpf.PossibleCPU()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		spec.MaxEntries = uint32(cpus)
	}
	if spec.Ifindex == 0 {
		spec.BTF, spec.KeyType, spec.ValueType = loadMapTypes(m)
		if spec.BTF != 0 {
			defer unix.Close(spec.BTF)
		}
	}
	var fd int
	err := d.in(func() (err error) {
		fd, err = sys.CreateMap(spec)
		if err != nil && spec.BTF != 0 {
			// Types are for who reads the map; some kinds of map take none.
			spec.BTF, spec.KeyType, spec.ValueType = 0, 0, 0
			fd, err = sys.CreateMap(spec)
		}
		return err
	})
	if err != nil {
		return nil, d.mapError(op, m, spec.Ifindex != 0, err)
	}
	km, err := d.newMap(fd)
	if err != nil {
		return nil, d.fail(op, err)
	}
	for _, e := range m.Initial {
		if err := km.Update(e.Key, e.Value, 0); err != nil {
			km.Close()
			return nil, fmt.Errorf("%s: initial entry: %w", op, err)
		}
	}
	if m.Frozen && spec.Ifindex == 0 {
		// The verifier then takes what is in the map as constants. A kernel
		// before 5.2 cannot freeze, and does not need it.
		_ = sys.FreezeMap(km.fd)
	}
	return km, nil
}

// lastInsn returns the slot of the last instruction that a verifier log walks,
// or -1.
func lastInsn(log string) int {
	slot := -1
	for line := range strings.Lines(log) {
		n, rest, ok := strings.Cut(line, ": (")
		if !ok || len(rest) < 3 || rest[2] != ')' {
			continue
		}
		if k, err := strconv.ParseUint(n, 10, 20); err == nil {
			slot = int(k)
		}
	}
	return slot
}

// lastWords returns the line of a verifier log that says what was wrong.
func lastWords(log string) string {
	words := ""
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", strings.HasPrefix(line, "processed "), strings.HasPrefix(line, "verification time"),
			strings.HasPrefix(line, "stack depth"), strings.HasPrefix(line, "max_states"), strings.HasPrefix(line, "peak_states"):
			continue
		}
		words = line
	}
	return words
}
