package ebpf

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Numbers of the regions.
const (
	regCtx = iota + 1
	regPacket
	regMemory // raw memory
	regMap    // map objects: margin + 64 * index
	regFunc   // functions: margin + slot
	regRecord // ring buffer records being written
	regStack  // regStack + frame
	regValue  = 16
)

// maxFrames is the depth of calls that eBPF allows, the program included.
const maxFrames = 8

// StackSize is the stack of one function in bytes.
const StackSize = 512

// Addresses says where memory lies. The layouts differ in the order of all
// regions and in all bits that an address may have by accident, so that a
// program does the same in each of them only if it makes no numbers of
// addresses.
type Addresses uint8

// The layouts.
const (
	FarApart Addresses = iota
	Reversed           // the regions the other way round
	Low                // below 4 GiB
)

// layout is where the regions lie. Addresses are virtual: the high bits say
// which region, the rest is the offset in the region plus a margin, so that
// pointers moved a little below or above their region still name it. Nothing
// lies at address 0.
type layout struct {
	flip   int   // bits of the region's number that are turned round
	shift  uint  // of the region's number
	margin int64 // offset of a region's first byte
}

var layouts = [...]layout{
	FarApart: {shift: 48, margin: 1 << 40},
	Reversed: {flip: 1<<12 - 1, shift: 48, margin: 1<<39 + 0x5a5a5a40},
	Low:      {shift: 24, margin: 1<<22 + 0xb3380},
}

// slid returns the layout with everything moved by n bytes.
func (l layout) slid(n int64) layout {
	l.margin += n
	return l
}

func (l layout) address(region int, off int64) uint64 {
	return uint64(region^l.flip)<<l.shift + uint64(l.margin+off)
}

// split undoes address.
func (l layout) split(addr uint64) (region int, off int64) {
	return int(addr>>l.shift) ^ l.flip, int64(addr&(1<<l.shift-1)) - l.margin
}

// RegionKind says what an address lies in.
type RegionKind uint8

// The region kinds.
const (
	NoRegion  RegionKind = iota // a number, or a pointer far out of its region
	Ctx                         // Off from the start of the context
	Packet                      // Off from data: data_end is the packet's length
	Memory                      // raw memory, Off from its start
	MapObject                   // a map itself
	Function                    // a function, Off is its slot
	Record                      // a reserved ring buffer record, Off in all records
	Stack                       // Off from the frame pointer R10: -512..-1 are inside
	MapValue                    // Off from the start of the value
)

var regionNames = [...]string{"no memory", "ctx", "packet", "memory", "map", "function", "ring buffer record", "stack", "map value"}

// String returns the name used in messages.
func (k RegionKind) String() string { return regionNames[k] }

// Ref is what an address points at. It does not say that the place may be
// read: Off may lie outside.
type Ref struct {
	Kind  RegionKind
	Map   int   // MapObject, MapValue: index into VM.Maps, and into the main program's Maps
	Entry int   // MapValue: which value of the map
	Frame int   // Stack: 0 is the program, 1 the function it called
	Off   int64 // bytes, from the point that Kind tells
}

// Resolve says what an address points at, at this moment of the run: the
// packet's start may move.
func (vm *VM) Resolve(addr uint64) Ref {
	region, off := vm.split(addr)
	switch {
	case region == regCtx:
		return Ref{Kind: Ctx, Off: off}
	case region == regPacket:
		return Ref{Kind: Packet, Off: off - int64(vm.data)}
	case region == regMemory:
		return Ref{Kind: Memory, Off: off}
	case region == regMap && off >= 0 && int(off>>6) < len(vm.maps):
		return Ref{Kind: MapObject, Map: int(off >> 6), Off: off & 63}
	case region == regFunc:
		return Ref{Kind: Function, Off: off}
	case region == regRecord:
		return Ref{Kind: Record, Off: off}
	case region >= regStack && region < regStack+maxFrames:
		return Ref{Kind: Stack, Frame: region - regStack, Off: off - StackSize}
	case region >= regValue && region-regValue < len(vm.maps):
		m := vm.maps[region-regValue]
		entry, in := m.locate(off)
		return Ref{Kind: MapValue, Map: region - regValue, Entry: entry, Off: in}
	}
	return Ref{}
}

