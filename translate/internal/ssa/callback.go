package ssa

// CallBack builds a loop that calls the function that this helper call calls back,
// in the place of the call: up to rounds times, until it returns another number
// than 0. args gives its arguments, by the number of the round from 0 on: the low
// and the high word of R1, R2 and so on. CallBack returns how often it was called.
func (b *Builder) CallBack(rounds ID, args func(round ID) [][2]ID) (ID, error) {
	fn, ok := b.callee()
	if !ok {
		return b.Const(0), nil // the proof has found that there is no round
	}
	pc := b.pc
	head, body, done := b.newBlock(2), b.newBlock(1), b.newBlock(2)
	b.jump(head)
	b.Block = head
	round := b.F.New(head, Value{Op: Param, Slot: -1})
	b.branch(Compare{Cond: EQ, XL: round, YL: rounds}, body, done)
	b.Block = body
	for k, a := range args(round) {
		b.write(regVar(b.frame+1, k+1, 0), a[0])
		b.write(regVar(b.frame+1, k+1, 1), a[1])
	}
	if err := b.inline(pc, fn); err != nil {
		return 0, err
	}
	next := b.AddConst(round, 1)
	result := b.read(regVar(b.frame, 0, 0))
	b.branch(Compare{Cond: EQ, XL: result, YL: b.Const(0)}, done, head)
	b.phis = append(b.phis, phi{head, round, []ID{b.Const(0), next}})
	b.Block = done
	return b.joined(done, []ID{round, next}), nil
}

// callee returns the function that this helper call calls back, by its index in
// Source().Funcs.
func (b *Builder) callee() (fn int, ok bool) {
	k, ok := b.Prog.Callback(b.pc)
	if !ok {
		return 0, false
	}
	start := b.Prog.Funcs()[k].Start
	for n, f := range b.Prog.Source().Funcs {
		if f.Start == start {
			return n, true
		}
	}
	return 0, false
}
