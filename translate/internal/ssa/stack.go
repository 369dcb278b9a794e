package ssa

import (
	"fmt"
	"math"
	"slices"

	"github.com/skipsw/skipsw/translate/verify"
)

// StackPlace returns the frame and byte (0..511, counted from the lowest) that
// a stack pointer with this low word and fact points to.
func (b *Builder) StackPlace(lo ID, fact *verify.Reg) (frame int, off int32, err error) {
	if v := b.F.V(lo); v.Op == StackAddr {
		return int(v.Imm >> 16), int32(int16(v.Imm)), nil
	}
	if fact.Kind == verify.PtrStack && fact.OffKnown && fact.Frame >= 0 {
		return fact.Frame, 512 + fact.Off, nil
	}
	return 0, 0, b.Unsupported("stack access at an address that is computed at run time", "stack bytes are kept in registers")
}

func (b *Builder) loadStack(lo ID, fact *verify.Reg, off int32, n int) (pair, error) {
	words, err := b.stackBytes(lo, fact, off, n)
	if err != nil {
		return pair{}, err
	}
	r := pair{words[0], b.Const(0)}
	if n == 8 {
		r.hi = words[1]
	}
	return r, nil
}

// stackBytes reads n bytes at a stack pointer plus off.
func (b *Builder) stackBytes(lo ID, fact *verify.Reg, off int32, n int) ([]ID, error) {
	if frame, at, err := b.StackPlace(lo, fact); err == nil {
		return b.StackWords(frame, at+off, n)
	}
	frame, at, err := b.stackChoice(lo, fact, off, n)
	if err != nil {
		return nil, err
	}
	words, err := b.StackWords(frame, at[0]+off, n)
	if err != nil {
		return nil, err
	}
	for _, a := range at[1:] {
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

// stackAddress returns the address of a byte that may be far from the stack: an
// instruction's offset leads back to it.
func (b *Builder) stackAddress(frame int, at int32) ID {
	return b.AddConst(b.F.StackAddr(frame, 0), uint32(at))
}

// maxChoice bounds the places that one access to the stack may mean.
const maxChoice = 64

// maxPart bounds the variable part of the offset of such an access, in bytes and
// in both directions: two stacks.
const maxPart = 1024

// stackChoice returns the places that a stack pointer can point to when it is
// known at run time only and n bytes at off from it are in the stack: the
// constant addresses that meet in block parameters, or else all that the proof
// allows.
func (b *Builder) stackChoice(lo ID, fact *verify.Reg, off int32, n int) (frame int, at []int32, err error) {
	if frame, at, ok := b.metAddresses(lo); ok {
		inside := slices.DeleteFunc(slices.Clone(at), func(a int32) bool { return a+off < 0 || int(a+off)+n > 512 })
		if len(inside) > 0 {
			at = inside
		}
		return frame, at, nil
	}
	step := int64(1)
	for step < 8 && fact.Bits.Mask&uint64(step) == 0 {
		step <<= 1
	}
	least, most := fact.SMin, fact.SMax
	if fact.UMax <= math.MaxInt64 {
		least, most = int64(fact.UMin), int64(fact.UMax)
	}
	small := least >= -maxPart && most <= maxPart
	// The least that the range allows may lie between two places.
	least += int64(fact.Bits.Value-uint64(least)) & (step - 1)
	first, last := int64(fact.Off)+least, int64(fact.Off)+most
	if fact.Kind != verify.PtrStack || fact.Frame < 0 || !small || (last-first)/step >= maxChoice {
		return 0, nil, b.Unsupported("stack access at an address that is computed at run time",
			fmt.Sprintf("stack bytes are kept in registers, and the address is not known to be one of at most %d", maxChoice))
	}
	for a := first; a <= last; a += step {
		if first := 512 + a + int64(off); first >= 0 && first+int64(n) <= 512 {
			at = append(at, int32(512+a))
		}
	}
	if len(at) == 0 {
		return 0, nil, b.Unsupported("stack access at an address that is computed at run time", "none of the addresses that it can be lies in the stack")
	}
	return fact.Frame, at, nil
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
		return b.read(stackVar(frame, w))
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

func (b *Builder) storeStack(lo ID, fact *verify.Reg, off int32, n int, v pair) error {
	if frame, at, err := b.StackPlace(lo, fact); err == nil {
		return b.storeAt(frame, at+off, n, v)
	}
	frame, at, err := b.stackChoice(lo, fact, off, n)
	if err != nil {
		return err
	}
	for _, a := range at {
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
	w := stackVar(frame, at/4)
	switch n {
	case 8:
		b.write(w, v.lo)
		b.write(w+1, v.hi)
	case 4:
		b.write(w, v.lo)
	default:
		shift := int(at%4) * 8
		mask := (1<<n - 1) << (at % 4)
		b.write(w, b.Op(Insert, InsertImm(mask, shift), b.read(w), v.lo))
	}
	return nil
}

// Behind reads n bytes behind the pointer in register r, as words in memory
// order.
func (b *Builder) Behind(r, n int) ([]ID, error) {
	lo, hi := b.Reg(r)
	fact := b.Fact(r)
	switch fact.Kind {
	case verify.PtrStack:
		return b.stackBytes(lo, fact, 0, n)
	case verify.PtrMapValue, verify.PtrPacket, verify.PtrMem:
		var out []ID
		for k := 0; k < n; k += 4 {
			need := min(4, n-k)
			if need == 3 {
				return nil, b.Unsupported(fmt.Sprintf("%d bytes behind a pointer to %s", n, kindNames[fact.Kind]), "only multiples of 4 and shorter pieces of 1 or 2 bytes are taken")
			}
			var p pair
			var err error
			if fact.Kind == verify.PtrPacket {
				p = b.loadWords(Value{Op: Load, Space: Packet}, []ID{lo}, uint32(k), need)
			} else if fact.Kind == verify.PtrMem {
				if p, err = b.loadRecord(lo, fact, int32(k), need); err != nil {
					return nil, err
				}
			} else if p, err = b.loadMap(lo, hi, fact, int32(k), need); err != nil {
				return nil, err
			}
			out = append(out, p.lo)
		}
		return out, nil
	}
	return nil, b.Unsupported("an argument that points to "+kindNames[fact.Kind], "only stack, packet and map values can be passed")
}

// LoadBehind reads n bytes, 1, 2 or 4, at a place in the packet or map value
// that the pointer in register r points to. The place is the low word of a
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
	}
	return 0, b.Unsupported("an argument that points to "+kindNames[fact.Kind], "only packet and map values can be walked through")
}

// WriteStack writes the first n bytes of words to a frame's stack from byte at
// on.
func (b *Builder) WriteStack(frame int, at int32, n int, words []ID) error {
	if at < 0 || int(at)+n > 512 {
		return b.Unsupported(fmt.Sprintf("%d bytes of stack at %d", n, at-512), "the stack has 512 bytes")
	}
	for k := 0; k < n; {
		// The bytes from k on that have one source word and one target word.
		pos := int(at) + k
		run := min(n-k, 4-k%4, 4-pos%4)
		v := stackVar(frame, int32(pos/4))
		if run == 4 {
			b.write(v, words[k/4])
		} else {
			mask := (1<<run - 1) << (pos % 4)
			left := 8 * ((pos%4 - k%4 + 4) % 4)
			b.write(v, b.Op(Insert, InsertImm(mask, left), b.read(v), words[k/4]))
		}
		k += run
	}
	return nil
}
