package ssa

import (
	"fmt"
	"slices"
)

// ID numbers a value of a function; 0 is no value.
type ID int32

// BlockID numbers a block of a function; the entry is 0.
type BlockID int32

// NoBlock is no block.
const NoBlock BlockID = -1

// Value is one word that a program computes, or an operation for its effect.
type Value struct {
	Op    Op
	Space Space
	Order Order // Read, Write: of words; Load, Store: of the value
	Size  uint8 // Load, Store, AtomicAdd, Read, Write: bytes
	// NonZero says that the word is known not to be zero.
	NonZero bool
	// Exact says of a Load or Read that it happens even if nobody wants its
	// result, and touches its own bytes and no others.
	Exact bool
	// Half is the half of an eBPF register that the word was made for, if it was.
	Half  Half
	Block BlockID // where it is; NoBlock for Const, StackAddr and removed values
	Slot  int32   // eBPF slot that it comes from, -1 for none
	Aux   int32   // map index for MapValue, else 0
	Imm   uint32
	// Known holds bits that are known from the proof: a set bit of KnownMask
	// has the value of that bit in KnownBits.
	KnownMask, KnownBits uint32
	// Max is an upper bound of the word as an unsigned number, 0 for none.
	Max  uint32
	Args []ID
}

// TermKind is the kind of a block's end.
type TermKind uint8

// The kinds of ends.
const (
	NoTerm TermKind = iota
	Jump            // to Succs[0]
	Branch          // to Succs[1] if X Cond Y, else to Succs[0]
	Exit            // with verdict X
	Leave           // to the program of the image whose number X is; Y is the stack base
	Begin           // to the program that follows the code
)

// Term ends a block.
type Term struct {
	Kind   TermKind
	Cond   Cond
	Wide   bool // Branch compares double words XH:X and YH:Y
	Slot   int32
	X, Y   ID
	XH, YH ID
	Succs  []Edge
}

// Edge leads to a block and gives its parameters values.
type Edge struct {
	To   BlockID
	Args []ID
}

// Block is a run of values that are computed in order.
type Block struct {
	Params []ID
	Values []ID // without Params, Const and StackAddr
	Term   Term
	Dead   bool // not reachable; has no values
	Loop   int  // nesting depth of loops
}

// Func is a whole program.
type Func struct {
	Name   string
	Values []Value // by ID; Values[0] is not used
	Blocks []Block
	Calls  []CallSite // by Imm of Call
	// Returns says that another program may go on where this one ends.
	Returns bool
	// LocalWords is the number of words of local memory that LMLoad and LMStore
	// reach.
	LocalWords int
	// Acquires says that some load comes before all that follow it.
	Acquires bool

	consts map[constKey]ID
}

type constKey struct {
	op  Op
	imm uint32
}

// NewFunc returns a function with an empty entry block.
func NewFunc(name string) *Func {
	return &Func{Name: name, Values: make([]Value, 1, 256), Blocks: make([]Block, 1, 16), consts: map[constKey]ID{}}
}

// NewBlock adds an empty block.
func (f *Func) NewBlock() BlockID {
	f.Blocks = append(f.Blocks, Block{})
	return BlockID(len(f.Blocks) - 1)
}

// V returns a value.
func (f *Func) V(id ID) *Value { return &f.Values[id] }

// B returns a block.
func (f *Func) B(id BlockID) *Block { return &f.Blocks[id] }

// Const returns the constant v. Equal constants are one value.
func (f *Func) Const(v uint32) ID { return f.shared(Const, v) }

// StackAddr returns the address of byte off (0..511, from the lowest) of a
// frame's stack.
func (f *Func) StackAddr(frame int, off int32) ID {
	return f.shared(StackAddr, uint32(frame)<<16|uint32(uint16(off)))
}

// Undef returns the word that has no particular value.
func (f *Func) Undef() ID { return f.shared(Undef, 0) }

func (f *Func) shared(op Op, imm uint32) ID {
	k := constKey{op, imm}
	if id, ok := f.consts[k]; ok {
		return id
	}
	id := ID(len(f.Values))
	v := Value{Op: op, Imm: imm, Block: NoBlock, Slot: -1}
	f.Values = append(f.Values, v)
	f.consts[k] = id
	return id
}

// IsConst returns the constant that id is.
func (f *Func) IsConst(id ID) (uint32, bool) {
	if id == 0 {
		return 0, false
	}
	v := &f.Values[id]
	return v.Imm, v.Op == Const
}

// Is reports whether id is the constant c.
func (f *Func) Is(id ID, c uint32) bool {
	v, ok := f.IsConst(id)
	return ok && v == c
}

