package firmware

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/tunnel"
)

// Convention is entry and exit as the image's target describes them.
type Convention struct {
	cfg   Config
	t     *target.Target
	local core.Local // of the first context
	// verdicts are those of XDP and tc codes, plus 1; 0 for a code that means
	// nothing.
	verdicts [2][256]uint8
	// tunnels says that a program may give a frame a tunnel key.
	tunnels bool
	// interfaces are those of the newest Redirect.
	interfaces []uint32
	programs   []uint32 // at the far ends of interfaces
	// whole are frames in several pieces, put together, by context.
	whole [][]byte
}

// NewConvention checks that the image keeps to its target, and that the target
// asks for nothing that entry and exit do not do here.
func NewConvention(cfg Config) (*Convention, error) {
	t := cfg.Image.Target
	l, m := &t.LocalMemory, &cfg.Image.Machine
	if int64(m.StackSize) > int64(l.Stack) {
		return nil, fmt.Errorf("image uses %d bytes of stack; a context has %d", m.StackSize, l.Stack)
	}
	if w := t.Exit.Writes; w != target.WritesProgram && w != target.WritesWorker {
		return nil, unsupported.New("exit.writes "+w, "the program or the worker waits for writes here")
	}
	v := &Convention{cfg: cfg, t: t, local: core.Local{
		Vector: uint32(l.Vector), VectorBytes: uint32(4 * t.PacketVector.Words),
		Stack: uint32(l.StackBase), StackBytes: m.StackSize,
	}}
	tc := func(p image.Program) bool { return p.Type == "tc" }
	v.tunnels = t.Tunnel != nil && network.Reads(cfg.Image) && slices.ContainsFunc(cfg.Image.Programs, tc)
	for i, tc := range [...]bool{false, true} {
		for code := range v.verdicts[i] {
			if n, ok := t.Exit.Verdict(tc, uint8(code)); ok {
				v.verdicts[i][code] = uint8(n) + 1
			}
		}
	}
	return v, nil
}

// View returns what a packet pointer is and where the packet's place stands, for
// programs of tc or XDP: those of tc make no metadata. buffer is the size of a packet's
// buffer in bytes.
func View(t *target.Target, tc bool, buffer int) core.PacketView {
	p, v := &t.Packet, &t.PacketVector
	field := func(f target.Field) core.LocalField {
		return core.LocalField{Word: int(f.Word), Low: f.Low, Mask: f.Mask()}
	}
	view := core.PacketView{
		Set: p.PointerSet, Mask: p.PointerSet | ^(uint64(1)<<p.PointerBits - 1),
		Pointer: field(v.Pointer), Length: field(v.Length),
	}
	if v.Metadata != nil && !tc {
		f := field(*v.Metadata)
		view.Metadata = &f
	}
	if tc && t.Tunnel != nil && t.Tunnel.Offset+maplayout.TunnelSize <= buffer {
		view.BesideLow, view.BesideHigh = uint32(t.Tunnel.Offset), uint32(t.Tunnel.Offset+maplayout.TunnelSize)
	}
	if v.Fragment != nil {
		f := field(*v.Fragment)
		view.Fragment = &f
	}
	return view
}

// Granted returns what of a core the target gives to programs and the routines
// linked to them.
func Granted(t *target.Target) core.Grant {
	r := &t.Registers
	all := uint32(uint64(1)<<r.GPRs - 1)
	g := core.Grant{GPRA: all, GPRB: all, XferIn: r.XferIn, XferOut: r.XferOut}
	for _, n := range r.KeepA {
		g.GPRA &^= 1 << n
	}
	for _, n := range r.KeepB {
		g.GPRB &^= 1 << n
	}
	for _, s := range r.Signals {
		g.Signals |= 1 << s
	}
	return g
}

// End returns the offset in a packet's buffer of so many bytes that frames do not
// reach beyond.
func End(t *target.Target, buffer int) int {
	if t.Tunnel != nil {
		return min(buffer, t.Tunnel.Offset)
	}
	return buffer
}

