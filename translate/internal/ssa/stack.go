package ssa

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/verify"
)

// StackPlace returns the frame and byte (0..511, counted from the lowest) that
// the stack pointer in register r points to, if it is known.
func (b *Builder) StackPlace(r int) (frame int, off int32, ok bool) {
	lo, _ := b.Reg(r)
	if v := b.F.V(lo); v.Op == StackAddr {
		return int(v.Imm >> 16), int32(int16(v.Imm)), true
	}
	fact := b.Fact(r)
	if fact.Kind == verify.PtrStack && fact.OffKnown && fact.Frame >= 0 {
		return fact.Frame, 512 + fact.Off, true
	}
	return 0, 0, false
}

// onlyPlace returns the place of all accesses through register r, plus off, that
// the proof has seen with these calls.
func (b *Builder) onlyPlace(r int, off int32) (frame int, at int32, ok bool) {
	uses := b.stackUses(r)
	if len(uses) != 1 || len(uses[0].Places) != 1 {
		return 0, 0, false
	}
	return uses[0].Frame, int32(512+uses[0].Places[0]) - off, true
}

func (b *Builder) loadStack(r int, off int32, n int) (pair, error) {
	words, err := b.stackBytes(r, off, n, n)
	if err != nil {
		return pair{}, err
	}
	p := pair{words[0], b.Const(0)}
	if n == 8 {
		p.hi = words[1]
	}
	return p, nil
}

// stackBytes reads n bytes at the stack pointer in register r plus off; align is
// what the place is known to be a multiple of.
func (b *Builder) stackBytes(r int, off int32, n, align int) ([]ID, error) {
	lo, _ := b.Reg(r)
	frame, places, err := b.stackPlaces(r, off, n)
	switch {
	case err != nil:
		return nil, err
	case places == nil && frame < 0:
		return b.zeros(n), nil
	case places == nil:
		return b.localBytes(b.local(lo, b.stackUses(r), off), n, max(align, alignment(b.Fact(r), off))), nil
	}
	words, err := b.StackWords(frame, places[0]+off, n)
	if err != nil {
		return nil, err
	}
	for _, a := range places[1:] {
		other, err := b.StackWords(frame, a+off, n)
		if err != nil {
			return nil, err
		}
		keep := words
		words = b.Choose(Compare{Cond: EQ, XL: lo, YL: b.stackAddress(frame, a)},
			func() []ID { return other }, func() []ID { return keep })
	}
	return words, nil
}

// zeros returns words for n bytes that nothing reads.
func (b *Builder) zeros(n int) []ID {
	out := make([]ID, (n+3)/4)
	for k := range out {
		out[k] = b.Const(0)
	}
	return out
}

// stackPlaces returns the places that the stack pointer in register r means, so
// that n bytes at off from one of them are accessed. No places mean that the bytes
// lie in local memory at an address that a run knows, or, with a negative frame,
// that no run comes here.
func (b *Builder) stackPlaces(r int, off int32, n int) (frame int, at []int32, err error) {
	if frame, at, ok := b.StackPlace(r); ok {
		return frame, []int32{at}, nil
	}
	if frame, at, ok := b.onlyPlace(r, off); ok {
		return frame, []int32{at}, nil
	}
	uses := b.stackUses(r)
	switch {
	case len(uses) == 0:
		return -1, nil, nil
	case b.inAreas(uses):
		return 0, nil, nil
	}
	return b.stackChoice(r, &uses[0], off, n)
}

// stackAddress returns the address of a byte that may be far from the stack: an
// instruction's offset leads back to it.
func (b *Builder) stackAddress(frame int, at int32) ID {
	return b.AddConst(b.F.StackAddr(frame, 0), uint32(at))
}

// stackChoice returns the few places that a stack pointer can point to when it is
// known at run time only and n bytes at off from it are in the stack: the
// constant addresses that meet in block parameters, or else all that the proof
// allows.
func (b *Builder) stackChoice(r int, use *verify.StackUse, off int32, n int) (frame int, at []int32, err error) {
	lo, _ := b.Reg(r)
	if frame, at, ok := b.metAddresses(lo); ok && len(at) <= maxChoice {
		inside := slices.DeleteFunc(slices.Clone(at), func(a int32) bool { return a+off < 0 || int(a+off)+n > 512 })
		if len(inside) > 0 {
			at = inside
		}
		return frame, at, nil
	}
	if use.Places != nil {
		for _, p := range use.Places {
			at = append(at, int32(512+p)-off)
		}
		return use.Frame, at, nil
	}
	step := int32(1)
	if in := b.Prog.Source().Insns[b.pc]; !in.IsCall() {
		step = int32(in.Bytes())
	}
	for a := (int32(use.Lo) + step - 1) &^ (step - 1); a <= int32(use.Hi-n); a += step {
		at = append(at, 512+a-off)
	}
	return use.Frame, at, nil
}

