package verify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// watcher compares each step of an execution with the facts.
type watcher struct {
	p    *verify.Program
	vm   *ebpf.VM
	bad  string
	seen int // facts compared

	last  int // slot before, -1 at the start
	depth int
	// dead registers and stack bytes of each frame, by LiveAfter and StackLive
	dead []uint16
}

func (w *watcher) fail(slot int, format string, args ...any) {
	if w.bad == "" {
		w.bad = fmt.Sprintf("slot %d (%s): ", slot, w.p.Source().Insns[slot]) + fmt.Sprintf(format, args...)
	}
}

// reads returns the registers that an instruction reads itself; what a call
// takes is its callee's matter.
func reads(in bpf.Insn) uint16 {
	if in.IsCall() {
		return 0
	}
	return uint16(in.Uses())
}

func (w *watcher) step(slot int, regs *[11]uint64) {
	if w.vm.Running() != w.p.Source() {
		return
	}
	if !w.p.Reached(slot) {
		w.fail(slot, "executed, but said to be unreachable")
		return
	}
	depth := w.vm.Frame()
	in := w.p.Source().Insns[slot]
	if w.last >= 0 {
		w.jumped(slot)
	}
	for depth >= len(w.dead) {
		w.dead = append(w.dead, 0)
	}
	if depth > w.depth || w.last >= 0 && w.begins(slot) {
		w.dead[depth] = 0
	}
	if depth == w.depth || w.last < 0 {
		if r := reads(in) & w.dead[depth]; r != 0 && w.last >= 0 {
			w.fail(slot, "reads dead registers %011b", r)
		}
	}
	w.dead[depth] = 0
	for r := range 10 {
		if !w.p.LiveAfter(slot, r) {
			w.dead[depth] |= 1 << r
		}
		// What no instruction on this way wrote is not read on it, either; the
		// interpreter marks such registers.
		unset := regs[r] == 0xdead0000beef0000+uint64(r)
		if f := w.p.Reg(slot, r); f.Kind != verify.Uninit && !unset {
			w.seen++
			w.check(slot, r, f, regs[r])
		}
	}
	w.last, w.depth = slot, depth
}

// begins reports whether a step begins a function that is called back once more, or
// the program itself by a tail call.
func (w *watcher) begins(slot int) bool {
	last := w.p.Source().Insns[w.last]
	return last.IsExit() || last.IsCallOf(bpf.HelperTailCall) && slot != w.last+1
}

// jumped compares the way taken since the last step with Branches.
func (w *watcher) jumped(slot int) {
	in := w.p.Source().Insns[w.last]
	if !in.IsConditional() {
		return
	}
	fall, taken := w.p.Branches(w.last)
	to := in.JumpTarget(w.last)
	if slot == w.last+1 && !fall && !(taken && to == slot) || slot != w.last+1 && !taken {
		w.fail(w.last, "goes to slot %d, facts say fall %v taken %v", slot, fall, taken)
	}
}

