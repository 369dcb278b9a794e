package regalloc

import "fmt"

// parallel orders moves that happen at once on an edge.
type parallel struct {
	target RegSet  // registers that hold a value after the moves
	slots  slotSet // slots that do
	kept   RegSet  // of these, registers that hold their value already
	keptS  slotSet
	todo   []pending
	reads  [Slot][64]int16 // by register: pending moves that read it
	readsS [256]int16
}

// pending is a move to be ordered.
type pending struct {
	v        VReg
	dst, src Loc
}

func (p *parallel) begin() {
	p.target, p.kept, p.slots, p.keptS = RegSet{}, RegSet{}, slotSet{}, slotSet{}
	p.todo = p.todo[:0]
}

// aim notes that l holds a value after the moves, and whether it does before.
func (p *parallel) aim(l Loc, kept bool) {
	if l.File == Slot {
		p.slots.add(int(l.Num))
		if kept {
			p.keptS.add(int(l.Num))
		}
		return
	}
	p.target.add(l)
	if kept {
		p.kept.add(l)
	}
}

// want asks for v in all places of need.
func (p *parallel) want(v VReg, need place) {
	a, inA := need.in(A)
	b, inB := need.in(B)
	if inA && inB && a == b {
		p.todo = append(p.todo, pending{v: v, dst: Loc{Both, uint8(a)}})
		need.unset(A)
		need.unset(B)
	}
	for f := A; f <= Slot; f++ {
		if n, ok := need.in(f); ok {
			p.todo = append(p.todo, pending{v: v, dst: Loc{f, uint8(n)}})
		}
	}
}

// stable tells that no move overwrites l.
func (p *parallel) stable(l Loc) bool {
	if l.File == Slot {
		return !p.slots.has(int(l.Num)) || p.keptS.has(int(l.Num))
	}
	return p.target[l.File]>>l.Num&1 == 0 || p.kept[l.File]>>l.Num&1 != 0
}

// count adds d to the number of pending moves that read l.
func (p *parallel) count(l Loc, d int16) {
	switch l.File {
	case Slot:
		p.readsS[l.Num] += d
	case A, B, In, Out:
		p.reads[l.File][l.Num] += d
	}
}

// read tells that a pending move reads l.
func (p *parallel) read(l Loc) bool {
	switch l.File {
	case Slot:
		return p.readsS[l.Num] != 0
	case Both:
		return p.reads[A][l.Num] != 0 || p.reads[B][l.Num] != 0
	}
	return p.reads[l.File][l.Num] != 0
}

// resolve emits the moves wanted on edge e in an order in which each reads its
// source before that is overwritten.
func (a *Allocator) resolve(e int32) error {
	p := &a.flow.pm
	for k := range p.todo {
		t := &p.todo[k]
		t.src = a.edgeSource(t.v)
		p.count(t.src, 1)
	}
	for len(p.todo) > 0 {
		n := 0
		for _, t := range p.todo {
			p.count(t.src, -1)
			if p.read(t.dst) {
				p.count(t.src, 1)
				p.todo[n] = t
				n++
				continue
			}
			a.res.moves = append(a.res.moves, Move{V: t.v, Dst: t.dst, Src: t.src})
		}
		if n == len(p.todo) {
			if err := a.breakCycle(e); err != nil {
				return err
			}
		}
		p.todo = p.todo[:n]
	}
	return nil
}

// edgeSource returns the place to read v from: one that no move overwrites
// if there is one.
func (a *Allocator) edgeSource(v VReg) Loc {
	f := &a.flow
	if a.sink.only[v] {
		return Loc{File: Remat}
	}
	at := f.at[v]
	for _, stable := range [2]bool{true, false} {
		for g := A; g <= Slot; g++ {
			n, ok := at.in(g)
			l := Loc{g, uint8(n)}
			if !ok || g == Out || stable && !f.pm.stable(l) {
				continue
			}
			if r := a.code.info[v].Remat; g == Slot && r != 0 && int(r) <= a.slotCost(n) {
				continue
			}
			return l
		}
		if a.code.info[v].Remat != 0 {
			return Loc{File: Remat}
		}
	}
	panic(fmt.Sprintf("BUG: v%d is nowhere at the end of a block", v))
}

// breakCycle saves what is in the way of the first pending move.
func (a *Allocator) breakCycle(e int32) error {
	p := &a.flow.pm
	for f := A; f <= Slot; f++ {
		l := p.todo[0].dst
		if l.File != f && (l.File != Both || f > B) {
			continue
		}
		l.File = f
		if !p.read(l) {
			continue
		}
		tmp, ok := a.edgeTemp()
		if !ok {
			c := &a.code
			return noSlot{fmt.Errorf("regalloc: edge from block %d to %d: no free register or slot to exchange values", c.from[e], c.to[e])}
		}
		moved := false
		for k := range p.todo {
			t := &p.todo[k]
			if t.src != l {
				continue
			}
			if !moved {
				a.res.moves = append(a.res.moves, Move{V: t.v, Dst: tmp, Src: l})
				moved = true
			}
			p.count(l, -1)
			t.src = tmp
			p.count(tmp, 1)
		}
	}
	return nil
}

// edgeTemp returns a place that holds nothing that is still needed.
func (a *Allocator) edgeTemp() (Loc, bool) {
	p := &a.flow.pm
	for f := A; f <= B; f++ {
		for n := range uint8(64) {
			if l := (Loc{f, n}); (a.m.Usable[f]&^p.target[f])>>n&1 != 0 && !p.read(l) {
				return l, true
			}
		}
	}
	for n := range a.m.Slots {
		if l := (Loc{Slot, uint8(n)}); !p.slots.has(n) && !p.read(l) {
			return l, true
		}
	}
	return Loc{}, false
}