// metAddresses finds the addresses that a stack pointer can be, if all of them
// are constants of one frame that meet in block parameters.
func (b *Builder) metAddresses(lo ID) (frame int, at []int32, ok bool) {
	met, ok := b.met(lo)
	if !ok || len(met) < 2 {
		return 0, nil, false
	}
	frame = int(b.F.V(met[0]).Imm >> 16)
	for _, id := range met {
		v := b.F.V(id)
		if v.Op != StackAddr || int(v.Imm>>16) != frame {
			return 0, nil, false
		}
		at = append(at, int32(int16(v.Imm)))
	}
	slices.Sort(at)
	return frame, at, true
}

// StackWords reads n bytes of a frame's stack from byte at on, as words in
// memory order; bytes beyond n in the last word are zero.
func (b *Builder) StackWords(frame int, at int32, n int) ([]ID, error) {
	if at < 0 || int(at)+n > 512 {
		return nil, b.Unsupported(fmt.Sprintf("%d bytes of stack at %d", n, at-512), "the stack has 512 bytes")
	}
	word := func(w int32) ID {
		if w > 127 {
			return b.Const(0)
		}
		return b.stackWord(frame, w)
	}
	var out []ID
	for k := 0; k < n; k += 4 {
		first, sh := (at+int32(k))/4, uint32(at+int32(k))%4*8
		x := word(first)
		need := min(n-k, 4)
		if sh != 0 {
			hi := b.Const(0)
			if int(sh)/8+need > 4 {
				hi = word(first + 1)
			}
			x = b.Op(Funnel, sh, hi, x)
		}
		if need < 4 {
			x = b.And(x, 1<<(8*need)-1)
		}
		out = append(out, x)
	}
	return out, nil
}

func (b *Builder) storeStack(r int, off int32, n int, v pair) error {
	lo, _ := b.Reg(r)
	frame, places, err := b.stackPlaces(r, off, n)
	switch {
	case err != nil || places == nil && frame < 0:
		return err
	case places == nil:
		b.setLocal(b.local(lo, b.stackUses(r), off), n, v)
		return nil
	case len(places) == 1:
		return b.storeAt(frame, places[0]+off, n, v)
	}
	for _, a := range places {
		first := (a + off) &^ 3
		if first < 0 || first+int32(n) > 512 {
			return b.storeAt(frame, a+off, n, v)
		}
		vars := []variable{stackVar(frame, first/4)}
		if n == 8 {
			vars = append(vars, vars[0]+1)
		}
		read := func() []ID {
			var out []ID
			for _, w := range vars {
				out = append(out, b.read(w))
			}
			return out
		}
		old := read()
		words := b.Choose(Compare{Cond: EQ, XL: lo, YL: b.stackAddress(frame, a)}, func() []ID {
			err = b.storeAt(frame, a+off, n, v)
			return read()
		}, func() []ID { return old })
		if err != nil {
			return err
		}
		for k, w := range vars {
			b.write(w, words[k])
		}
	}
	return nil
}

// storeAt writes n bytes at byte at of a frame's stack.
func (b *Builder) storeAt(frame int, at int32, n int, v pair) error {
	if at < 0 || int(at)+n > 512 || at%int32(min(n, 4)) != 0 {
		return b.Unsupported(fmt.Sprintf("a store of %d bytes to the stack at %d", n, at-512), "stack accesses must be aligned and inside the 512 bytes")
	}
	w := at / 4
	switch n {
	case 8:
		b.setStackWord(frame, w, v.lo)
		b.setStackWord(frame, w+1, v.hi)
	case 4:
		b.setStackWord(frame, w, v.lo)
	default:
		shift := int(at%4) * 8
		mask := (1<<n - 1) << (at % 4)
		b.setStackWord(frame, w, b.Op(Insert, InsertImm(mask, shift), b.stackWord(frame, w), v.lo))
	}
	return nil
}

// Behind reads n bytes behind the pointer in register r, as words in memory
// order.
func (b *Builder) Behind(r, n int) ([]ID, error) { return b.behind(r, b.Fact(r).Kind, n) }

// behind is Behind where the pointer is of a kind.
func (b *Builder) behind(r int, kind verify.Kind, n int) ([]ID, error) {
	lo, hi := b.Reg(r)
	fact := b.Fact(r)
	switch kind {
	case verify.PtrStack:
		return b.stackBytes(r, 0, n, 1)
	case verify.PtrMapValue, verify.PtrPacket, verify.PtrMem, verify.PtrMapKey, verify.PtrNum:
		var out []ID
		for k := 0; k < n; k += 4 {
			need := min(4, n-k)
			w, err := b.pieceBehind(lo, hi, fact, kind, int32(k), need)
			if err != nil {
				return nil, err
			}
			out = append(out, w)
		}
		return out, nil
	}
	if meet, ok := b.meeting(fact); ok {
		return b.wherever(r, meet, func(k verify.Kind) ([]ID, error) {
			if k == verify.PtrStack && b.beyond(r, n) {
				return b.zeros(n), nil // so many bytes are asked for where it leads elsewhere
			}
			return b.behind(r, k, n)
		})
	}
	return nil, b.Unsupported("an argument that points to "+kindNames[fact.Kind], "only stack, packet and map values can be passed")
}

