package regalloc

// source of choices: a byte string (fuzzing) followed by a generator.
type chooser struct {
	data []byte
	x    uint64
}

func (c *chooser) n(n int) int {
	if n <= 1 {
		return 0
	}
	if len(c.data) > 0 {
		b := c.data[0]
		c.data = c.data[1:]
		return int(b) % n
	}
	c.x += 0x9e3779b97f4a7c15
	z := c.x
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n))
}

// randomFunc makes a valid function of about size instructions.
func randomFunc(c *chooser, size, xfers int) *mockFunc {
	g := &gen{c: c, f: newMock(), size: size, xfers: xfers, kinds: 20}
	return g.function()
}

// randomGlued makes such a function that also has glued commands.
func randomGlued(c *chooser, size, xfers int) *mockFunc {
	g := &gen{c: c, f: newMock(), size: size, xfers: xfers, kinds: 21}
	return g.function()
}

func (g *gen) function() *mockFunc {
	c, size := g.c, g.size
	g.b = g.f.block()
	for range 2 + c.n(6) {
		g.constant()
	}
	g.seq(0, size)
	// Long lives: read a handful of everything at the end.
	for range c.n(12) {
		g.b.i(in(g.pick(), AnySource))
	}
	g.b.i(at(g.pick(), A, 0)).flags(Branch)
	return g.f.done()
}

type gen struct {
	c     *chooser
	f     *mockFunc
	b     *mockBlock
	avail []VReg
	fresh []VReg
	size  int
	xfers int
	depth int
	kinds int // of instructions

	packet bool // few long lives, few odd constraints
	long   []VReg
}

func (g *gen) pick() VReg {
	n := len(g.avail)
	if g.packet {
		if g.c.n(6) == 0 {
			return g.long[g.c.n(len(g.long))]
		}
		return g.avail[n-1-g.c.n(min(n, 8))]
	}
	if g.c.n(3) > 0 {
		return g.avail[n-1-g.c.n(min(n, 8))]
	}
	return g.avail[g.c.n(n)]
}

// def makes v available after the current instruction.
func (g *gen) def(v VReg) VReg {
	g.fresh = append(g.fresh, v)
	return v
}

func (g *gen) flush() {
	g.avail = append(g.avail, g.fresh...)
	g.fresh = g.fresh[:0]
}

func (g *gen) constant() {
	v := g.f.v()
	if g.c.n(2) == 0 {
		g.f.vregs[v].Remat = uint8(1 + g.c.n(2))
		g.f.vregs[v].Key = uint64(g.c.n(5))
	}
	g.b.i(Operand{V: v, Flags: Def, Files: GPRSet | BothSet})
	g.def(v)
	g.flush()
}

// arg returns a value for a parameter, sometimes a constant made for it. It is
// called before the branches of a block are there.
func (g *gen) arg() VReg {
	if g.c.n(3) > 0 {
		return g.pick()
	}
	v := g.f.v()
	g.f.vregs[v] = VRegInfo{Remat: uint8(1 + g.c.n(2)), Key: uint64(g.c.n(4))}
	g.b.i(Operand{V: v, Flags: Def, Files: GPRSet | BothSet})
	return v
}

// seq makes about n instructions in the current block and its successors.
func (g *gen) seq(depth, n int) {
	for n > 0 && g.size > 0 {
		k := g.c.n(20)
		switch {
		case k == 0 && depth < 4:
			m := g.c.n(n) / 2
			g.branch(depth, m)
			n -= m + 2
		case k == 1 && depth < 4:
			m := g.c.n(n) / 2
			g.loop(depth, m)
			n -= m + 2
		default:
			g.instr()
			g.flush()
			n--
			g.size--
		}
	}
}

func (g *gen) next(params ...VReg) *mockBlock {
	b := g.f.block(params...)
	b.weight = 1
	for range g.depth {
		b.weight *= 8
	}
	return b
}

