package ssa

// Frames that are longer than a packet buffer go on in another memory. Programs that
// take such frames say so; in all others a frame lies in one piece.

// Fragments reports whether a frame may have a part behind its buffer.
func (b *Builder) Fragments() bool {
	return b.Env.Machine.Fragments != nil && b.Prog.Source().Fragments
}

// startFragment reads how much of the frame lies behind its buffer.
func (b *Builder) startFragment() {
	if !b.Fragments() {
		b.write(varFragment, b.Const(0))
		return
	}
	id := b.vecWord(b.Env.Machine.Fragment.Word)
	m := &b.Env.Machine
	b.F.V(id).KnownMask = ^uint32(0) << m.LengthBits
	b.write(varFragment, id)
}

// Fragment returns how many bytes of the frame lie behind its buffer.
func (b *Builder) Fragment() ID { return b.read(varFragment) }

// SetFragment says how many bytes lie there from here on.
func (b *Builder) SetFragment(n ID) { b.write(varFragment, n) }

// TellFragment writes the number to the packet vector.
func (b *Builder) TellFragment(n ID) { b.setVec(b.Env.Machine.Fragment.Word, n) }

// FragmentAt returns the low word of the address of the first byte behind the
// buffer.
func (b *Builder) FragmentAt() ID {
	ptr, _ := b.Packet()
	m := b.Env.Machine.Fragments
	return b.AddConst(b.And(ptr, m.Number), m.Low)
}

// FragmentPiece is a load or store of a piece, 4 bytes or 1, behind the buffer: at is
// the low word of its address.
func (b *Builder) FragmentPiece(op Op, size int, at ID, rest ...ID) Value {
	args := append([]ID{at, b.Const(b.Env.Machine.Fragments.High)}, rest...)
	return Value{Op: op, Space: Fragment, Size: uint8(size), Exact: op == Load, Args: args}
}

// FrameLength returns the bytes of the whole frame.
func (b *Builder) FrameLength() ID {
	_, length := b.Packet()
	if !b.Fragments() {
		return length
	}
	return b.Op(Add, 0, length, b.Fragment())
}
