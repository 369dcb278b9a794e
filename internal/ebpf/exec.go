package ebpf

import (
	"github.com/skipsw/skipsw/translate/bpf"
)

// maxTailCalls is the number of tail calls that a run may make.
const maxTailCalls = 33

// mayGotoBudget is how often may_goto lets the program go round.
const mayGotoBudget = 8 << 20

// exec runs from slot pc until the frame at depth base exits.
func (vm *VM) exec(pc, base int) error {
	for {
		insns := vm.run.src.Insns
		if pc < 0 || pc >= len(insns) {
			return vm.faultAt(pc, "runs out of the program, which has %d slots", len(insns))
		}
		if vm.steps++; vm.steps > vm.limit {
			return vm.tooLong(pc)
		}
		if vm.opt.OnStep != nil {
			vm.opt.OnStep(pc, &vm.regs)
		}
		in := insns[pc]
		if in.Dst > bpf.FP || in.Src > bpf.FP {
			return vm.faultAt(pc, "names a register above r10")
		}
		next := pc + 1
		var err error
		switch in.Class() {
		case bpf.ClassALU, bpf.ClassALU64:
			err = vm.alu(pc, in)
		case bpf.ClassLDX, bpf.ClassST, bpf.ClassSTX:
			err = vm.loadStore(pc, in)
		case bpf.ClassLD:
			if in.Wide() {
				next++
				err = vm.loadImm(pc, in)
				break
			}
			var ok bool
			if ok, err = vm.loadAbs(pc, in); err == nil && !ok {
				vm.regs[0] = 0
				if vm.leave(base) {
					return nil
				}
				next = vm.calls[vm.depth+1].ret
			}
		case bpf.ClassJMP, bpf.ClassJMP32:
			var done bool
			if next, done, err = vm.jump(pc, in, base); done {
				return err
			}
		}
		if err != nil {
			return err
		}
		if in.Dst == bpf.FP && writesDst(in) {
			return vm.faultAt(pc, "writes r10, the frame pointer")
		}
		pc = next
	}
}

// writesDst reports whether the instruction writes its destination register.
func writesDst(in bpf.Insn) bool {
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64, bpf.ClassLDX:
		return true
	case bpf.ClassLD:
		return in.Wide()
	}
	return false
}

func (vm *VM) alu(pc int, in bpf.Insn) error {
	dst := vm.regs[in.Dst]
	src := uint64(int64(in.Imm))
	if in.Source() == bpf.X {
		src = vm.regs[in.Src]
	}
	var res uint64
	var ok bool
	switch {
	case in.ALUOp() == bpf.End:
		res, ok = endian(in, dst)
	case in.Source() == bpf.K && in.ALUOp() == bpf.Mov && in.Off != 0:
		ok = false
	case in.Class() == bpf.ClassALU64:
		res, ok = alu64(in.ALUOp(), in.Off, dst, src)
	default:
		res, ok = alu32(in.ALUOp(), in.Off, uint32(dst), uint32(src))
	}
	if !ok {
		return vm.faultAt(pc, "is no instruction: %02x with offset %d", in.Op, in.Off)
	}
	vm.regs[in.Dst] = res
	return nil
}

// loadImm does the 64-bit immediate load with all its meanings.
func (vm *VM) loadImm(pc int, in bpf.Insn) error {
	insns := vm.run.src.Insns
	if pc+1 >= len(insns) || insns[pc+1].Op != 0 {
		return vm.faultAt(pc, "64-bit immediate load without its second slot")
	}
	hi := insns[pc+1].Imm
	switch in.Src {
	case 0:
		vm.regs[in.Dst] = in.Imm64(insns[pc+1])
	case bpf.PseudoMapFD, bpf.PseudoMapValue:
		if in.Imm < 0 || int(in.Imm) >= len(vm.run.maps) {
			return vm.faultAt(pc, "loads map %d of %d", in.Imm, len(vm.run.maps))
		}
		m := vm.maps[vm.run.maps[in.Imm]]
		if in.Src == bpf.PseudoMapFD {
			vm.regs[in.Dst] = m.object()
			break
		}
		if !m.direct() {
			return vm.faultAt(pc, "loads the address of a value of map %s, which is no array of one entry", m.spec.Name)
		}
		vm.regs[in.Dst] = m.address(0) + uint64(uint32(hi))
	case bpf.PseudoFunc:
		vm.regs[in.Dst] = vm.address(regFunc, int64(in.FuncTarget(pc)))
	default:
		return vm.faultAt(pc, "not supported: 64-bit immediate load of kind %d", in.Src)
	}
	return nil
}

// jump does the instructions of the two jump classes. done is set when the
// frame at depth base has exited, or on an error.
func (vm *VM) jump(pc int, in bpf.Insn, base int) (next int, done bool, err error) {
	wide := in.Class() == bpf.ClassJMP
	switch op := in.JumpOp(); {
	case op == bpf.Ja:
		return vm.land(pc, in.JumpTarget(pc))
	case op == bpf.Call && wide:
		return vm.call(pc, in)
	case op == bpf.Exit && wide:
		if vm.leave(base) {
			return 0, true, nil
		}
		return vm.calls[vm.depth+1].ret, false, nil
	case op == bpf.JCond && wide:
		if vm.mayGoto++; vm.mayGoto > mayGotoBudget {
			return vm.land(pc, in.JumpTarget(pc))
		}
		return pc + 1, false, nil
	}
	src := uint64(int64(in.Imm))
	if in.Source() == bpf.X {
		src = vm.regs[in.Src]
	}
	yes, ok := taken(in.JumpOp(), wide, vm.regs[in.Dst], src)
	if !ok {
		return 0, true, vm.faultAt(pc, "is no instruction: %02x", in.Op)
	}
	if yes {
		return vm.land(pc, in.JumpTarget(pc))
	}
	return pc + 1, false, nil
}

