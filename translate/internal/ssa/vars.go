package ssa

// variable numbers a word that the eBPF program keeps: half a register of a
// frame, a word of a frame's stack, or a word of the packet's state.
type variable int32

const (
	// R0..R9 as two words each, 512 bytes of stack, rounds left for may_goto, an
	// iterator and a dynptr in each slot of the stack
	frameVars = 2*10 + 128 + 1 + 2*stackSlots + 3*stackSlots

	// stackSlots is the number of 8-byte slots of a stack.
	stackSlots = 64

	varPktPtr variable = iota
	varPktLen
	varCsumLevel // checksums found right
	varNetwork   // offset of a tc frame's network header
	varEncap     // not 0 in a tc frame that the program has put into another
	varMeta      // bytes of metadata in front of an XDP frame
	varFragment  // bytes of the frame behind its buffer
	varHop       // words of a NextHop
	varHopLast   = varHop + 6
	varSkb       = varHopLast + 1 // words of a tc program's context
	varFrames    = varSkb + skbWords
)

func regVar(frame, reg, half int) variable {
	return varFrames + variable(frame*frameVars+reg*2+half)
}

func stackVar(frame int, word int32) variable {
	return varFrames + variable(frame*frameVars+20+int(word))
}

// roundsVar is the number of rounds that may_goto still allows a frame.
func roundsVar(frame int) variable { return varFrames + variable(frame*frameVars+20+128) }

// iterVar is half an iterator that lies in a slot of a frame's stack: its number, or
// the one that ends it.
func iterVar(frame, slot, half int) variable {
	return varFrames + variable(frame*frameVars+20+128+1+2*slot+half)
}

// blockState is what the construction of SSA knows of a block. The method is
// that of Braun and others, Simple and Efficient Construction of Static Single
// Assignment Form (2013).
type blockState struct {
	defs    map[variable]ID
	preds   []BlockID
	pending int // edges into the block that are still to come
	open    []openParam
}

// openParam is a parameter whose arguments are not known yet.
type openParam struct {
	v     variable
	param ID
}

// write makes id the value of v from here on.
func (b *Builder) write(v variable, id ID) {
	b.state[b.Block].defs[v] = id
	if h, ok := halfOf(v); ok {
		b.F.MadeFor(id, b.Slot, h)
	}
}

// read returns the value of v here.
func (b *Builder) read(v variable) ID { return b.readAt(b.Block, v) }

func (b *Builder) readAt(blk BlockID, v variable) ID {
	st := b.state[blk]
	if id, ok := st.defs[v]; ok {
		return b.resolve(id)
	}
	var id ID
	switch {
	case st.pending > 0:
		id = b.F.New(blk, Value{Op: Param, Slot: -1})
		st.open = append(st.open, openParam{v, id})
	case len(st.preds) == 0:
		id = b.F.Undef()
	case len(st.preds) == 1:
		id = b.readAt(st.preds[0], v)
	default:
		id = b.F.New(blk, Value{Op: Param, Slot: -1})
		st.defs[v] = id
		id = b.complete(blk, v, id)
	}
	st.defs[v] = id
	return id
}

// complete finds the arguments of a parameter in all predecessors.
func (b *Builder) complete(blk BlockID, v variable, param ID) ID {
	st := b.state[blk]
	args := make([]ID, len(st.preds))
	for k, p := range st.preds {
		args[k] = b.readAt(p, v)
	}
	b.phis = append(b.phis, phi{blk, param, args})
	b.tryTrivial(&b.phis[len(b.phis)-1])
	return b.resolve(param)
}

// phi is a parameter with its arguments in the order of the predecessors.
type phi struct {
	block BlockID
	param ID
	args  []ID
}

// tryTrivial replaces a parameter that has only one other value as argument.
func (b *Builder) tryTrivial(p *phi) bool {
	if _, gone := b.replaced[p.param]; gone {
		return false
	}
	var same ID
	for _, a := range p.args {
		a = b.resolve(a)
		if a == p.param || a == same {
			continue
		}
		if same != 0 {
			return false
		}
		same = a
	}
	if same == 0 {
		same = b.F.Undef()
	}
	b.replaced[p.param] = same
	return true
}

// resolve follows replacements of parameters.
func (b *Builder) resolve(id ID) ID {
	for {
		r, ok := b.replaced[id]
		if !ok {
			return id
		}
		id = r
	}
}

// newBlock adds a block that waits for the given number of incoming edges.
func (b *Builder) newBlock(pending int) BlockID {
	id := b.F.NewBlock()
	b.state = append(b.state, &blockState{defs: map[variable]ID{}, pending: pending})
	return id
}

// edgeTo records an edge from the current block; the last awaited one completes
// the target's parameters.
func (b *Builder) edgeTo(to BlockID) Edge {
	st := b.state[to]
	st.preds = append(st.preds, b.Block)
	st.pending--
	if st.pending < 0 {
		panic("BUG: more edges into a block than announced")
	}
	if st.pending == 0 {
		open := st.open
		st.open = nil
		for _, o := range open {
			// The end of the current block is being made: its own values are all
			// there.
			b.complete(to, o.v, o.param)
		}
	}
	return Edge{To: to}
}

// stackNumber is the number of the lowest byte of frame 0 where a stack address
// is used as a number; the frames lie 64 KiB apart.
const stackNumber = 1 << 14

// finish removes replaced parameters and gives the remaining ones to blocks and
// edges.
func (b *Builder) finish() {
	for again := true; again; {
		again = false
		for k := range b.phis {
			again = b.tryTrivial(&b.phis[k]) || again
		}
	}
	f := b.F
	edge := map[[2]BlockID][]*Edge{}
	for blk := range f.Blocks {
		succs := f.Blocks[blk].Term.Succs
		for s := range succs {
			k := [2]BlockID{BlockID(blk), succs[s].To}
			edge[k] = append(edge[k], &succs[s])
		}
	}
	for k := range b.phis {
		p := &b.phis[k]
		if _, gone := b.replaced[p.param]; gone {
			f.Values[p.param] = Value{Op: Invalid, Block: NoBlock}
			continue
		}
		f.Blocks[p.block].Params = append(f.Blocks[p.block].Params, p.param)
		seen := map[BlockID]int{}
		for j, from := range b.state[p.block].preds {
			e := edge[[2]BlockID{from, p.block}][seen[from]]
			seen[from]++
			e.Args = append(e.Args, b.resolve(p.args[j]))
		}
	}
	for blk := range f.Blocks {
		f.Uses(BlockID(blk), func(id *ID) {
			*id = b.resolve(*id)
			switch v := f.V(*id); v.Op {
			case Undef:
				*id = f.Const(0)
			case StackAddr:
				// What is left of stack addresses is compared or passed on as
				// numbers.
				*id = f.Const(v.Imm&^0xffff + stackNumber + uint32(int32(int16(v.Imm))))
			}
		})
	}
}
