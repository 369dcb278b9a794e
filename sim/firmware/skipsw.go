package firmware

import (
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Skipsw is the model of target skipsw: programs bring their routines, and put
// records into queues that the host drains. Here it does so when a packet leaves,
// unless Config.KeepRecords leaves it to somebody else.
type Skipsw struct {
	*Convention
	queues []queue
	sent   []sent // of each context
}

// queue is a queue of records, and the positions of those behind an unfinished
// one that were handed out already.
type queue struct {
	*hostmap.Queue
	id    uint32
	given map[uint64]bool
}

// NewSkipsw makes the model.
func NewSkipsw(cfg Config) (Model, error) {
	v, err := NewConvention(cfg)
	if err != nil {
		return nil, err
	}
	f := &Skipsw{Convention: v}
	for _, m := range cfg.Maps {
		if q, ok := m.Queue(); ok && !cfg.KeepRecords {
			f.queues = append(f.queues, queue{q, m.Info().ID, map[uint64]bool{}})
		}
	}
	if f.queues != nil {
		f.sent = make([]sent, max(cfg.Cores, 1)*core.Contexts)
	}
	return f, nil
}

// Call fails the context: there are no routines.
func (*Skipsw) Call(x *core.Context, helper bpf.HelperID) (uint32, core.Cost, bool) {
	x.Fail(core.FaultUnsupported, "%v", unsupported.New("firmware routine for "+helper.String(), "programs bring their routines"))
	return 0, core.Cost{}, false
}

// Enter forgets the events of the packet before, too.
func (f *Skipsw) Enter(x *core.Context, in *Input) {
	if f.sent != nil {
		f.sent[place(x)].clear()
	}
	f.Convention.Enter(x, in)
}

// Events drains the queues and returns what the context's packet has sent. What
// it has sent behind an unfinished record of another context is handed out now
// and stays in the queue until that one is finished.
func (f *Skipsw) Events(x *core.Context) []Event {
	if f.sent == nil {
		return nil
	}
	mine := func(pointer uint32) bool { return f.writer(pointer) == place(x) }
	for k := range f.queues {
		q := &f.queues[k]
		if x.Fault() != nil {
			q.Abandon(mine)
		}
		for r, ok := q.Next(); ok; r, ok = q.Next() {
			if w := f.writer(r.Writer); w < len(f.sent) && !q.given[r.Position] {
				f.sent[w].add(q.id, &r)
			}
			delete(q.given, r.Position)
		}
		q.Of(mine, func(r hostmap.Record) {
			if !q.given[r.Position] {
				q.given[r.Position] = true
				f.sent[place(x)].add(q.id, &r)
			}
		})
	}
	return f.sent[place(x)].events
}

// writer returns the place of the context whose packet buffer a pointer is in.
func (f *Skipsw) writer(pointer uint32) int {
	return int((pointer&^uint32(f.t.Packet.PointerSet))>>f.t.Packet.NumberLow) - 1
}

// place returns the place of a context among those of all cores.
func place(x *core.Context) int { return x.Core().ID()*core.Contexts + x.Slot() }
