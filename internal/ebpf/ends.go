package ebpf

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// End is what a program at the far end of a redirect made of a frame, or of a copy.
type End struct {
	Program string
	// Ifindex is the interface of an entry of a device map, Key the key of one of a CPU
	// map, whose type Type is.
	Ifindex uint32
	Key     uint32
	Type    bpf.MapType
	Result  Result // its slices stay valid
	// Lost says that the frame was to go on after maxEnds programs.
	Lost bool
}

// maxEnds is how many programs at far ends a frame passes, one after the other. The
// kernel has no such bound: a frame that is redirected to where it is goes round for
// ever.
const maxEnds = 8

// farEnd returns the number of the program in an entry, 0 for none.
func (m *Map) farEnd(value []byte) uint32 {
	if m.spec.Holds() == bpf.AtHook {
		return 0
	}
	return le.Uint32(value[len(value)-4:])
}

// withProgram returns the value of an entry with the number of its program.
func (vm *VM) withProgram(spec *object.Map, e *object.Entry) ([]byte, error) {
	name := spec.Ends[string(e.Key)]
	if name == "" {
		return e.Value, nil
	}
	k := slices.IndexFunc(vm.progs, func(p *program) bool { return p.src.Name == name })
	if k < 0 {
		return nil, fmt.Errorf("it names program %q, which is not given", name)
	}
	return le.AppendUint32(slices.Clone(e.Value[:4]), uint32(k+1)), nil
}

// ends reports whether programs run at the far ends.
func (r *Redirect) ends() bool {
	return r.Set && (r.Program != 0 || slices.ContainsFunc(r.Programs, func(n uint32) bool { return n != 0 }))
}

// place is what of the VM is the frame and its buffer.
type place struct {
	buf             []byte
	meta, data, end int
	fragment        int
}

func (vm *VM) place() place {
	return place{bytes.Clone(vm.buf), vm.meta, vm.data, vm.end, vm.fragment}
}

func (vm *VM) putBack(p place) {
	copy(vm.buf, p.buf)
	vm.meta, vm.data, vm.end, vm.fragment = p.meta, p.data, p.end, p.fragment
}

// runEnds runs the programs at the far ends of a result's redirect, on copies of the
// frame as it was left.
func (vm *VM) runEnds(r *Result) error {
	to := &r.Redirect
	if vm.byTyp != object.XDP || uint32(r.R0) != uint32(bpf.XDPRedirect) || !to.ends() {
		return nil
	}
	keepResult(r)
	was, in := vm.place(), vm.in
	defer func() {
		vm.in = in
		vm.putBack(was)
	}()
	return vm.ends(to, maxEnds, &r.Ends)
}

func keepResult(r *Result) {
	r.Packet, r.Meta = bytes.Clone(r.Packet), bytes.Clone(r.Meta)
}

// ends adds what programs make of the frame that is there, of which most may follow
// each other.
func (vm *VM) ends(to *Redirect, most int, out *[]End) error {
	type far struct{ index, program uint32 }
	fars := []far{{to.Ifindex, to.Program}}
	if to.Flags&bpf.FBroadcast != 0 {
		fars = nil
		for i, index := range to.Copies {
			fars = append(fars, far{index, to.Programs[i]})
		}
	}
	was := vm.place()
	for _, f := range fars {
		if f.program == 0 {
			continue
		}
		vm.putBack(was)
		vm.in.EgressIfindex, vm.in.RxQueue = 0, 0 // the kernel reports no queue there
		e := End{Type: to.Type, Key: to.Key}
		if to.Type != bpf.MapTypeCPUMap {
			vm.in.EgressIfindex, e.Ifindex, e.Key = f.index, f.index, 0
		}
		if int(f.program) > len(vm.progs) || vm.progs[f.program-1].src.Attach != vm.mapAttach(to) {
			return fmt.Errorf("an entry of map %s holds program %d, which does not run there", to.Map, f.program)
		}
		e.Program = vm.progs[f.program-1].src.Name
		r, err := vm.runProgram(int(f.program - 1))
		if err != nil {
			return err
		}
		keepResult(&r)
		again := &r.Redirect
		goesOn := to.Type == bpf.MapTypeCPUMap && uint32(r.R0) == uint32(bpf.XDPRedirect) && again.ends()
		e.Result, e.Lost = r, goesOn && most == 1
		*out = append(*out, e)
		if goesOn && !e.Lost {
			if err := vm.ends(again, most-1, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// mapAttach returns where programs run that entries of a redirect's map hold.
func (vm *VM) mapAttach(to *Redirect) bpf.AttachType {
	if m := vm.Map(to.Map); m != nil {
		return m.spec.Holds()
	}
	return bpf.AtHook
}
