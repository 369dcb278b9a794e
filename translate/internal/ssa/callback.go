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
	b.passArgs(args(round))
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

// Each is CallBack for elements that lie somewhere. step takes the words that say how
// far the walk is, at first init, and returns the next element, 0 for none, and the
// words for the one behind it. It is asked for what follows an element when the call
// for that has come back.
func (b *Builder) Each(init []ID, step func(words []ID) (element ID, next []ID), args func(element ID) [][2]ID) (ID, error) {
	fn, ok := b.callee()
	if !ok {
		return b.Const(0), nil
	}
	pc := b.pc
	head, body, done := b.newBlock(2), b.newBlock(1), b.newBlock(2)
	zero := b.Const(0)
	b.jump(head)
	b.Block = head
	params := make([]ID, len(init)+1)
	for k := range params {
		params[k] = b.F.New(head, Value{Op: Param, Slot: -1})
	}
	count := params[len(init)]
	element, next := step(params[:len(init):len(init)])
	b.branch(Compare{Cond: EQ, XL: element, YL: zero}, body, done)
	b.Block = body
	b.passArgs(args(element))
	if err := b.inline(pc, fn); err != nil {
		return 0, err
	}
	calls := b.AddConst(count, 1)
	result := b.read(regVar(b.frame, 0, 0))
	b.branch(Compare{Cond: EQ, XL: result, YL: zero}, done, head)
	next = append(next[:len(next):len(next)], calls)
	init = append(init[:len(init):len(init)], zero)
	for k, p := range params {
		b.phis = append(b.phis, phi{head, p, []ID{init[k], next[k]}})
	}
	b.Block = done
	return b.joined(done, []ID{count, calls}), nil
}

// passArgs puts arguments in the registers of the next frame: the low and the high
// word of R1, R2 and so on.
func (b *Builder) passArgs(args [][2]ID) {
	for k, a := range args {
		b.write(regVar(b.frame+1, k+1, 0), a[0])
		b.write(regVar(b.frame+1, k+1, 1), a[1])
	}
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
