package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
)

// rules is what programs are proven for.
var rules = platform.Linux

// stackSlots is the slots of 8 bytes in a frame's stack.
const stackSlots = platform.StackBytes / 8

// programType returns the row of a program's type, nil when there is none.
func programType(t object.Type) *platform.Program { return rules.Program(t.ProgType()) }

// mapFits checks that a helper works on a map.
func mapFits(id bpf.HelperID, m *object.Map) *Error {
	row := rules.Map(m.Type)
	if row == nil {
		return unsupportedf("map %q of type %s, because XDP and tc programs on a card have no use for it", m.Name, m.Type)
	}
	if why := row.Refused[id]; why != "" {
		return unsupportedf("bpf_%s on map %q of type %s, %s", id, m.Name, m.Type, why)
	}
	if !row.Takes(id) {
		return unsafef("bpf_%s cannot work on map %q, which is of type %s", id, m.Name, m.Type)
	}
	return nil
}