// Enter puts the packet into the context's buffer, describes it in the packet
// vector, and sets stack register and index registers.
func (v *Convention) Enter(x *core.Context, in *Input) {
	t := v.t
	local := v.local
	local.Base = uint32(x.Slot() * t.LocalMemory.Context)
	if !x.Checked(core.CheckLocalMemory) {
		local.StackBytes = uint32(t.LocalMemory.Context) - local.Stack
	}
	x.Enter(v.cfg.Image.Programs[in.Program].Entry, &local)
	pv := &t.PacketVector
	first, rest := v.split(in)
	if rest != nil {
		x.FillRest(rest)
	}
	set(x, &pv.Length, uint32(len(first)))
	set(x, &pv.Pointer, uint32(v.fill(x, first, in)))
	set(x, pv.Fragment, uint32(len(rest)))
	if in.Tunnel != nil {
		if b := x.Beside(); len(b) > 0 {
			in.Tunnel.Put(b)
		}
	}
	set(x, pv.QueueSet, 0)
	set(x, pv.Ingress, in.IngressIfindex)
	set(x, pv.CPU, uint32(place(x)))
	if pv.Redirect != nil {
		set(x, &pv.Redirect.Kind, 0)
	}
	if v.cfg.Image.Programs[in.Program].Type == "tc" {
		v.enterSkb(x, &in.Skb)
	} else {
		set(x, pv.RxQueue, in.RxQueue)
		set(x, pv.Metadata, uint32(in.Metadata))
		if pv.Ends() {
			set(x, pv.Egress, in.EgressIfindex)
			set(x, pv.Redirect.Program, 0)
		}
	}
	e := &t.Entry
	x.SetReg(e.Stack, local.Base+local.Stack)
	x.SetPointer(int(e.StackIndex), local.Base+local.Stack)
	x.SetPointer(int(e.VectorIndex), local.Base+local.Vector)
}

// enterSkb writes what a frame comes with, and leaveSkb reads what stays with it.
func (v *Convention) enterSkb(x *core.Context, s *Skb) {
	if f := v.t.PacketVector.Skb; f != nil {
		set(x, &f.Mark, s.Mark)
		set(x, &f.Priority, s.Priority)
		set(x, &f.QueueMapping, s.QueueMapping)
	}
}

func (v *Convention) leaveSkb(x *core.Context, out *Outcome) {
	if f := v.t.PacketVector.Skb; f != nil {
		out.HasSkb = true
		out.Skb.Mark, _ = get(x, &f.Mark)
		out.Skb.Priority, _ = get(x, &f.Priority)
		out.Skb.QueueMapping, _ = get(x, &f.QueueMapping)
	}
}

// split parts a packet in what lies in the buffer and what behind it.
func (v *Convention) split(in *Input) (first, rest []byte) {
	n := v.cfg.Linear
	if in.Before != nil {
		n = in.Linear
	}
	if n > 0 && len(in.Packet) > n && v.cfg.Image.Programs[in.Program].Fragments {
		return in.Packet[:n], in.Packet[n:]
	}
	return in.Packet, nil
}

// fill puts the first part of a packet into the context's buffer and returns its
// address.
func (v *Convention) fill(x *core.Context, first []byte, in *Input) uint64 {
	if in.Before == nil {
		return x.Fill(first, uint32(v.cfg.PacketOffset))
	}
	return x.Fill(slices.Concat(in.Before, first), 0) + uint64(len(in.Before))
}

// set writes a field of the packet vector, if it is there.
func set(x *core.Context, f *target.Field, v uint32) {
	if f != nil {
		x.SetVector(int(f.Word), f.Mask(), v<<f.Low)
	}
}

// get reads a field of the packet vector and reports whether somebody wrote all
// of it.
func get(x *core.Context, f *target.Field) (v uint32, ok bool) {
	w, unwritten := x.Vector(int(f.Word))
	return f.Get(w), unwritten&f.Mask() == 0
}

