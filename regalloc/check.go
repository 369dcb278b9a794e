package regalloc

import (
	"fmt"
	"slices"
)

// Check proves that r is a right allocation of f on machine m, or says what is
// wrong first. It takes nothing from the allocator but the result: it follows
// which values every register and slot holds, through all instructions, moves
// and edges to a fixed point, and then checks each read, each constraint and
// each move.
func Check(f Function, m *Machine, r *Result) error {
	k := checker{f: f, m: m, r: r, defs: map[VReg]Loc{}, fixed: map[Loc]bool{}, copies: map[VReg][]VReg{}}
	k.nameConstants()
	nb := f.NumBlocks()
	k.in = make([]*holding, nb)
	k.in[0] = &holding{}
	for b := range nb {
		lo, hi := f.Instrs(b)
		for i := lo; i < hi; i++ {
			if ops := f.Operands(i); r.Removed(i) && len(ops) == 2 {
				k.copies[k.name[ops[1].V]] = append(k.copies[k.name[ops[1].V]], ops[0].V)
			}
			for j, o := range f.Operands(i) {
				if o.Flags&Fixed != 0 {
					k.fixed[o.Loc] = true
					k.fixed[Loc{A, o.Loc.Num}] = k.fixed[Loc{A, o.Loc.Num}] || o.Loc.File == Both
					k.fixed[Loc{B, o.Loc.Num}] = k.fixed[Loc{B, o.Loc.Num}] || o.Loc.File == Both
				}
				if o.Flags&Def != 0 && o.V != NoVReg {
					k.defs[o.V] = r.Locs(i)[j]
				}
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for b := range nb {
			if k.in[b] != nil && k.dirty(b) {
				c, err := k.block(b)
				if err != nil && k.final {
					return err
				}
				changed = changed || c
			}
		}
	}
	k.final = true
	for b := range nb {
		if _, err := k.block(b); err != nil {
			return err
		}
	}
	return nil
}

// checker is one run of Check.
type checker struct {
	f      Function
	m      *Machine
	r      *Result
	in     []*holding
	done   map[int]*holding // the entry state a block was last followed from
	final  bool             // the fixed point is reached, errors count
	defs   map[VReg]Loc
	fixed  map[Loc]bool
	copies map[VReg][]VReg // by source, the results of removed copies
	name   []VReg          // by value: the first constant equal to it, or itself
}

// nameConstants gives equal constants one name. Such a value never changes, so
// its name is not forgotten when one of its definitions comes.
func (k *checker) nameConstants() {
	first := map[uint64]VReg{}
	for v := range k.f.NumVRegs() {
		k.name = append(k.name, VReg(v))
		if info := k.f.VReg(VReg(v)); info.Remat != 0 && info.Key != 0 {
			if _, ok := first[info.Key]; !ok {
				first[info.Key] = VReg(v)
			}
			k.name[v] = first[info.Key]
		}
	}
}

// begin forgets the old value of v: a definition of it comes.
func (k *checker) begin(h *holding, v VReg) {
	if info := k.f.VReg(v); info.Remat == 0 || info.Key == 0 {
		h.forget(v)
	}
}

// dirty tells that block b's entry state changed since it was last followed.
func (k *checker) dirty(b int) bool {
	if k.done == nil {
		k.done = map[int]*holding{}
	}
	if k.done[b] == k.in[b] {
		return false
	}
	k.done[b] = k.in[b]
	return true
}

// cell numbers the places: 64 for each register file, then the slots.
func cell(l Loc) int {
	if l.File == Slot {
		return 256 + int(l.Num)
	}
	return int(l.File-A)*64 + int(l.Num)
}

// holding is the set of values, sorted, that each place holds. The slices are
// never changed in place, so copies may share them.
type holding [512][]VReg

func (h *holding) has(l Loc, v VReg) bool {
	if l.File == Both {
		return h.has(Loc{A, l.Num}, v) && h.has(Loc{B, l.Num}, v)
	}
	_, ok := slices.BinarySearch(h[cell(l)], v)
	return ok
}

func (h *holding) set(l Loc, vs []VReg) {
	if l.File == Both {
		h[cell(Loc{A, l.Num})] = vs
		h[cell(Loc{B, l.Num})] = vs
		return
	}
	h[cell(l)] = vs
}

// forget removes v everywhere: a new value of that name begins.
func (h *holding) forget(v VReg) {
	for c, vs := range h {
		if n, ok := slices.BinarySearch(vs, v); ok {
			h[c] = slices.Delete(slices.Clone(vs), n, n+1)
		}
	}
}

// alias adds d wherever s is.
func (h *holding) alias(d, s VReg) {
	for c, vs := range h {
		if _, ok := slices.BinarySearch(vs, s); ok {
			h[c] = insert(vs, d)
		}
	}
}

func insert(vs []VReg, v VReg) []VReg {
	n, ok := slices.BinarySearch(vs, v)
	if ok {
		return vs
	}
	return slices.Insert(slices.Clone(vs), n, v)
}

// meet returns what both hold, and whether that is less than h.
func (h *holding) meet(g *holding) (*holding, bool) {
	var out *holding
	for c, vs := range h {
		var keep []VReg
		for _, v := range vs {
			if _, ok := slices.BinarySearch(g[c], v); ok {
				keep = append(keep, v)
			}
		}
		if len(keep) != len(vs) {
			if out == nil {
				cp := *h
				out = &cp
			}
			out[c] = keep
		}
	}
	if out == nil {
		return h, false
	}
	return out, true
}

// block follows block b and passes its end state to the successors. It tells
// whether that changed any of their entry states.
func (k *checker) block(b int) (bool, error) {
	h := *k.in[b]
	where := func(i int) string { return fmt.Sprintf("block %d, instruction %d", b, i) }
	if err := k.moves(&h, k.r.AtStart(b), fmt.Sprintf("start of block %d", b)); err != nil {
		return false, err
	}
	lo, hi := k.f.Instrs(b)
	atEnd := false
	end := func() error {
		atEnd = true
		return k.moves(&h, k.r.AtEnd(b), fmt.Sprintf("end of block %d", b))
	}
	for i := lo; i < hi; i++ {
		info := k.f.Instr(i)
		if info.Flags&Glued != 0 && len(k.r.Before(i)) > 0 {
			return false, fmt.Errorf("check: %s: moves before a glued instruction", where(i))
		}
		if err := k.moves(&h, k.r.Before(i), where(i)); err != nil {
			return false, err
		}
		if info.Flags&Branch != 0 && !atEnd {
			if err := end(); err != nil {
				return false, err
			}
		} else if atEnd && len(k.r.Before(i)) > 0 {
			return false, fmt.Errorf("check: %s: moves between branches", where(i))
		}
		if err := k.instr(&h, i); err != nil {
			return false, fmt.Errorf("check: %s: %w", where(i), err)
		}
	}
	if !atEnd {
		if err := end(); err != nil {
			return false, err
		}
	}
	changed := false
	for s, t := range k.f.Succs(b) {
		g := h
		if err := k.moves(&g, k.r.OnEdge(b, s), fmt.Sprintf("edge from block %d to %d", b, t)); err != nil {
			return false, err
		}
		k.rename(&g, k.f.Args(b, s), k.f.Params(t))
		if k.in[t] == nil {
			k.in[t], changed = &g, true
		} else if x, less := k.in[t].meet(&g); less {
			k.in[t], changed = x, true
		}
	}
	return changed, nil
}

// rename gives the values passed along an edge the names of the parameters.
func (k *checker) rename(h *holding, args, params []VReg) {
	for c, vs := range h {
		if len(vs) == 0 {
			continue
		}
		var out []VReg
		for _, v := range vs {
			if !slices.Contains(params, v) {
				out = append(out, v)
			}
		}
		for j, p := range params {
			if _, ok := slices.BinarySearch(vs, k.name[args[j]]); ok {
				out = insert(out, p)
			}
		}
		h[c] = out
	}
}

// moves follows and checks inserted moves.
func (k *checker) moves(h *holding, moves []Move, where string) error {
	for _, m := range moves {
		var vs []VReg
		switch m.Src.File {
		case Remat:
			if k.f.VReg(m.V).Remat == 0 && k.final {
				return fmt.Errorf("check: %s: v%d cannot be created anew", where, m.V)
			}
			vs = k.withCopies(k.name[m.V])
		case A, B, In, Slot:
			vs = h[cell(m.Src)]
			if !h.has(m.Src, k.name[m.V]) && k.final {
				return fmt.Errorf("check: %s: move of v%d from %v, which holds %v", where, m.V, m.Src, vs)
			}
		default:
			return fmt.Errorf("check: %s: move of v%d from %v", where, m.V, m.Src)
		}
		if err := k.writable(m.Dst); err != nil {
			return fmt.Errorf("check: %s: move of v%d: %w", where, m.V, err)
		}
		if m.Dst.File == In {
			return fmt.Errorf("check: %s: move of v%d to %v", where, m.V, m.Dst)
		}
		h.set(m.Dst, vs)
	}
	return nil
}

// withCopies returns v and the values that removed copies made of it.
func (k *checker) withCopies(v VReg) []VReg {
	vs := []VReg{v}
	for n := 0; n < len(vs); n++ {
		vs = append(vs, k.copies[vs[n]]...)
	}
	slices.Sort(vs)
	return vs
}

// writable checks that l may be written at all.
func (k *checker) writable(l Loc) error {
	ok := false
	switch l.File {
	case A, B, In, Out:
		ok = l.Num < 64 && (k.m.Usable[l.File]>>l.Num&1 != 0 || k.fixed[l])
	case Both:
		ok = l.Num < 64 && (k.m.Usable[A]&k.m.Usable[B]>>l.Num&1 != 0 || k.fixed[l])
	case Slot:
		ok = int(l.Num) < k.m.Slots
	}
	if !ok {
		return fmt.Errorf("%v may not be written", l)
	}
	return nil
}

// instr checks instruction i and follows its effect.
func (k *checker) instr(h *holding, i int) error {
	ops, locs, info := k.f.Operands(i), k.r.Locs(i), k.f.Instr(i)
	if k.r.Removed(i) {
		if len(ops) == 1 && ops[0].Flags&Def != 0 && k.f.VReg(ops[0].V).Remat != 0 {
			k.begin(h, ops[0].V)
			return nil
		}
		if info.Flags&Copy == 0 || len(ops) < 2 {
			return fmt.Errorf("removed, but neither a copy nor made anew")
		}
		h.forget(ops[0].V)
		h.alias(ops[0].V, k.name[ops[1].V])
		return nil
	}
	if len(ops) != len(locs) {
		return fmt.Errorf("%d operands, but %d places", len(ops), len(locs))
	}
	for j := range ops {
		var err error
		if ops[j].Flags&Def == 0 {
			err = k.use(h, &ops[j], locs[j])
		} else {
			err = k.def(ops, locs, j)
		}
		if err == nil {
			err = k.together(ops, locs, j)
		}
		if err != nil {
			return fmt.Errorf("operand %d: %w", j, err)
		}
	}
	if c := info.Clobbers; c != nil {
		for f := A; f <= Out; f++ {
			for n := range uint8(64) {
				if c[f]>>n&1 != 0 {
					h.set(Loc{f, n}, nil)
				}
			}
		}
	}
	for j, o := range ops {
		if o.Flags&Def != 0 {
			if o.V == NoVReg {
				h.set(locs[j], nil)
				continue
			}
			k.begin(h, o.V)
			h.set(locs[j], []VReg{k.name[o.V]})
		}
	}
	return nil
}

// use checks a read operand.
func (k *checker) use(h *holding, o *Operand, l Loc) error {
	switch {
	case o.Flags&Fixed != 0:
		if l != o.Loc {
			return fmt.Errorf("v%d is in %v, want %v", o.V, l, o.Loc)
		}
	case l.File < A || l.File > Slot || o.Files>>l.File&1 == 0:
		return fmt.Errorf("v%d is in %v, which the operand does not take", o.V, l)
	case l.File == Slot && l.Num >= o.Slots:
		return fmt.Errorf("v%d is in %v, but only slots below %d can be named", o.V, l, o.Slots)
	}
	if !k.final {
		return nil
	}
	if !h.has(l, k.name[o.V]) {
		return fmt.Errorf("v%d is read from %v, which does not hold it", o.V, l)
	}
	if home, ok := k.defs[o.V]; ok && k.f.VReg(o.V).Pinned && !h.has(home, o.V) {
		return fmt.Errorf("pinned v%d is not in %v any more", o.V, home)
	}
	return nil
}

// def checks a defined operand.
func (k *checker) def(ops []Operand, locs []Loc, j int) error {
	o, l := &ops[j], locs[j]
	switch {
	case o.Flags&Fixed != 0:
		if l != o.Loc {
			return fmt.Errorf("v%d is in %v, want %v", o.V, l, o.Loc)
		}
		return nil
	case o.Flags&Tied != 0:
		t := locs[o.Tie]
		both := l.File == Both && o.Files&BothSet != 0 && l.Num == t.Num && (t.File == A || t.File == B)
		if l != t && !both {
			return fmt.Errorf("v%d is in %v, but tied to an operand in %v", o.V, l, t)
		}
	case l.File < A || l.File > Both || o.Files>>l.File&1 == 0:
		return fmt.Errorf("v%d is in %v, which the operand does not take", o.V, l)
	case l.File == Slot && l.Num >= o.Slots:
		return fmt.Errorf("v%d is in %v, but only slots below %d can be named", o.V, l, o.Slots)
	}
	if o.Flags&Tied == 0 || l.File == Both {
		return k.writable(l)
	}
	return nil
}

// overlap tells that two places share a register or slot.
func overlap(l, m Loc) bool {
	if l.Num != m.Num {
		return false
	}
	gpr := func(f File) bool { return f == A || f == B }
	return l.File == m.File || l.File == Both && gpr(m.File) || m.File == Both && gpr(l.File)
}

// together checks operand j against the others of its instruction.
func (k *checker) together(ops []Operand, locs []Loc, j int) error {
	o, l := &ops[j], locs[j]
	last := -1
	for x := range ops {
		p := &ops[x]
		if x == j {
			continue
		}
		if o.Group != 0 && p.Group == o.Group && (p.Flags^o.Flags)&Def == 0 && x < j {
			last = x
		}
		switch {
		case o.Flags&Def == 0:
			if p.Flags&Def == 0 && o.Flags&p.Flags&Paired != 0 && l.File == locs[x].File && l.File != Both {
				return fmt.Errorf("v%d and v%d are both read from file %v", o.V, p.V, l.File)
			}
		case p.Flags&Def != 0:
			if overlap(l, locs[x]) {
				return fmt.Errorf("v%d and v%d are both written to %v", o.V, p.V, l)
			}
		case o.Flags&Early != 0 && !(o.Flags&Tied != 0 && int(o.Tie) == x):
			if overlap(l, locs[x]) {
				return fmt.Errorf("v%d is written early to %v, which is read", o.V, l)
			}
		}
	}
	if last >= 0 && (l.File != locs[last].File || l.Num != locs[last].Num+1) {
		return fmt.Errorf("group %d: %v does not follow %v", o.Group, l, locs[last])
	}
	return nil
}
