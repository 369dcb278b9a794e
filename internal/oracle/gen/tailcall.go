package gen

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// tailSlots is the size of program arrays.
const tailSlots = 4

// tailCall emits a tail call. Callers of a function must take it for one that
// moves the packet.
func (f *fn) tailCall() {
	if !f.hasCtx || f.holding {
		return
	}
	m := f.p.onlyMap(&object.Map{Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: tailSlots})
	if m < 0 {
		return
	}
	if f.chance(40) {
		f.Emit(bpf.Mov.Imm(3, int32(f.r.IntN(tailSlots+1))))
	} else {
		f.Emit(bpf.Mov.Reg(3, uint8(f.scalarReg())))
		if f.chance(75) {
			f.Emit(bpf.And.Imm(3, []int32{1, 3, 3, 3, 7}[f.r.IntN(5)]))
		}
	}
	f.ctxArg()
	f.Emit(bpf.LoadMap(2, m)...)
	f.Emit(bpf.CallHelper(bpf.HelperTailCall))
	f.st.clobber()
	f.p.moves[f.index] = true
}

// addCalled makes programs for the slots of a program's array, which share its
// maps, and fills the slots with them and the program itself. Some stay empty.
func (p *program) addCalled(out *object.Program) error {
	isArray := func(m *object.Map) bool { return m.Type == bpf.MapTypeProgArray }
	if !slices.ContainsFunc(p.maps, isArray) || p.r.IntN(4) == 0 {
		return nil
	}
	o := *p.o
	o.Size = max(o.Size/2, 8)
	all := []*object.Program{out}
	for k := range 1 + p.r.IntN(2) {
		q := &program{r: p.r, o: &o, maps: p.maps, hidden: p.hidden, numbers: p.numbers}
		called, err := q.text(fmt.Sprintf("called_%d", k))
		if err != nil {
			return err
		}
		called.Object = out.Object
		p.maps, p.hidden, p.numbers, all = q.maps, q.hidden, q.numbers, append(all, called)
	}
	array := p.maps[slices.IndexFunc(p.maps, isArray)]
	array.Programs = map[uint32]string{}
	for slot := range uint32(tailSlots) {
		if p.r.IntN(4) > 0 {
			// Seldom the program itself, which leads round and round.
			array.Programs[slot] = all[(p.r.IntN(2*len(all)-1)+1)/2].Name
		}
	}
	for _, q := range all {
		q.Maps = p.maps
	}
	out.Called = all[1:]
	return nil
}