func (w *watcher) check(slot, r int, f *verify.Reg, val uint64) {
	ref := w.vm.Resolve(val)
	bad := func(what string) {
		w.fail(slot, "R%d = %#x (%v %+d frame %d map %d): %s; fact %+v", r, val, ref.Kind, ref.Off, ref.Frame, ref.Map, what, *f)
	}
	number := val
	switch f.Kind {
	case verify.Scalar:
	case verify.Mixed:
		return
	case verify.PtrMapValueOrNull, verify.PtrMemOrNull, verify.PtrMapOrNull, verify.PtrSliceOrNull, verify.PtrSocketOrNull:
		if val == 0 {
			return
		}
		if f.Kind == verify.PtrMapValueOrNull && ref.Kind != ebpf.MapValue {
			bad("not a map value")
		}
		return
	case verify.PtrPacketEnd:
		if ref.Kind != ebpf.Packet || int(ref.Off) != w.vm.PacketLen() {
			bad("not the packet's end")
		}
		return
	case verify.PtrPacketMeta, verify.PtrMap, verify.PtrMem, verify.PtrFunc, verify.PtrMapKey, verify.PtrNum, verify.PtrNumOrNull, verify.PtrSlice, verify.PtrSocket:
		return
	default:
		want := map[verify.Kind]ebpf.RegionKind{
			verify.PtrCtx: ebpf.Ctx, verify.PtrPacket: ebpf.Packet, verify.PtrStack: ebpf.Stack, verify.PtrMapValue: ebpf.MapValue,
		}[f.Kind]
		// A pointer may be far out of its region before it is used, where its
		// number may stand for a place in another.
		const far = 1 << 14
		if lo, hi := int64(f.Off)+f.SMin, int64(f.Off)+f.SMax; lo < -far || hi > far || f.SMin < -far || f.SMax > far {
			return
		}
		if ref.Kind != want {
			if ref.Kind != ebpf.NoRegion {
				bad("another region")
			}
			return
		}
		if f.Kind == verify.PtrStack && f.Frame >= 0 && f.Frame != ref.Frame {
			bad("another frame")
		}
		if f.Kind == verify.PtrMapValue && f.Map >= 0 && !f.Inner && w.vm.MapIndex(ref.Map) != f.Map {
			bad("another map")
		}
		if f.OffKnown && ref.Off != int64(f.Off) {
			bad("another offset")
		}
		number = uint64(ref.Off - int64(f.Off))
		if f.Kind == verify.PtrPacket && f.Range > 0 && int64(number)+int64(f.Range) > int64(w.vm.PacketLen()) {
			bad(fmt.Sprintf("range beyond the packet of %d bytes", w.vm.PacketLen()))
		}
	}
	if !f.Bits.Contains(number) {
		bad("known bits")
	}
	if number < f.UMin || number > f.UMax || int64(number) < f.SMin || int64(number) > f.SMax {
		bad(fmt.Sprintf("range, %d", int64(number)))
	}
}

// sound runs an accepted program on packets and returns what contradicts its
// facts, and the number of facts compared.
func sound(p *object.Program, proven *verify.Program, seed uint64, packets int) (bad string, facts int) {
	fault := ""
	bad, facts = watchRuns(p, proven, seed, packets, 1<<18, func(err error) (goOn bool) {
		// The interpreter has fewer helpers, and less patience.
		if s := err.Error(); !strings.Contains(s, "helper") && !strings.Contains(s, "runs for more than") {
			fault = s
		}
		return false
	})
	if bad == "" {
		bad = fault
	}
	return bad, facts
}

// watchRuns runs packets past a watcher, until it finds a wrong fact or a fault
// after which onFault does not go on. steps bounds a run.
func watchRuns(p *object.Program, walked *verify.Program, seed uint64, packets, steps int, onFault func(error) (goOn bool)) (bad string, facts int) {
	w := &watcher{p: walked}
	vm, err := ebpf.New(p, ebpf.Options{OnStep: w.step, MaxSteps: steps})
	if err != nil {
		return "", 0
	}
	w.vm = vm
	for _, pkt := range gen.Packets(seed, packets, gen.PacketOptions{}) {
		w.last, w.depth = -1, 0
		_, err := vm.Run(ebpf.Input{Packet: pkt, Seed: seed, Now: seed * 7919})
		if w.bad != "" || err != nil && !onFault(err) {
			break
		}
	}
	return w.bad, w.seen
}

func TestFactsSound(t *testing.T) {
	programs, facts := 0, 0
	for k := range uint64(count(400)) {
		seed := first() + k
		for _, p := range []*object.Program{gen.Program(seed, gen.Options{}), gen.NearMiss(seed, gen.Options{})} {
			proven, err := verify.Verify(p, verify.Options{})
			if err != nil {
				continue
			}
			bad, n := sound(p, proven, seed, 8)
			require.Empty(t, bad, "seed %d\n%s", seed, dump(p))
			programs++
			facts += n
		}
	}
	t.Logf("%d programs, %d facts compared", programs, facts)
}