// branch makes an if with or without an else, joined by parameters.
func (g *gen) branch(depth, n int) {
	np := g.c.n(4)
	scope := len(g.avail)
	args := func() []VReg {
		var out []VReg
		for range np {
			out = append(out, g.arg())
		}
		return out
	}
	direct := args()
	head := g.b
	head.i(in(g.pick(), AnySource)).flags(Branch)
	if g.c.n(3) == 0 {
		head.i().flags(Branch)
	}
	yes := g.next()
	head.to(yes)
	g.b = yes
	g.seq(depth+1, n)
	yesEnd, yesArgs := g.b, args()
	g.avail = g.avail[:scope:scope]
	if g.c.n(2) == 0 {
		join := g.next(g.f.vs(np)...)
		head.to(join, direct...)
		yesEnd.to(join, yesArgs...)
		g.b = join
	} else {
		no := g.next()
		head.to(no)
		g.b = no
		g.seq(depth+1, n)
		noEnd, noArgs := g.b, args()
		g.avail = g.avail[:scope:scope]
		join := g.next(g.f.vs(np)...)
		yesEnd.to(join, yesArgs...)
		noEnd.to(join, noArgs...)
		g.b = join
	}
	for _, p := range g.b.params {
		g.def(p)
	}
	g.flush()
}

// loop makes a loop with parameters, tested at its end.
func (g *gen) loop(depth, n int) {
	np := g.c.n(4)
	var init, next []VReg
	for range np {
		init = append(init, g.pick())
	}
	g.depth++
	head := g.next(g.f.vs(np)...)
	g.b.to(head, init...)
	g.b = head
	for _, p := range head.params {
		g.def(p)
	}
	g.flush()
	g.seq(depth+1, n)
	for range np {
		next = append(next, g.pick())
	}
	g.b.i(in(g.pick(), AnySource)).flags(Branch)
	g.b.to(head, next...)
	g.depth--
	out := g.next()
	g.b.to(out)
	g.b = out
}

// callLoss is what the mock's calls lose.
var callLoss = RegSet{A: 0x3, B: 0x3, In: 0xff}

// packetMix are kinds of instructions as often as packet programs have them.
var packetMix = []int{0, 0, 0, 1, 2, 2, 2, 4, 4, 7, 8, 8, 9, 10, 14, 17, 18, 18, 18, 18, 18, 18, 18, 18, 18, 18, 18, 18}

