package kernel

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Code is the code of a loaded program.
type Code struct {
	Name    string
	Insns   []bpf.Insn    // after verification; nil when the caller may not see them
	Lines   []object.Line // C lines by slot
	Machine []byte        // the device's image of the program; nil when its driver gives none
	Device  string        // the interface it was loaded for
}

// Code reads a program's code out of the kernel.
func (d *Device) Code(id uint32) (*Code, error) {
	op := fmt.Sprintf("read the code of program %d", id)
	fd, err := fdByID(unix.BPF_PROG_GET_FD_BY_ID, id)
	if err != nil {
		e := d.fail(op, err)
		var oe *offload.Error
		if errors.As(e, &oe) && errors.Is(err, unix.ENOENT) {
			oe.Reason = "there is no such program; `offload prog list` shows all"
		}
		return nil, e
	}
	defer unix.Close(fd)
	p, err := readProg(fd)
	if err != nil {
		return nil, d.fail(op, err)
	}
	xlated, jited, err := readCode(fd)
	if err != nil {
		return nil, d.fail(op, err)
	}
	if p.Ifindex == 0 {
		jited = nil // the host's own machine code
	}
	c := &Code{Name: p.name(), Machine: jited, Device: d.deviceName(p.Ifindex, p.NetnsDev, p.NetnsIno)}
	if c.Insns, err = bpf.Decode(xlated); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if c.Lines, err = readLines(fd, p); err != nil {
		return nil, d.fail(op, err)
	}
	return c, nil
}

// readLines reads the C lines that the kernel keeps with a program.
func readLines(fd int, p *program) ([]object.Line, error) {
	if p.BTFID == 0 {
		return nil, nil
	}
	if p.LineInfoCount == 0 || p.LineInfoRecSize < lineInfoSize {
		return taggedLines(p.BTFID), nil
	}
	records := make([]byte, int(p.LineInfoCount)*int(p.LineInfoRecSize))
	ask := progInfo{LineInfoCount: p.LineInfoCount, LineInfoRecSize: p.LineInfoRecSize, LineInfo: unsafe.Pointer(&records[0])}
	if err := objInfo(fd, unsafe.Pointer(&ask), unsafe.Sizeof(ask)); err != nil {
		return nil, err
	}
	names, err := btfStrings(p.BTFID)
	if err != nil {
		return nil, err
	}
	str := func(at uint32) string {
		if int(at) >= len(names) {
			return ""
		}
		return cString(names[at:])
	}
	var lines []object.Line
	for k := range int(ask.LineInfoCount) {
		r := records[k*int(p.LineInfoRecSize):]
		col := hostOrder.Uint32(r[12:])
		lines = append(lines, object.Line{
			Slot: int(hostOrder.Uint32(r)), File: str(hostOrder.Uint32(r[4:])), Text: str(hostOrder.Uint32(r[8:])),
			LineNo: int(col >> 10), Column: int(col & 0x3ff),
		})
	}
	return lines, nil
}

// taggedLines reads the C lines out of the tags of a program's main function.
func taggedLines(btfID uint32) []object.Line {
	spec, err := kernelTypes(btfID)
	if err != nil {
		return nil
	}
	var lines []object.Line
	for t, err := range spec.All() {
		if err != nil {
			return nil
		}
		f, ok := t.(*btf.Func)
		if !ok {
			continue
		}
		for _, tag := range f.Tags {
			if l, ok := parseLineTag(tag); ok {
				lines = append(lines, l)
			}
		}
	}
	slices.SortFunc(lines, func(a, b object.Line) int { return a.Slot - b.Slot })
	return lines
}

// btfInfo is the kernel's struct bpf_btf_info.
type btfInfo struct {
	BTF       unsafe.Pointer
	Size, ID  uint32
	Name      unsafe.Pointer
	NameLen   uint32
	KernelBTF uint32
}

// btfStrings returns the string section of type information in the kernel.
func btfStrings(id uint32) ([]byte, error) {
	fd, err := fdByID(unix.BPF_BTF_GET_FD_BY_ID, id)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var first btfInfo
	if err := objInfo(fd, unsafe.Pointer(&first), unsafe.Sizeof(first)); err != nil {
		return nil, err
	}
	if first.Size < 24 {
		return nil, errShort
	}
	raw := make([]byte, first.Size)
	ask := btfInfo{BTF: unsafe.Pointer(&raw[0]), Size: first.Size}
	if err := objInfo(fd, unsafe.Pointer(&ask), unsafe.Sizeof(ask)); err != nil {
		return nil, err
	}
	start := uint64(hostOrder.Uint32(raw[4:])) + uint64(hostOrder.Uint32(raw[16:]))
	end := start + uint64(hostOrder.Uint32(raw[20:]))
	if start > end || end > uint64(len(raw)) {
		return nil, errShort
	}
	return raw[start:end], nil
}
