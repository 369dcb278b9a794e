package image

import (
	"encoding/binary"
	"strings"
)

// MaxTailCalls is the number of tail calls that code lets a packet make.
const MaxTailCalls = 33

// Tail says that a program makes tail calls through a map, a program array; program
// and map are indexes.
type Tail struct {
	Program, Map uint32
	// First and Last are the slots between which the index lies.
	First, Last uint32
	// Keeps is the local memory in bytes that stays as it is behind the stack base
	// while the program that is called runs in the place of a function; 0 for a tail
	// call that nobody waits for.
	Keeps uint32
}

// Slots returns what the slots of each map of the image hold as it is loaded:
// indexes of programs, by slot; nil for maps that are no program arrays.
func (im *Image) Slots() []map[uint32]uint32 {
	out := make([]map[uint32]uint32, len(im.Maps))
	for k := range im.Maps {
		if m := &im.Maps[k]; m.IsProgramArray() {
			out[k] = map[uint32]uint32{}
			for _, e := range m.Initial {
				out[k][binary.LittleEndian.Uint32(e.Key)] = binary.LittleEndian.Uint32(e.Value) - 1
			}
		}
	}
	return out
}

// IsProgramArray reports whether the slots of a map hold programs of the image, by
// their number from 1 on.
func (m *Map) IsProgramArray() bool { return m.Type == "prog_array" && m.Layout != "" }

// ProgramIn returns the name of the program whose number a value of a program
// array is, "" for none.
func (im *Image) ProgramIn(value []byte) string {
	if len(value) != 4 {
		return ""
	}
	if n := binary.LittleEndian.Uint32(value); n > 0 && uint64(n) <= uint64(len(im.Programs)) {
		return im.Programs[n-1].Name
	}
	return ""
}

// StackNeeded returns the bytes of local memory from the stack base on that code
// may take when the slots of each map hold these programs: those of each program
// and of all that wait for it.
func (im *Image) StackNeeded(slots []map[uint32]uint32) uint32 {
	need, _ := im.deepest(slots)
	return need
}

// Deepest names the programs on a way that takes most local memory, up to the
// first that comes again.
func (im *Image) Deepest(slots []map[uint32]uint32) string {
	_, way := im.deepest(slots)
	var names []string
	seen := map[uint32]bool{}
	for _, p := range way {
		names = append(names, im.Programs[p].Name)
		if seen[p] {
			break
		}
		seen[p] = true
	}
	return strings.Join(names, ", ")
}

// deepest follows the tail calls from every program, as many as a packet may make.
func (im *Image) deepest(slots []map[uint32]uint32) (need uint32, way []uint32) {
	n := len(im.Programs)
	type step struct {
		need uint32
		next int32 // program, -1 for the last
	}
	levels := make([][]step, 1, MaxTailCalls+1)
	levels[0] = make([]step, n)
	for p := range levels[0] {
		levels[0][p] = step{im.Programs[p].Stack, -1}
	}
	for range MaxTailCalls {
		last := levels[len(levels)-1]
		now := make([]step, n)
		copy(now, levels[0])
		for _, t := range im.Tails {
			for slot, to := range slots[t.Map] {
				s := step{t.Keeps + last[to].need, int32(to)}
				have := &now[t.Program]
				if t.First <= slot && slot <= t.Last && (s.need > have.need || s.need == have.need && s.next < have.next) {
					*have = s
				}
			}
		}
		levels = append(levels, now)
	}
	at := 0
	top := levels[len(levels)-1]
	for p := range top {
		if top[p].need > top[at].need {
			at = p
		}
	}
	if n == 0 {
		return 0, nil
	}
	need = top[at].need
	for k := len(levels) - 1; k >= 0 && at >= 0; k-- {
		way = append(way, uint32(at))
		at = int(levels[k][at].next)
	}
	return need, way
}
