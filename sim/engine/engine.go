// Package engine advances cores that share memory, in the order of time.
//
// Time goes by in windows, no longer than the fastest memory takes for a command:
// nothing that a core sends in a window can come back to it in the same one. Within a
// window each core runs by itself, up to what others could notice at once: a
// packet that begins or ends, a routine. Then that happens in the order of time, and
// memory serves what was sent, in the order of time, too. So the order of effects
// depends on nothing else, and cores of one window can run side by side. What happens
// in one cycle happens in the order of the cores' numbers.
//
// Where no core has to stop before the end of a window, islands go apart: see islands.go.
//
// It never knows instructions, packets or maps.
//
// Not stable: package sim is the stable way in.
package engine

import (
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/mem"
)

// Engine is a group of cores over one memory. The number of a core is its place
// in the group.
type Engine struct {
	memory *mem.System
	cores  []*core.Core
	window uint64 // cycles

	bounds  []uint64 // of each core, the earliest cycle in which it can do anything
	keys    []uint64 // of each core, when others could notice something
	watched bool
	active  []int // cores that can do something in the window
	stand   []int // cores that stand before what others could notice
	team    *team

	apart
}

// New groups cores, which share the memory. So many threads run them side by side; that
// changes nothing but how long it takes. 0 is one that does everything of a core in the
// order of time, as hooks want it.
func New(memory *mem.System, cores []*core.Core, threads int) *Engine {
	e := &Engine{memory: memory, cores: cores, window: min(max(memory.Least(), 1), mem.MaxWindow), bounds: make([]uint64, len(cores)), keys: make([]uint64, len(cores))}
	for i, c := range cores {
		if c.ID() != i {
			panic("BUG: a core's number is not its place")
		}
	}
	e.watched = threads == 0
	if threads = min(threads, len(cores)); threads > 1 {
		e.team = newTeam(threads-1, max(len(cores), memory.Islands()))
	}
	e.islands = make([]island, memory.Islands())
	for i := range cores {
		is := &e.islands[memory.Island(i)]
		is.last = i + 1
		if is.first == 0 && i > 0 && memory.Island(i-1) != memory.Island(i) {
			is.first = i
		}
	}
	return e
}

// Step does what happens before cycle until. It reports whether anything is
// left to do. Contexts are not pre-empted, so that the clock of a core can end
// later.
func (e *Engine) Step(until uint64) bool {
	if e.team != nil {
		e.team.gather()
		defer e.team.dismiss()
	}
	if e.canPart() {
		return e.stepApart(until)
	}
	e.memory.Part(false)
	e.agree()
	for {
		begin := e.memory.Next()
		for i, c := range e.cores {
			e.bounds[i] = c.Bound()
			begin = min(begin, e.bounds[i])
		}
		if begin >= until {
			return begin != core.Never
		}
		end := until
		if until-begin > e.window {
			end = begin + e.window
		}
		e.run(end)
		e.memory.Collect(begin)
		e.order(end)
		e.memory.ServeCollected(mem.Key{Cycle: end})
	}
}

// run lets each core run by itself.
func (e *Engine) run(end uint64) {
	e.active = e.active[:0]
	for i, b := range e.bounds {
		if b < end {
			e.active = append(e.active, i)
		}
	}
	if n := len(e.active); e.team != nil && n >= few {
		e.team.share((n+portion-1)/portion, nil, func(i int) { e.some(portion*i, min(portion*(i+1), n), end) })
		return
	}
	e.some(0, len(e.active), end)
}

// some lets some of the active cores run by themselves.
func (e *Engine) some(from, to int, end uint64) {
	for _, i := range e.active[from:to] {
		c := e.cores[i]
		c.Advance(end, 0)
		e.bounds[i] = c.Bound()
	}
}

// agree lets cores leave what others could notice for later, if all can.
func (e *Engine) agree() {
	all := !e.watched
	for _, c := range e.cores {
		all = c.Defer(e.window) && all
	}
	for _, c := range e.cores {
		if !all {
			c.NeverDefer()
		}
	}
}

// key returns when a core has something to do that others could notice, before a
// cycle, or Never.
func (e *Engine) key(core int, end uint64) uint64 {
	k := e.cores[core].Due()
	if b := e.bounds[core]; b < end {
		k = min(k, b)
	}
	return k
}

// order does in the order of time what others could notice.
func (e *Engine) order(end uint64) {
	e.stand = e.stand[:0]
	for _, i := range e.active {
		if e.keys[i] = e.key(i, end); e.keys[i] != core.Never {
			e.stand = append(e.stand, i)
		}
	}
	for len(e.stand) > 0 {
		at := 0
		for k := 1; k < len(e.stand); k++ {
			if e.keys[e.stand[k]] < e.keys[e.stand[at]] {
				at = k
			}
		}
		i := e.stand[at]
		e.memory.ServeCollected(mem.Key{Cycle: e.keys[i], Source: i})
		c := e.cores[i]
		if c.Due() == e.keys[i] {
			c.SettleDue()
		} else {
			c.Advance(end, e.keys[i]+1)
			e.memory.CollectFrom(i)
			e.bounds[i] = c.Bound()
		}
		if e.keys[i] = e.key(i, end); e.keys[i] == core.Never {
			e.stand = append(e.stand[:at], e.stand[at+1:]...)
		}
	}
}
