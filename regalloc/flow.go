package regalloc

// flow keeps what the registers hold where blocks meet.
type flow struct {
	exitStart []int32 // by block, nb+1 long, into exitV and exitP
	exitV     []VReg
	exitP     []place
	entry     []place // parallel to liveness.value: places on entry
	param     []place // parallel to code.params

	at     []place // scratch by value: places at the end of one block
	loaded []VReg
	votes  []vote
	pm     parallel

	hoisted  RegSet // written before the branches of the block for one edge
	hoistedS slotSet
}

// vote is a place that predecessors would pass a parameter in.
type vote struct {
	param, weight int32
	loc           Loc
}

func (f *flow) reset(c *code, l *liveness) {
	f.exitStart = grow(f.exitStart, c.nb+1)
	f.exitV, f.exitP = f.exitV[:0], f.exitP[:0]
	f.entry = grow(f.entry, len(l.value))
	f.param = grow(f.param, len(c.params))
	f.at = grow(f.at, c.nv)
	f.loaded = f.loaded[:0]
}

// load makes at the places at the end of block b.
func (f *flow) load(b int32) {
	for _, v := range f.loaded {
		f.at[v] = place{}
	}
	lo, hi := f.exitStart[b], f.exitStart[b+1]
	f.loaded = append(f.loaded[:0], f.exitV[lo:hi]...)
	for k, v := range f.loaded {
		f.at[v] = f.exitP[int(lo)+k]
	}
}

// leave records the state at the end of block b.
func (a *Allocator) leave(b int32) {
	f := &a.flow
	a.passEarly(b)
	for _, v := range a.st.held {
		f.exitV, f.exitP = append(f.exitV, v), append(f.exitP, a.st.places[v])
	}
	f.exitStart[b+1] = int32(len(f.exitV))
	a.shunBranch(b)
}

// shunBranch keeps the parameters of the blocks that b branches to away from
// the registers that the branch reads: only then can their moves be hoisted
// above it.
func (a *Allocator) shunBranch(b int32) {
	c := &a.code
	if c.firstEdge[b+1]-c.firstEdge[b] < 2 {
		return
	}
	read := a.branchReads(b)
	for e := c.firstEdge[b]; e < c.firstEdge[b+1]; e++ {
		for _, p := range c.blockParams(int(c.to[e])) {
			shun := a.hint.shun(p)
			for f := range shun {
				shun[f] |= read[f]
			}
		}
	}
}

// enter decides the state at the start of block b: that of the most frequent
// predecessor seen so far, without what the others lack.
func (a *Allocator) enter(b int32) error {
	c, f, l := &a.code, &a.flow, &a.live
	a.st.clear()
	for k, v := range l.blockLive(b) {
		a.next[v] = c.lo[b] + l.dist[int(l.start[b])+k]
	}
	if b == 0 {
		return nil
	}
	preds := c.blockPreds(int(b))
	main, loop := int32(-1), false
	for _, e := range preds {
		p := c.from[e]
		if p >= b {
			loop = true
		} else if main < 0 || c.weight[p] > c.weight[c.from[main]] {
			main = e
		}
	}
	entry := f.entry[l.start[b]:l.start[b+1]]
	f.load(c.from[main])
	for k, v := range l.blockLive(b) {
		entry[k] = f.at[v]
	}
	f.votes = f.votes[:0]
	for _, e := range preds {
		p := c.from[e]
		if p >= b {
			continue
		}
		f.load(p)
		for k, v := range l.blockLive(b) {
			if e != main {
				entry[k] = common(entry[k], f.at[v], c.info[v].Remat != 0)
			}
		}
		for j, v := range c.edgeArgs(int(e)) {
			f.vote(int32(j), f.at[v], c.weight[p])
		}
	}
	for k, v := range l.blockLive(b) {
		if loop {
			entry[k] = a.settleLoop(v, entry[k])
		}
		if !c.loose[v] {
			a.enterAt(v, entry[k])
		}
	}
	for k, v := range l.blockLive(b) {
		away := entry[k]
		away.unset(Out)
		if away == (place{}) && c.info[v].Remat == 0 && !c.outOnly(v) {
			if err := a.rehome(b, v); err != nil {
				return err
			}
			entry[k] = a.st.places[v]
		}
	}
	if err := a.enterParams(b, len(preds) == 1, loop); err != nil {
		return err
	}
	// Constants that are only passed on get what the parameters leave them.
	for k, v := range l.blockLive(b) {
		if !c.loose[v] {
			continue
		}
		for g := A; g <= Out; g++ {
			if n, ok := entry[k].in(g); ok && a.st.busy[g]>>n&1 != 0 {
				entry[k].unset(g)
			}
		}
		if n, ok := entry[k].in(Slot); ok && a.st.slots.has(n) {
			entry[k].unset(Slot)
		}
		a.enterAt(v, entry[k])
	}
	return nil
}

