package bpf

import (
	"fmt"
	"slices"
)

// Editor removes, replaces and inserts instructions of a program and keeps the
// distances of jumps, calls and function addresses right. Slots are those of
// the program before all edits. Apply makes the new program; the old one stays
// as it is.
type Editor struct {
	old   []Insn
	gone  []bool
	added map[int][]Insn // what comes in front of an old slot
}

// NewEditor starts to edit a program.
func NewEditor(insns []Insn) *Editor {
	return &Editor{old: insns, gone: make([]bool, len(insns)), added: map[int][]Insn{}}
}

// Remove takes n slots from at on out. A 64-bit immediate load goes as a whole
// if one of its slots does. What jumped to a removed instruction jumps to the
// next one that stays.
func (e *Editor) Remove(at, n int) {
	for i := at; i < at+n; i++ {
		e.gone[i] = true
	}
}

// RemoveIf takes the instructions out for which drop holds.
func (e *Editor) RemoveIf(drop func(pc int, in Insn) bool) {
	for pc, in := range Each(e.old) {
		if drop(pc, in) {
			e.gone[pc] = true
		}
	}
}

// Insert puts instructions in front of slot at; len of the program appends them.
// What jumped to at jumps to the first of them. Their own jumps count from their
// own slots and stay among them or go to what follows them. Several insertions
// at one place stand in the order of the calls.
func (e *Editor) Insert(at int, with ...Insn) { e.added[at] = append(e.added[at], with...) }

// Replace puts instructions in the place of n slots from at on.
func (e *Editor) Replace(at, n int, with ...Insn) {
	e.Remove(at, n)
	e.Insert(at, with...)
}

// Moves tells where slots have gone: element i is the new slot of old slot i,
// or, when that was removed, of what came into its place; where something was
// inserted in front, it is the first slot of that. There is one element more
// than slots, for the end.
type Moves []int

// Apply returns the edited program and where its slots went. It fails if a
// distance has no room in its field any more. A jump that leaves the program
// keeps its distance.
func (e *Editor) Apply() ([]Insn, Moves, error) {
	n := len(e.old)
	for pc, in := range Each(e.old) {
		if in.Wide() && pc+1 < n && e.gone[pc] != e.gone[pc+1] {
			e.gone[pc], e.gone[pc+1] = true, true
		}
	}
	moves, stays := make(Moves, n+1), make([]int, n+1)
	length := 0
	for i := range n + 1 {
		moves[i] = length
		length += len(e.added[i])
		stays[i] = length // the slot itself, behind what was inserted
		if i < n && !e.gone[i] {
			length++
		}
	}
	out := make([]Insn, 0, length)
	second := false
	for i := range n + 1 {
		out = append(out, e.added[i]...)
		if i == n || e.gone[i] {
			second = false
			continue
		}
		in := e.old[i]
		if to, ok := in.Target(i); !second && ok && to >= 0 && to <= n {
			var err error
			if in, err = in.WithTarget(stays[i], moves[to]); err != nil {
				return nil, nil, fmt.Errorf("instruction %d: %w", i, err)
			}
		}
		second = !second && in.Wide()
		out = append(out, in)
	}
	return out, moves, nil
}

// Reach marks the slots that control reaches from slot 0 and the other entries,
// through jumps, calls of functions and loads of their addresses. leaves is a
// slot from which control leaves the program, or -1.
func Reach(insns []Insn, entries ...int) (mark []bool, leaves int) {
	mark, leaves = make([]bool, len(insns)), -1
	var work []int
	to := func(from, slot int) {
		switch {
		case slot < 0 || slot >= len(insns):
			leaves = from
		case !mark[slot]:
			mark[slot] = true
			work = append(work, slot)
		}
	}
	to(0, 0)
	for _, s := range entries {
		to(s, s)
	}
	for len(work) > 0 {
		pc := work[len(work)-1]
		work = work[:len(work)-1]
		in := insns[pc]
		if t, ok := in.Target(pc); ok {
			to(pc, t)
		}
		if in.Wide() && pc+1 < len(insns) {
			mark[pc+1] = true
		}
		if in.FallsThrough() {
			to(pc, pc+in.Slots())
		}
	}
	return mark, leaves
}

// FuncStarts returns the slots, in order, of the functions that calls and loads
// of addresses name, without slot 0.
func FuncStarts(insns []Insn) []int {
	var out []int
	for pc, in := range Each(insns) {
		if in.IsFuncCall() || in.IsFuncLoad() {
			if t := in.FuncTarget(pc); t > 0 && t < len(insns) {
				out = append(out, t)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
