package lower

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// Helper is the row of a helper: what can do its work. A cell that is empty is
// a way that the compiler does not have.
type Helper struct {
	ID bpf.HelperID
	// Map is the register with the map that the helper works on, 0 for none.
	Map int
	// Inline makes code of the program's own, for helpers without a map.
	Inline func(c *Call) error
	// OnMap makes code of the program's own for maps of types whose row in
	// package microcode has the helper among Inline.
	OnMap func(c *Call) error
	// Routine makes a call of a routine: the firmware's, or the map's own if the
	// row of its type has one.
	Routine func(c *Call) error
	// Together reports whether one call of the firmware's routine takes any of
	// several maps; nil for never.
	Together func(maps []*object.Map) bool
}

var (
	helpers = map[bpf.HelperID]*Helper{}
	byName  = map[string]*Helper{} // as targets name them
)

// register adds a row. It returns a value so that files can register what they
// hold where they declare it.
func register(h *Helper) *Helper {
	if helpers[h.ID] != nil {
		panic(fmt.Sprintf("BUG: helper %v has two rows", h.ID))
	}
	helpers[h.ID], byName[h.ID.String()] = h, h
	return h
}

// Rows returns the helpers that have a row, by number.
func Rows() []bpf.HelperID {
	var list []bpf.HelperID
	for id := range helpers {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// MapRegister returns the register with the map that a helper works on, 0 for
// none.
func MapRegister(id bpf.HelperID) int {
	if row := helpers[id]; row != nil {
		return row.Map
	}
	return 0
}

// Call is a call of a helper that is being made into the current block.
type Call struct {
	*ssa.Builder
	T  *target.Target
	ID bpf.HelperID
	// Map is the map that the helper works on, and K its index in
	// Source().Maps; nil and -1 for no map, or for any of Several.
	Map     *object.Map
	K       int
	Several []*object.Map
	own     bool // the routine is the map's own
	// Inner says that Map is one of those that map K, a map of maps, holds. The map
	// register has its address.
	Inner bool
	// failed is the first error of code that was made on one of several ways.
	failed error
}

// Helpers makes helper calls for a target. It implements ssa.Helpers.
type Helpers struct{ Target *target.Target }

// Call makes a call of a helper into the current block.
func (h *Helpers) Call(b *ssa.Builder, id bpf.HelperID) error {
	row := helpers[id]
	if row == nil || row.Map == 0 {
		return h.one(b, id, -1)
	}
	switch maps := b.MapsIn(row.Map); {
	case len(maps) != 1 && b.Fact(row.Map).Inner:
		return b.Unsupported("helper "+id.String()+" on an inner map of one of several maps of maps", "which one it is of is not known")
	case len(maps) == 0:
		return b.Unsupported("helper "+id.String(), "which map it works on is not known")
	case len(maps) == 1:
		return h.one(b, id, maps[0])
	default:
		return h.several(b, row, maps)
	}
}

// Kfunc makes a call of a function of the kernel into the current block.
func (h *Helpers) Kfunc(b *ssa.Builder, id bpf.KfuncID) error {
	do := kfuncs[id]
	if do == nil {
		return b.Unsupported("a call of "+id.String(), "the compiler has no code for it")
	}
	c := &Call{Builder: b, T: h.Target, K: -1}
	return cmp.Or(do(c), c.failed)
}

// one makes a call with map k, -1 for none.
func (h *Helpers) one(b *ssa.Builder, id bpf.HelperID, k int) error {
	c := &Call{Builder: b, T: h.Target, ID: id, K: k}
	typ := bpf.MapTypeUnspec
	if k >= 0 {
		c.Map = b.Prog.Source().Maps[k]
		if c.Inner = b.Fact(helpers[id].Map).Inner; c.Inner {
			c.Map = c.Map.Inner
		}
		typ = c.Map.Type
	}
	do, own, why := find(h.Target, id, typ)
	if kind := microcode.Of(typ); c.Inner && why == "" && !kind.Held {
		why = "the code for such maps knows the place of its map"
	}
	if why != "" {
		what := "helper " + id.String()
		if c.Map != nil {
			what += fmt.Sprintf(" on map %s (%v)", c.Map.Name, typ)
		}
		return b.Unsupported(what, why)
	}
	if c.Fragments() && slices.Contains(wholeFrames, id) {
		return b.Unsupported("helper "+id.String()+" in a program that takes frames in several pieces", "the compiler has code for frames in one piece")
	}
	c.own = own
	return cmp.Or(do(c), c.failed)
}

// wholeFrames are the helpers that move the ends of a tc frame, or what is in it.
var wholeFrames = []bpf.HelperID{
	bpf.HelperSkbAdjustRoom, bpf.HelperSkbChangeHead, bpf.HelperSkbChangeTail, bpf.HelperSkbChangeProto, bpf.HelperSkbVlanPush, bpf.HelperSkbVlanPop,
}

// Why returns why a target cannot have a helper called, on maps of a type if
// the helper works on maps and the type is not MapTypeUnspec; "" if it can.
func Why(t *target.Target, id bpf.HelperID, typ bpf.MapType) string {
	_, _, why := find(t, id, typ)
	return why
}

// find returns what makes calls of a helper for a target, on maps of a type if
// it works on maps, or why nothing does. own says that it calls a routine of the
// map's own.
func find(t *target.Target, id bpf.HelperID, typ bpf.MapType) (do func(*Call) error, own bool, why string) {
	row, by := helpers[id], t.Helper(id.String()).By
	switch {
	case by == target.HelperNone && row == nil && noCard[id] != "":
		return nil, false, noCard[id]
	case by == target.HelperNone:
		return nil, false, "target " + t.Name + " does not have it"
	case row == nil:
		return nil, false, "the compiler has no code for it"
	case row.Map == 0 && by == target.HelperInline && row.Inline != nil:
		return row.Inline, false, ""
	case row.Map == 0:
		return nil, false, fmt.Sprintf("the compiler cannot have it done by %v", by)
	case typ == bpf.MapTypeUnspec && (row.Routine != nil || by == target.HelperRoutine && row.OnMap != nil):
		return nil, false, "" // no call is made: it depends on the map
	case typ != bpf.MapTypeUnspec && !t.HasMap(typ.String()):
		return nil, false, "target " + t.Name + " does not have maps of this type"
	}
	kind := microcode.Of(typ)
	switch {
	case kind == nil:
		return nil, false, "the compiler has no code for maps of this type"
	case by == target.HelperFirmware && row.Routine != nil && slices.Contains(kind.Firmware, id):
		return row.Routine, false, ""
	case by == target.HelperRoutine && row.OnMap != nil && slices.Contains(kind.Inline, id):
		return row.OnMap, false, ""
	case by == target.HelperRoutine && row.Routine != nil && kind.Routines[id] != nil:
		return row.Routine, true, ""
	}
	return nil, false, kind.Why(id, by == target.HelperRoutine)
}

// CheckTarget reports what a target says of helpers and map types that the
// compiler has no code for, by the field's name.
func CheckTarget(t *target.Target) error {
	for _, name := range sortedKeys(t.Helpers) {
		by := t.Helpers[name].By
		if by == target.HelperNone {
			continue
		}
		row := byName[name]
		have := row != nil && (by == target.HelperInline && row.Inline != nil || by == target.HelperFirmware && row.Routine != nil ||
			by == target.HelperRoutine && (row.OnMap != nil || row.Routine != nil))
		if !have {
			return &ssa.Unsupported{What: fmt.Sprintf("helpers.%s %v of target %s", name, t.Helpers[name], t.Name), Why: "the compiler has no such code for it", Slot: -1}
		}
	}
	for _, name := range t.Maps.Types {
		typ, ok := bpf.MapTypeByName(name)
		kind := microcode.Of(typ)
		if !ok || kind == nil || t.Direct() && kind.Layout == nil || !t.Direct() && len(kind.Firmware) == 0 {
			return &ssa.Unsupported{What: fmt.Sprintf("maps.types %s of target %s", name, t.Name), Why: "with maps.kind " + t.Maps.Kind + " the compiler has no code for it", Slot: -1}
		}
	}
	return nil
}

func sortedKeys(m map[string]target.Helper) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// Errno returns a helper's result for an error number, as a word.
func (c *Call) Errno(e bpf.Errno) ssa.ID { return c.Const(uint32(e.Result())) }

// SetResult writes a helper's result as a signed number.
func (c *Call) SetResult(lo ssa.ID) { c.SetReg(0, lo, c.Shift(ssa.Sar, lo, 31)) }

// site begins a call of the routine that does the helper's work: the firmware's,
// which takes the map's number, or the map's own.
func (c *Call) site() (ssa.CallSite, []ssa.ID) {
	s := ssa.CallSite{Helper: c.ID, Map: -1}
	if c.own {
		s.Map, s.Inner = int32(c.K), c.Inner
		if !c.Inner {
			return s, nil
		}
		base, _ := c.Reg(helpers[c.ID].Map)
		s.Pairs = []uint8{uint8(c.T.Calls.Flags)}
		return s, []ssa.ID{c.Const(0), base}
	}
	s.Number = true
	number, _ := c.Reg(helpers[c.ID].Map)
	return s, []ssa.ID{number}
}

// Returns writes the two words that a call returns to the result's register.
func (c *Call) returns(call ssa.ID) {
	lo := c.Result(call, 0)
	c.SetReg(0, lo, c.Result(call, 1))
}