func (g *gen) instr() {
	b, f := g.b, g.f
	kind := g.c.n(g.kinds)
	if g.packet {
		kind = packetMix[g.c.n(len(packetMix))]
	}
	switch kind {
	case 0:
		g.constant()
	case 1: // same value twice
		x := g.pick()
		b.i(def(g.def(f.v())), src(x), src(x))
	case 2: // tied
		x, y := gpr(g.pick()), near(g.pick())
		b.i(tied(g.def(f.v()), 1), x, y)
	case 3:
		x, y := src(g.pick()), src(g.pick())
		b.i(early(g.def(f.v())), x, y)
	case 4, 5: // read memory
		x, y := near(g.pick()), near(g.pick())
		vs := f.vs(1 + g.c.n(min(g.xfers/2, 5)))
		ops := load(vs...)
		if g.c.n(4) == 0 {
			ops[0].V = NoVReg
			vs = vs[1:]
		}
		b.i(cat([]Operand{x, y}, ops)...)
		g.avail = append(g.avail, vs...)
	case 6, 7: // write memory
		x, y := near(g.pick()), near(g.pick())
		var vs []VReg
		for range 1 + g.c.n(min(g.xfers/2, 5)) {
			vs = append(vs, g.pick())
		}
		b.i(cat([]Operand{x}, store(vs...), []Operand{y})...)
	case 8: // values made for one write
		vs := f.vs(1 + g.c.n(3))
		for _, v := range vs {
			b.i(def(v), src(g.pick()), src(g.pick()))
		}
		b.i(cat(store(vs...), []Operand{near(g.pick())})...)
	case 9: // call
		x, y, z := g.pick(), g.pick(), g.pick()
		r := g.def(f.v())
		ops := []Operand{defAt(r, []File{A, B, Both}[g.c.n(3)], 0), at(x, A, 0), at(y, B, uint8(g.c.n(2)))}
		if g.c.n(2) == 0 {
			ops = append(ops, at(z, Both, 2))
		}
		b.i(ops...).clobber(callLoss)
	case 10: // indirect shift
		b.i(src(g.pick()))
		b.i(def(g.def(f.v())), src(g.pick())).flags(Glued)
	case 11: // multiply
		x, y := g.pick(), g.pick()
		for k := range 4 {
			b.i(src(x), src(y))
			if k > 0 {
				b.flags(Glued)
			}
		}
		b.i(def(g.def(f.v()))).flags(Glued)
		b.i(def(g.def(f.v()))).flags(Glued)
	case 12: // value made and read in one glued group
		x, y, z := f.v(), g.pick(), g.pick()
		b.i(Operand{V: x, Flags: Def, Files: GPRSet | BothSet}, src(y), src(z))
		b.i(def(g.def(f.v())), src(x), src(g.avail[g.c.n(len(g.avail)-1)])).flags(Glued)
	case 13:
		x := g.pick()
		b.i(def(g.def(f.v())), in(x, []FileSet{ASet, BSet}[g.c.n(2)]))
	case 14:
		x := g.pick()
		b.i(def(g.def(f.v())), in(x, AnySource)).flags(Copy)
	case 15: // a read that runs beside other instructions
		k := 1 + g.c.n(min(g.xfers/4, 3))
		tokens, vs := f.vs(k), f.vs(k)
		for _, t := range tokens {
			f.vregs[t].Pinned = true
		}
		b.i(cat([]Operand{near(g.pick())}, load(tokens...))...)
		for range g.c.n(3) {
			b.i(def(g.def(f.v())), src(g.pick()), src(g.pick()))
		}
		var ops []Operand
		for j := range vs {
			ops = append(ops, Operand{V: tokens[j], Files: InSet}, Operand{V: vs[j], Flags: Def | Tied, Tie: uint8(2 * j)})
		}
		b.i(ops...)
		g.avail = append(g.avail, vs...)
	case 16: // a write that runs beside other instructions
		x, t := g.pick(), f.v()
		f.vregs[t].Pinned = true
		b.i(cat(store(x), []Operand{{V: t, Flags: Def | Tied, Tie: 0}})...)
		for range g.c.n(3) {
			b.i(def(g.def(f.v())), src(g.pick()), src(g.pick()))
		}
		b.i(Operand{V: t, Files: OutSet})
	case 17: // an exchange: words out and in under the same numbers
		x, y, z := near(g.pick()), g.pick(), g.pick()
		b.i(x, at(y, Out, 0), at(z, Out, 1), defAt(g.def(f.v()), In, 0), defAt(g.def(f.v()), In, 1)).clobber(RegSet{In: 3})
	case 20: // glued commands that take words at fixed and at free places
		x, y, z, w, made, n := g.pick(), g.pick(), g.pick(), g.pick(), g.pick(), uint8(g.c.n(3))
		if g.c.n(2) == 0 {
			made = f.v()
			b.i(def(made), src(g.pick()), src(g.pick()))
		}
		if g.c.n(2) == 0 {
			b.i(cat(store(x, made), []Operand{at(z, Out, n)})...)
			b.i(near(y), at(w, Out, n+1), defAt(g.def(f.v()), In, 0)).flags(Glued)
		} else {
			b.i(near(y), at(z, Out, n), at(w, Out, n+1))
			b.i(store(x, made, w)...).flags(Glued)
		}
	default:
		x, y := src(g.pick()), src(g.pick())
		b.i(def(g.def(f.v())), x, y)
	}
}
