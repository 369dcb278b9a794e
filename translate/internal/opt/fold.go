package opt

import (
	"math/bits"

	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// valueKey identifies a pure operation with its operands.
type valueKey struct {
	op         ssa.Op
	imm        uint32
	a, b, c, d ssa.ID
}

func keyOf(v *ssa.Value) valueKey {
	k := valueKey{op: v.Op, imm: v.Imm}
	for j, p := range []*ssa.ID{&k.a, &k.b, &k.c, &k.d} {
		if j < len(v.Args) {
			*p = v.Args[j]
		}
	}
	return k
}

// fold simplifies all values and branches once, with share lets equal pure
// values be one where one dominates the other, and with ways decides branches by
// those that dominate them. It reports whether anything changed.
func fold(f *ssa.Func, share, ways bool) bool {
	f.KnownParams()
	order := f.RPO()
	dom := f.Dominators(order)
	repl := make([]ssa.ID, len(f.Values))
	resolve := func(id ssa.ID) ssa.ID {
		for int(id) < len(repl) && repl[id] != 0 {
			id = repl[id]
		}
		return id
	}
	seen := map[valueKey][]ssa.ID{}
	met := newOutcomes(f, dom, order)
	changed := false
	for _, b := range order {
		blk := f.B(b)
		old := blk.Values
		list := make([]ssa.ID, 0, len(old))
		m := ssa.Maker{F: f, Block: b, Out: &list}
		for _, id := range old {
			v := f.V(id)
			for k := range v.Args {
				v.Args[k] = resolve(v.Args[k])
			}
			if !v.Op.Pure() {
				changed = foldAddress(f, v) || changed
				list = append(list, id)
				continue
			}
			m.Slot = v.Slot
			trial := *v
			if n := m.Simplify(&trial); n != 0 && n != id {
				repl[id] = n
				f.MadeFor(n, f.V(id).Slot, f.V(id).Half)
				changed = true
				continue
			}
			v = f.V(id)
			v.Args = trial.Args
			key := keyOf(v)
			for _, e := range seen[key] {
				if dom.Dominates(f.V(e).Block, b) {
					repl[id] = e
					changed = true
					break
				}
			}
			if repl[id] == 0 {
				if share {
					seen[key] = append(seen[key], id)
				}
				list = append(list, id)
			}
		}
		t := &f.B(b).Term
		t.Uses(func(p *ssa.ID) { *p = resolve(*p) })
		m.Slot = t.Slot
		changed = foldBranch(f, &m, t) || changed
		if taken, ok := met.decide(b, t); ok && ways {
			goOn(t, taken)
			changed = true
		}
		met.note(t)
		f.B(b).Values = list
	}
	// Arguments of back edges were read before their values changed.
	for _, b := range order {
		f.Uses(b, func(p *ssa.ID) { *p = resolve(*p) })
	}
	return changed
}

// foldAddress takes the constant part of an address into the operation.
func foldAddress(f *ssa.Func, v *ssa.Value) bool {
	switch {
	case v.Op == ssa.Load, v.Op == ssa.Store, v.Op.Atomic(), v.Op == ssa.Read, v.Op == ssa.Write:
	default:
		return false
	}
	at := f.V(v.Args[0])
	if at.Op != ssa.Add {
		return false
	}
	c, ok := f.IsConst(at.Args[1])
	if ok {
		v.Imm += c
		v.Args[0] = at.Args[0]
	}
	return ok
}

// foldBranch simplifies the comparison of a branch, and makes a jump of a
// branch that is decided.
func foldBranch(f *ssa.Func, m *ssa.Maker, t *ssa.Term) bool {
	if t.Kind != ssa.Branch {
		return false
	}
	changed := false
	for range 8 {
		if _, ok := decide(f, t); ok {
			break // by what is known of a word that an equal comparison does not have
		}
		c := ssa.Compare{Cond: t.Cond, XL: t.X, YL: t.Y, XH: t.XH, YH: t.YH}
		if t.Wide {
			c = m.NarrowCompare(c)
		}
		n := simplifyCompare(f, m, c)
		if n == (ssa.Compare{Cond: t.Cond, XL: t.X, YL: t.Y, XH: t.XH, YH: t.YH}) {
			break
		}
		changed = true
		t.Cond, t.X, t.Y, t.XH, t.YH, t.Wide = n.Cond, n.XL, n.YL, n.XH, n.YH, n.XH != 0
	}
	if sameEdge(t.Succs[0], t.Succs[1]) {
		*t = ssa.Term{Kind: ssa.Jump, Slot: t.Slot, Succs: t.Succs[:1]}
		return true
	}
	if taken, ok := decide(f, t); ok {
		goOn(t, taken)
		return true
	}
	return changed
}

// goOn makes a jump of a branch that goes one way.
func goOn(t *ssa.Term, taken bool) {
	e := t.Succs[0]
	if taken {
		e = t.Succs[1]
	}
	*t = ssa.Term{Kind: ssa.Jump, Slot: t.Slot, Succs: []ssa.Edge{e}}
}

func sameEdge(a, b ssa.Edge) bool {
	if a.To != b.To {
		return false
	}
	for k := range a.Args {
		if a.Args[k] != b.Args[k] {
			return false
		}
	}
	return true
}

// decide evaluates a comparison whose outcome is known.
func decide(f *ssa.Func, t *ssa.Term) (taken, ok bool) {
	zx, ox := f.Known(t.X)
	zy, oy := f.Known(t.Y)
	differ := zx&oy|ox&zy != 0
	if t.Wide {
		hx, kx := f.Known(t.XH)
		hy, ky := f.Known(t.YH)
		if zx|ox == ^uint32(0) && zy|oy == ^uint32(0) && hx|kx == ^uint32(0) && hy|ky == ^uint32(0) {
			return t.Cond.Eval64(uint64(kx)<<32|uint64(ox), uint64(ky)<<32|uint64(oy)), true
		}
		differ = differ || hx&ky|kx&hy != 0
		if differ && (t.Cond == ssa.EQ || t.Cond == ssa.NE) {
			return t.Cond == ssa.NE, true
		}
		if t.X == t.Y && t.XH == t.YH && t.Cond != ssa.TST && t.Cond != ssa.NTS {
			return t.Cond.Eval(0, 0), true
		}
		return decideRange(t.Cond, uint64(kx)<<32|uint64(ox), uint64(^hx)<<32|uint64(^zx), uint64(ky)<<32|uint64(oy), uint64(^hy)<<32|uint64(^zy))
	}
	if zx|ox == ^uint32(0) && zy|oy == ^uint32(0) {
		return t.Cond.Eval(ox, oy), true
	}
	if t.X == t.Y && t.Cond != ssa.TST && t.Cond != ssa.NTS {
		return t.Cond.Eval(0, 0), true
	}
	switch t.Cond {
	case ssa.EQ, ssa.NE:
		if differ || f.V(t.X).NonZero && f.Is(t.Y, 0) {
			return t.Cond == ssa.NE, true
		}
	case ssa.TST, ssa.NTS:
		if ox&oy != 0 {
			return t.Cond == ssa.TST, true
		}
		if zx|zy == ^uint32(0) {
			return t.Cond == ssa.NTS, true
		}
	}
	return decideRange(t.Cond, uint64(ox), uint64(f.UMax(t.X)), uint64(oy), uint64(f.UMax(t.Y)))
}

// decideRange decides unsigned comparisons of two ranges.
func decideRange(c ssa.Cond, xmin, xmax, ymin, ymax uint64) (taken, ok bool) {
	switch c {
	case ssa.ULT, ssa.UGE:
		if xmax < ymin {
			return c == ssa.ULT, true
		}
		if xmin >= ymax {
			return c == ssa.UGE, true
		}
	case ssa.ULE, ssa.UGT:
		if xmax <= ymin {
			return c == ssa.ULE, true
		}
		if xmin > ymax {
			return c == ssa.UGT, true
		}
	}
	return false, false
}

// simplifyCompare returns an equal comparison that is cheaper.
func simplifyCompare(f *ssa.Func, m *ssa.Maker, c ssa.Compare) ssa.Compare {
	if c.XH != 0 {
		return c
	}
	if _, ok := f.IsConst(c.XL); ok && c.Cond != ssa.TST && c.Cond != ssa.NTS {
		if _, ok := f.IsConst(c.YL); !ok {
			return ssa.Compare{Cond: c.Cond.Swap(), XL: c.YL, YL: c.XL}
		}
	}
	if n, ok := comparePacket(f, m, c); ok {
		return n
	}
	k, ok := f.IsConst(c.YL)
	if !ok {
		return c
	}
	x := f.V(c.XL)
	equal := c.Cond == ssa.EQ || c.Cond == ssa.NE
	if c.Cond == ssa.TST || c.Cond == ssa.NTS {
		switch {
		case x.Op == ssa.Bswap:
			return ssa.Compare{Cond: c.Cond, XL: x.Args[0], YL: f.Const(bits.ReverseBytes32(k))}
		case x.Op == ssa.Bswap16:
			return ssa.Compare{Cond: c.Cond, XL: x.Args[0], YL: f.Const(bits.ReverseBytes32(k) >> 16)}
		case x.Op == ssa.And:
			if a, ok := f.IsConst(x.Args[1]); ok {
				return ssa.Compare{Cond: c.Cond, XL: x.Args[0], YL: f.Const(k & a)}
			}
		case x.Op == ssa.Shr && k<<x.Imm>>x.Imm == k && k&(k-1) == 0:
			return ssa.Compare{Cond: c.Cond, XL: x.Args[0], YL: f.Const(k << x.Imm)}
		}
	}
	if equal && k == 0 && x.Op == ssa.And {
		cond := ssa.NTS
		if c.Cond == ssa.NE {
			cond = ssa.TST
		}
		return ssa.Compare{Cond: cond, XL: x.Args[0], YL: x.Args[1]}
	}
	if !equal {
		return c
	}
	with := func(y uint32, x ssa.ID) ssa.Compare {
		return ssa.Compare{Cond: c.Cond, XL: x, YL: f.Const(y)}
	}
	switch x.Op {
	case ssa.And:
		// A part of a byte is moved down, where it is compared with a small
		// constant.
		mask, ok := f.IsConst(x.Args[1])
		low := uint32(bits.TrailingZeros32(mask))
		if ok && low%8 != 0 && k&^mask == 0 {
			return with(k>>low, m.And(m.Shift(ssa.Shr, x.Args[0], low), mask>>low))
		}
	case ssa.Bswap:
		return with(bits.ReverseBytes32(k), x.Args[0])
	case ssa.Bswap16:
		if k>>16 == 0 {
			return with(bits.ReverseBytes32(k)>>16, m.And(x.Args[0], 0xffff))
		}
	case ssa.Add:
		if a, ok := f.IsConst(x.Args[1]); ok {
			return with(k-a, x.Args[0])
		}
	case ssa.Xor:
		if a, ok := f.IsConst(x.Args[1]); ok {
			return with(k^a, x.Args[0])
		}
		if k == 0 {
			return ssa.Compare{Cond: c.Cond, XL: x.Args[0], YL: x.Args[1]}
		}
	case ssa.Sub:
		if k == 0 {
			return ssa.Compare{Cond: c.Cond, XL: x.Args[0], YL: x.Args[1]}
		}
	}
	return c
}

// pointerLimit bounds offsets of packet pointers: below it, sums with a packet
// pointer do not wrap.
const pointerLimit = 1 << 30

// comparePacket compares two addresses in the packet by their offsets.
func comparePacket(f *ssa.Func, m *ssa.Maker, c ssa.Compare) (ssa.Compare, bool) {
	switch c.Cond {
	case ssa.EQ, ssa.NE, ssa.ULT, ssa.UGE, ssa.ULE, ssa.UGT:
	default:
		return c, false
	}
	bx, vx, cx := packetOffset(f, c.XL)
	by, vy, cy := packetOffset(f, c.YL)
	if bx == 0 || bx != by {
		return c, false
	}
	if uint64(f.UMax(vx))+uint64(cx) >= pointerLimit || uint64(f.UMax(vy))+uint64(cy) >= pointerLimit {
		return c, false
	}
	return ssa.Compare{Cond: c.Cond, XL: m.AddConst(vx, cx), YL: m.AddConst(vy, cy)}, true
}

// packetOffset splits an address in the packet into the packet pointer, a
// variable and a constant part.
func packetOffset(f *ssa.Func, id ssa.ID) (base, variable ssa.ID, constant uint32) {
	v := f.V(id)
	if v.Op == ssa.Add {
		if c, ok := f.IsConst(v.Args[1]); ok {
			constant = c
			id = v.Args[0]
			v = f.V(id)
		}
	}
	switch v.Op {
	case ssa.PktPtr:
		return id, f.Const(0), constant
	case ssa.Add:
		for k, a := range v.Args {
			if f.V(a).Op == ssa.PktPtr {
				return a, v.Args[1-k], constant
			}
		}
	}
	return 0, 0, 0
}