// enterAt notes that v is in the places p at the start of a block.
func (a *Allocator) enterAt(v VReg, p place) {
	for g := A; g <= Slot; g++ {
		if n, ok := p.in(g); ok {
			a.st.put(v, Loc{g, uint8(n)})
			if g == Out && !a.code.outOnly(v) {
				a.st.spareOut |= 1 << n
			}
		}
	}
}

// common returns the places that both have. If there is none it returns one
// place of p, unless the value can be created anew.
func common(p, q place, remat bool) place {
	r := p
	for f := A; f <= Slot; f++ {
		n, ok := p.in(f)
		if m, also := q.in(f); ok && (!also || m != n) {
			r.unset(f)
		}
	}
	out := r.reg[Out]
	r.unset(Out)
	if r == (place{}) && !remat {
		// One place is enough for the moves on the other edges to make; In cannot
		// be written by a move, Out cannot be read by one.
		r = p
		r.unset(In)
		r.unset(Out)
		for f := A; f <= Slot; f++ {
			if r.count() > 1 {
				r.unset(f)
			}
		}
	}
	r.reg[Out] = out
	return r
}

// settleLoop takes from the places of v at a loop's head those that the loop
// would have to restore.
func (a *Allocator) settleLoop(v VReg, p place) place {
	if !a.code.outOnly(v) {
		p.unset(Out)
	}
	if n, ok := p.in(In); ok && (a.noIn[v] != 0 || p.count() > 1 || a.live.cross[v][In]>>n&1 != 0) && !a.code.info[v].Pinned {
		p.unset(In)
	}
	return p
}

// rehome finds a place on entry to block b for v, which has none that all
// predecessors could bring it to.
func (a *Allocator) rehome(b int32, v VReg) error {
	a.bun.lock, a.bun.kill, a.bun.fixed, a.bun.lockS = RegSet{}, RegSet{}, RegSet{}, slotSet{}
	to, err := a.refuge(a.code.lo[b], v, None, false)
	if err != nil {
		return err
	}
	a.st.put(v, to)
	return nil
}

// vote counts the places p for parameter j.
func (f *flow) vote(j int32, p place, weight int32) {
	for g := A; g <= Slot; g++ {
		n, ok := p.in(g)
		if !ok || g == Out {
			continue
		}
		l := Loc{g, uint8(n)}
		found := false
		for k := range f.votes {
			if w := &f.votes[k]; w.param == j && w.loc == l {
				w.weight += weight
				found = true
			}
		}
		if !found {
			f.votes = append(f.votes, vote{j, weight, l})
		}
	}
}

// enterParams finds places for the parameters of block b.
func (a *Allocator) enterParams(b int32, single, loop bool) error {
	c, f := &a.code, &a.flow
	first := int(c.paramStart[b])
	if first == int(c.paramStart[b+1]) {
		return nil
	}
	for j, v := range c.blockParams(int(b)) {
		a.next[v] = a.live.paramNext[first+j]
		if a.next[v] == never {
			continue
		}
		l, ok := a.elect(int32(j), v, single && !loop)
		if !ok {
			o := Operand{V: v, Files: GPRSet | BothSet}
			if l, ok = a.pick(&o, RegSet{}, None); !ok {
				if err := a.rehome(b, v); err != nil {
					return err
				}
				l = Loc{}
			}
		}
		if l != (Loc{}) {
			a.st.put(v, l)
			if l.File == A || l.File == B {
				a.bank.settle(v, l.File)
			}
			a.hint.placed(v, l)
		}
		f.param[first+j] = a.st.places[v]
	}
	return nil
}

// elect returns the free place with the most votes for parameter j, which
// is v. A place in In is only possible if no other edge must bring it there.
func (a *Allocator) elect(j int32, v VReg, single bool) (Loc, bool) {
	best := vote{weight: -1}
	cross := &a.live.cross[v]
	for _, w := range a.flow.votes {
		if w.param != j {
			continue
		}
		free := false
		switch w.loc.File {
		case Slot:
			free = !a.st.slots.has(int(w.loc.Num))
		case In:
			free = single && a.st.busy[In]>>w.loc.Num&1 == 0
		default:
			free = a.free(w.loc.File)>>w.loc.Num&1 != 0 && cross[w.loc.File]>>w.loc.Num&1 == 0
		}
		if free && (w.weight > best.weight || w.weight == best.weight && w.loc.File == a.bank.wanted(v)) {
			best = w
		}
	}
	if best.weight < 0 {
		return Loc{}, false
	}
	l := best.loc
	if g := A + B - l.File; (l.File == A || l.File == B) && a.bank.both[v] && a.free(g)>>l.Num&1 != 0 && cross[g]>>l.Num&1 == 0 {
		l.File = Both
	}
	return l, true
}