func (vm *VM) land(pc, target int) (next int, done bool, err error) {
	insns := vm.run.src.Insns
	if target < 0 || target >= len(insns) || secondHalf(insns, target) {
		return 0, true, vm.faultAt(pc, "jumps to slot %d, which is no instruction", target)
	}
	return target, false, nil
}

// call does calls of functions and of helpers.
func (vm *VM) call(pc int, in bpf.Insn) (next int, done bool, err error) {
	if in.Source() == bpf.X {
		return 0, true, vm.faultAt(pc, "not supported: call through a register")
	}
	switch in.Src {
	case bpf.PseudoCall:
		if err := vm.enter(pc, pc+1); err != nil {
			return 0, true, err
		}
		return vm.land(pc, in.FuncTarget(pc))
	case bpf.PseudoKfunc:
		r0, err := vm.kfunc(pc, in.Kfunc())
		if err != nil {
			return 0, true, err
		}
		vm.clobber()
		vm.regs[0] = r0
		return pc + 1, false, nil
	case bpf.PseudoHelper:
	default:
		return 0, true, vm.faultAt(pc, "is no call: source register %d", in.Src)
	}
	if in.Helper() == bpf.HelperTailCall && vm.opt.Helpers[bpf.HelperTailCall] == nil {
		entered, err := vm.tailCall(pc)
		if err != nil || entered {
			return 0, err != nil, err
		}
		vm.clobber()
		return pc + 1, false, nil
	}
	r0, err := vm.helper(pc, in.Helper())
	if err != nil {
		return 0, true, err
	}
	vm.clobber()
	vm.regs[0] = r0
	return pc + 1, false, nil
}

// clobber makes the argument registers unreadable after a call.
func (vm *VM) clobber() {
	for r := 1; r <= 5; r++ {
		vm.regs[r] = poison + uint64(r)
	}
}

// enter opens a frame that returns to slot ret.
func (vm *VM) enter(pc, ret int) error {
	if vm.depth-vm.bottom+1 >= maxFrames {
		return vm.faultAt(pc, "calls more than %d functions deep", maxFrames)
	}
	vm.depth++
	vm.grow()
	f := &vm.calls[vm.depth]
	f.ret, f.prog, f.bottom = ret, vm.run, vm.bottom
	copy(f.saved[:], vm.regs[6:10])
	vm.regs[0] = poison
	for r := 6; r <= 9; r++ {
		vm.regs[r] = poison + uint64(r)
	}
	clear(vm.stack[vm.depth*StackSize : (vm.depth+1)*StackSize])
	vm.regs[10] = vm.framePointer()
	vm.newFrame()
	return nil
}

// grow makes room for the frame that is open last.
func (vm *VM) grow() {
	for len(vm.calls) <= vm.depth {
		vm.calls = append(vm.calls, callFrame{})
		vm.stack = append(vm.stack, make([]byte, StackSize)...)
		vm.written = append(vm.written, make([]bool, StackSize)...)
	}
}

// framePointer returns the address behind the running function's stack. The
// frames of a program count from 0, those of callers that wait for it are out of
// its reach.
func (vm *VM) framePointer() uint64 { return vm.address(regStack+vm.depth-vm.bottom, StackSize) }

// leave closes the running frame; true if it is the one at depth base that
// exec was asked to run.
func (vm *VM) leave(base int) bool {
	if vm.depth == base {
		return true
	}
	f := &vm.calls[vm.depth]
	vm.depth--
	vm.run, vm.bottom = f.prog, f.bottom
	copy(vm.regs[6:10], f.saved[:])
	vm.clobber()
	vm.regs[10] = vm.framePointer()
	return false
}

// invoke runs a function of the program from within a helper and returns its
// R0.
func (vm *VM) invoke(pc, start int, args ...uint64) (uint64, error) {
	saved := vm.regs
	if err := vm.enter(pc, pc+1); err != nil {
		return 0, err
	}
	copy(vm.regs[1:6], args)
	if _, _, err := vm.land(pc, start); err != nil {
		return 0, err
	}
	if err := vm.exec(start, vm.depth); err != nil {
		return 0, err
	}
	r0 := vm.regs[0]
	vm.run, vm.bottom = vm.calls[vm.depth].prog, vm.calls[vm.depth].bottom
	vm.depth--
	vm.regs = saved
	return r0, nil
}

// tailCall replaces the running function by the program that the array names.
// It returns false where the kernel goes on behind the call.
func (vm *VM) tailCall(pc int) (bool, error) {
	m := vm.mapObject(vm.regs[2])
	if m == nil || m.spec.Type != bpf.MapTypeProgArray {
		return false, vm.faultAt(pc, "tail call through %#x, which is no program array", vm.regs[2])
	}
	if vm.Resolve(vm.regs[1]) != (Ref{Kind: Ctx}) {
		return false, vm.faultAt(pc, "tail call without the context in r1")
	}
	p := m.progs[uint32(vm.regs[3])]
	if p == nil || vm.tailCalls >= maxTailCalls {
		return false, nil
	}
	vm.tailCalls++
	vm.run, vm.bottom = p, vm.depth
	ctx, fp := vm.regs[1], vm.framePointer()
	for r := range vm.regs {
		vm.regs[r] = poison + uint64(r)
	}
	vm.regs[1], vm.regs[10] = ctx, fp
	return true, nil
}