// pieceBehind reads n bytes, 1 to 4, at an offset from a pointer to a map value,
// the packet or a record.
func (b *Builder) pieceBehind(lo, hi ID, fact *verify.Reg, kind verify.Kind, off int32, n int) (ID, error) {
	if n == 3 {
		first, err := b.pieceBehind(lo, hi, fact, kind, off, 2)
		if err != nil {
			return 0, err
		}
		last, err := b.pieceBehind(lo, hi, fact, kind, off+2, 1)
		return b.Op(Or, 0, first, b.Shift(Shl, last, 16)), err
	}
	var p pair
	var err error
	switch kind {
	case verify.PtrPacket:
		p = b.loadWords(Value{Op: Load, Space: Packet}, []ID{lo}, uint32(off), n)
	case verify.PtrMem:
		p, err = b.loadRecord(lo, fact, off, n)
	case verify.PtrMapKey:
		p, err = b.loadKey(lo, hi, fact, off, n)
	case verify.PtrNum:
		p.lo, err = b.iterBytes(lo, fact, off, n)
	default:
		p, err = b.loadMap(lo, hi, fact, off, n)
	}
	return p.lo, err
}

// LoadBehind reads n bytes, 1, 2 or 4, at a place in the packet, map value, record or
// local memory that the pointer in register r points to. The place is the low word of a
// pointer.
func (b *Builder) LoadBehind(r int, place ID, n int) (ID, error) {
	_, hi := b.Reg(r)
	fact := b.Fact(r)
	switch fact.Kind {
	case verify.PtrPacket:
		return b.loadWords(Value{Op: Load, Space: Packet}, []ID{place}, 0, n).lo, nil
	case verify.PtrMapValue:
		p, err := b.loadMap(place, hi, fact, 0, n)
		return p.lo, err
	case verify.PtrMem:
		p, err := b.loadRecord(place, fact, 0, n)
		return p.lo, err
	case verify.PtrStack:
		if b.InLocal(r) {
			return b.LoadLocal(r, place, n), nil
		}
	}
	return 0, b.Unsupported("an argument that points to "+kindNames[fact.Kind], "only packet and map values can be walked through")
}

// StoreBehind writes n bytes, 1, 2 or 4, at a place in the packet, map value or
// record that the pointer in register r points to. The place is the low word of a
// pointer.
func (b *Builder) StoreBehind(r int, place ID, n int, v ID) error {
	_, hi := b.Reg(r)
	fact := b.Fact(r)
	switch fact.Kind {
	case verify.PtrPacket:
		b.storeWords(Value{Op: Store, Space: Packet}, []ID{place}, 0, n, pair{lo: v})
		return nil
	case verify.PtrMapValue:
		_, err := b.alone(fact, place, 0, anywhere, func() ([]ID, error) { return nil, b.storeWithin(place, hi, fact, 0, n, pair{lo: v}) })
		return err
	case verify.PtrMem:
		if err := b.inRecord(fact); err != nil {
			return err
		}
		b.storeWords(Value{Op: Store, Space: MapValue, Aux: int32(fact.Map)}, []ID{place, b.Const(b.Env.Machine.MapHigh)}, 0, n, pair{lo: v})
		return nil
	case verify.PtrStack:
		if b.InLocal(r) {
			b.StoreLocal(r, place, n, v)
			return nil
		}
	}
	return b.Unsupported("an argument that points to "+kindNames[fact.Kind], "only packet, records and map values can be filled")
}

// Fill writes the first n bytes of words to the stack where the pointer in
// register r points to.
func (b *Builder) Fill(r, n int, words []ID) error {
	lo, _ := b.Reg(r)
	frame, places, err := b.stackPlaces(r, 0, n)
	switch {
	case err != nil || places == nil && frame < 0:
		return err
	case places == nil:
		b.setLocalBytes(b.local(lo, b.stackUses(r), 0), n, alignment(b.Fact(r), 0), words)
		return nil
	case len(places) == 1:
		return b.writeStack(frame, places[0], n, words)
	}
	return b.Unsupported("a helper that fills one of several places of the stack", "stack bytes are kept in registers")
}

// writeStack writes the first n bytes of words to a frame's stack from byte at
// on.
func (b *Builder) writeStack(frame int, at int32, n int, words []ID) error {
	if at < 0 || int(at)+n > 512 {
		return b.Unsupported(fmt.Sprintf("%d bytes of stack at %d", n, at-512), "the stack has 512 bytes")
	}
	for k := 0; k < n; {
		// The bytes from k on that have one source word and one target word.
		pos := int(at) + k
		run := min(n-k, 4-k%4, 4-pos%4)
		w := int32(pos / 4)
		if run == 4 {
			b.setStackWord(frame, w, words[k/4])
		} else {
			mask := (1<<run - 1) << (pos % 4)
			left := 8 * ((pos%4 - k%4 + 4) % 4)
			b.setStackWord(frame, w, b.Op(Insert, InsertImm(mask, left), b.stackWord(frame, w), words[k/4]))
		}
		k += run
	}
	return nil
}