// Leave reads exit word, packet and queue.
func (v *Convention) Leave(x *core.Context, program int, out *Outcome) bool {
	code, ok := x.Arg(v.t.Exit.Register, "the exit word has bits that nobody wrote")
	if !ok {
		return false
	}
	out.Code = code
	pv := &v.t.PacketVector
	n, okLength := get(x, &pv.Length)
	addr, okPointer := get(x, &pv.Pointer)
	if !okLength || !okPointer {
		x.Fail(core.FaultUndefined, "the packet vector's length or pointer has bits that nobody wrote")
		return false
	}
	if out.Packet, ok = x.Packet(uint64(addr), uint64(n)); !ok {
		x.Fail(core.FaultPacket, "the packet vector at exit has pointer %#x and length %d, outside the packet buffer", addr, n)
		return false
	}
	out.Linear = len(out.Packet)
	start := uint64(addr & v.t.Packet.OffsetMask())
	out.Before, _ = x.Packet(uint64(addr)-start, start)
	typ := v.cfg.Image.Programs[program].Type
	if pv.Fragment != nil && !v.join(x, out) {
		return false
	}
	if pv.Metadata != nil && typ != "tc" {
		n, _ := get(x, pv.Metadata)
		if out.Metadata, ok = x.Packet(uint64(addr)-uint64(n), uint64(n)); !ok {
			x.Fail(core.FaultPacket, "the packet vector at exit has %d bytes of metadata, which reach out of the packet buffer", n)
			return false
		}
	}
	if typ == "tc" {
		v.leaveSkb(x, out)
	}
	if v.tunnels {
		if b := x.Beside(); len(b) > 0 {
			out.Tunnel, out.Tunnelled = tunnel.ReadKey(b)
		}
	}
	if pv.QueueSet != nil && pv.Queue != nil {
		selected, _ := get(x, pv.QueueSet)
		if out.QueueSelected = selected != 0; out.QueueSelected {
			f := pv.Queue.Field()
			queue, _ := get(x, &f)
			out.Queue = uint8(queue)
		}
	}
	out.Verdict, ok = v.verdict(typ, code)
	if !ok {
		x.Fail(core.FaultExit, "exit word %#x is no action", code)
		return false
	}
	return !Redirects(typ == "tc", out.Verdict) || v.redirect(x, typ == "tc", &out.Redirect)
}

// join adds to the outcome's packet what of it lies behind the buffer.
func (v *Convention) join(x *core.Context, out *Outcome) bool {
	n, _ := get(x, v.t.PacketVector.Fragment)
	rest, ok := x.Rest(uint64(n))
	if !ok {
		x.Fail(core.FaultPacket, "the packet vector at exit has %d bytes of packet behind the buffer, where there are fewer", n)
		return false
	}
	if n == 0 {
		return true
	}
	if v.whole == nil {
		v.whole = make([][]byte, max(v.cfg.Cores, 1)*core.Contexts)
	}
	w := &v.whole[place(x)]
	*w = append(append((*w)[:0], out.Packet...), rest...)
	out.Packet = *w
	return true
}

// verdict returns the eBPF verdict that an exit word stands for.
func (v *Convention) verdict(progType string, word uint32) (uint32, bool) {
	e := &v.t.Exit
	if e.Kind == target.ExitValue {
		return word, true
	}
	code := uint8(word >> e.Shift)
	if uint32(code)<<e.Shift != word {
		return 0, false
	}
	byCode := &v.verdicts[0]
	if progType == "tc" {
		byCode = &v.verdicts[1]
	}
	n := byCode[code]
	return uint32(n) - 1, n != 0
}

// Events returns none.
func (v *Convention) Events(*core.Context) []Event { return nil }

// both returns register n of bank A, and that of bank B.
func both(n target.GPR) (a, b target.Reg) {
	return target.Reg{Bank: nfpisa.BankA, Num: n}, target.Reg{Bank: nfpisa.BankB, Num: n}
}