// mem returns the n bytes at addr if the program may read or write them, else
// nil.
func (vm *VM) mem(addr uint64, n int, write bool) []byte {
	region, off := vm.split(addr)
	if off < 0 || n < 0 {
		return nil
	}
	end := off + int64(n)
	switch {
	case region >= regValue:
		if region-regValue >= len(vm.maps) {
			return nil
		}
		return vm.maps[region-regValue].valueBytes(off, n, write)
	case region >= regStack:
		if end > StackSize || region-regStack > vm.depth-vm.bottom {
			return nil
		}
		base := (region - regStack + vm.bottom) * StackSize
		if vm.opt.WatchStack {
			vm.watchStack(base+int(off), base+int(end), write)
		}
		return vm.stack[base+int(off) : base+int(end)]
	case region == regPacket:
		if off < int64(vm.meta) || end > int64(vm.end) {
			return nil
		}
		return vm.buf[off:end]
	case region == regMemory:
		if end > int64(len(vm.raw)) {
			return nil
		}
		return vm.raw[off:end]
	case region == regRecord:
		return vm.recordBytes(off, end)
	}
	return nil
}

// watchStack notes which bytes of the stack the program has written, and
// whether it reads others.
func (vm *VM) watchStack(from, to int, write bool) {
	for i := from; i < to; i++ {
		switch {
		case write:
			vm.written[i] = true
		case !vm.written[i]:
			vm.readUnwritten = true
		}
	}
}

// forget takes n bytes at an address of the stack for unwritten again: no program may
// rely on what an iterator leaves behind.
func (vm *VM) forget(addr uint64, n int) {
	region, off := vm.split(addr)
	if vm.opt.WatchStack && regStack <= region && region < regValue {
		base := (region-regStack+vm.bottom)*StackSize + int(off)
		clear(vm.written[base : base+n])
	}
}

// newFrame forgets what was written to the frame that is entered.
func (vm *VM) newFrame() {
	vm.entered++
	if vm.opt.WatchStack {
		clear(vm.written[vm.depth*StackSize:][:StackSize])
	}
}

// ReadUnwritten reports whether the last run read stack bytes that it had not
// written, if Options.WatchStack asked to look.
func (vm *VM) ReadUnwritten() bool { return vm.readUnwritten }

// Bytes returns the n bytes at addr that the program could read at this moment
// of the run, or nil. The slice is the VM's. The context has no bytes.
func (vm *VM) Bytes(addr uint64, n int) []byte { return vm.mem(addr, n, false) }

// explainAccess says why mem gave nil.
func (vm *VM) explainAccess(addr uint64, n int, write bool) string {
	verb := "read"
	if write {
		verb = "write"
	}
	r := vm.Resolve(addr)
	switch r.Kind {
	case NoRegion:
		return fmt.Sprintf("%s of %d bytes at %#x, which is no address of this program", verb, n, addr)
	case Packet:
		return fmt.Sprintf("%s of packet bytes %d..%d, the packet has %d", verb, r.Off, r.Off+int64(n)-1, vm.end-vm.data)
	case MapValue:
		m := vm.maps[r.Map]
		if write && m.spec.Flags&bpf.FRdonlyProg != 0 {
			return fmt.Sprintf("write to map %s, which is read-only for programs", m.spec.Name)
		}
		if m.guarded(r.Off, n) {
			return fmt.Sprintf("%s of bytes %d..%d of value %d of map %s, where its bpf_spin_lock is", verb, r.Off, r.Off+int64(n)-1, r.Entry, m.spec.Name)
		}
		return fmt.Sprintf("%s of bytes %d..%d of value %d of map %s, values have %d bytes", verb, r.Off, r.Off+int64(n)-1, r.Entry, m.spec.Name, m.spec.ValueSize)
	case Stack:
		return fmt.Sprintf("%s of stack bytes %d..%d of frame %d", verb, r.Off, r.Off+int64(n)-1, r.Frame)
	}
	return fmt.Sprintf("%s of %s bytes %d..%d", verb, r.Kind, r.Off, r.Off+int64(n)-1)
}
