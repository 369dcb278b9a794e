package kernel

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Code implements offload.CodeReader.
func (d *Device) Code(_ context.Context, id uint32) (*offload.Code, error) {
	op := fmt.Sprintf("read the code of program %d", id)
	fd, err := sys.OpenID(sys.Progs, id)
	if err != nil {
		e := d.fail(op, err)
		var oe *offload.Error
		if errors.As(e, &oe) && errors.Is(err, unix.ENOENT) {
			oe.Reason, oe.Advice = "there is no such program", offload.AdvisePrograms
		}
		return nil, e
	}
	defer unix.Close(fd)
	p, err := sys.ReadProg(fd)
	if err != nil {
		return nil, d.fail(op, err)
	}
	xlated, jited, err := sys.ReadCode(fd)
	if err != nil {
		return nil, d.fail(op, err)
	}
	if p.Ifindex == 0 {
		jited = nil // the host's own machine code
	}
	c := &offload.Code{Name: p.Name, Machine: jited, Device: d.deviceName(p.Ifindex, p.Netns)}
	if c.Insns, err = bpf.Decode(xlated); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if c.Lines, err = readLines(fd, p); err != nil {
		return nil, d.fail(op, err)
	}
	return c, nil
}

// readLines reads the C lines that the kernel keeps with a program.
func readLines(fd int, p *sys.ProgInfo) ([]object.Line, error) {
	if p.BTF == 0 {
		return nil, nil
	}
	records, err := sys.ReadLines(fd, p)
	if err != nil {
		return nil, err
	}
	if records == nil {
		return taggedLines(p.BTF), nil
	}
	text, err := sys.BTFStrings(p.BTF)
	if err != nil {
		return nil, err
	}
	lines := make([]object.Line, len(records))
	for i, r := range records {
		lines[i] = object.Line{Slot: int(r.Slot), File: text(r.File), Text: text(r.Text), LineNo: r.LineNo, Column: r.Column}
	}
	return lines, nil
}

// taggedLines reads the C lines out of the tags of a program's main function.
func taggedLines(btfID uint32) []object.Line {
	var lines []object.Line
	for _, tag := range mainTags(btfID) {
		if l, ok := parseLineTag(tag); ok {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b object.Line) int { return a.Slot - b.Slot })
	return lines
}

// mainTags returns the tags of a program's functions; only the main one has
// any.
func mainTags(btfID uint32) (tags []string) {
	spec, err := sys.Types(btfID)
	if err != nil {
		return nil
	}
	for t, err := range spec.All() {
		if err != nil {
			return nil
		}
		if f, ok := t.(*btf.Func); ok {
			tags = append(tags, f.Tags...)
		}
	}
	return tags
}