// New makes a value of block b, with arguments of its own, without giving it a place in the block's order.
func (f *Func) New(b BlockID, v Value) ID {
	v.Block = b
	v.Args = slices.Clone(v.Args)
	id := ID(len(f.Values))
	f.Values = append(f.Values, v)
	return id
}

// AddParam adds a parameter to a block and returns its number. The caller adds
// the arguments to all edges.
func (f *Func) AddParam(b BlockID) ID {
	id := f.New(b, Value{Op: Param, Slot: -1})
	f.Blocks[b].Params = append(f.Blocks[b].Params, id)
	return id
}

// Uses calls fn with the address of each use of a value in the block's values
// and end, edge arguments included.
func (f *Func) Uses(b BlockID, fn func(*ID)) {
	blk := &f.Blocks[b]
	for _, id := range blk.Values {
		args := f.Values[id].Args
		for k := range args {
			fn(&args[k])
		}
	}
	blk.Term.Uses(fn)
}

// Uses calls fn with the address of each use of a value in the end of a block.
func (t *Term) Uses(fn func(*ID)) {
	for _, p := range []*ID{&t.X, &t.Y, &t.XH, &t.YH} {
		if *p != 0 {
			fn(p)
		}
	}
	for s := range t.Succs {
		for k := range t.Succs[s].Args {
			fn(&t.Succs[s].Args[k])
		}
	}
}

// Preds returns the predecessors of each block, one entry an edge.
func (f *Func) Preds() [][]BlockID {
	out := make([][]BlockID, len(f.Blocks))
	for b := range f.Blocks {
		if f.Blocks[b].Dead {
			continue
		}
		for _, e := range f.Blocks[b].Term.Succs {
			out[e.To] = append(out[e.To], BlockID(b))
		}
	}
	return out
}

// RPO returns the reachable blocks in reverse postorder. The fall-through
// successor (Succs[0]) comes as early as possible.
func (f *Func) RPO() []BlockID {
	state := make([]uint8, len(f.Blocks))
	var post []BlockID
	type frame struct {
		b    BlockID
		next int
	}
	stack := []frame{{0, 0}}
	state[0] = 1
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		succs := f.Blocks[top.b].Term.Succs
		if top.next < len(succs) {
			to := succs[len(succs)-1-top.next].To
			top.next++
			if state[to] == 0 {
				state[to] = 1
				stack = append(stack, frame{to, 0})
			}
			continue
		}
		post = append(post, top.b)
		stack = stack[:len(stack)-1]
	}
	for i, j := 0, len(post)-1; i < j; i, j = i+1, j-1 {
		post[i], post[j] = post[j], post[i]
	}
	return post
}

// Check reports the first broken invariant: uses of values that do not exist,
// edges with the wrong number of arguments, definitions that do not dominate
// their uses.
func (f *Func) Check() error {
	order := f.RPO()
	dom := f.Dominators(order)
	pos := make([]int32, len(f.Values))
	for b := range f.Blocks {
		for k, id := range f.Blocks[b].Values {
			if f.Values[id].Block != BlockID(b) {
				return fmt.Errorf("v%d is listed in block b%d but belongs to b%d", id, b, f.Values[id].Block)
			}
			pos[id] = int32(k + 1)
		}
	}
	for _, b := range order {
		blk := &f.Blocks[b]
		at := int32(0)
		var err error
		use := func(p *ID) {
			if err != nil {
				return
			}
			id := *p
			if id <= 0 || int(id) >= len(f.Values) {
				err = fmt.Errorf("b%d uses v%d, which does not exist", b, id)
				return
			}
			v := &f.Values[id]
			switch {
			case v.Op == Const || v.Op == StackAddr || v.Op == Undef:
			case v.Op == Invalid || v.Block < 0:
				err = fmt.Errorf("b%d uses v%d, which was removed", b, id)
			case v.Block == b && v.Op != Param && (pos[id] == 0 || pos[id] >= at):
				err = fmt.Errorf("b%d uses v%d before it is computed", b, id)
			case !dom.Dominates(v.Block, b):
				err = fmt.Errorf("b%d uses v%d of b%d, which does not dominate it", b, id, v.Block)
			}
		}
		for k, id := range blk.Values {
			at = int32(k + 1)
			args := f.Values[id].Args
			for j := range args {
				use(&args[j])
			}
		}
		at = int32(len(blk.Values) + 1)
		blk.Term.Uses(use)
		if err != nil {
			return err
		}
		if blk.Term.Kind == NoTerm {
			return fmt.Errorf("b%d has no end", b)
		}
		for _, e := range blk.Term.Succs {
			if len(e.Args) != len(f.Blocks[e.To].Params) {
				return fmt.Errorf("edge b%d to b%d has %d arguments for %d parameters", b, e.To, len(e.Args), len(f.Blocks[e.To].Params))
			}
		}
	}
	return nil
}
