package histories

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

const (
	cores    = 2
	contexts = 4 * cores
	host     = contexts // the number of the host among those who operate
)

// operation is one that a context or the host has done.
type operation struct {
	who       int
	kind      kind
	key       uint32
	value     uint64
	call, ret int64 // begin and end; those of the host are moments
	status    int32 // what the helper returned, or whether something was found
	out       uint64
	expected  uint64 // of compare
	// unsure says that the model allows for what runs beside it, see each model.
	unsure bool
}

// kind is what an operation does; the numbers are the programs'.
type kind uint32

// The kinds. What they mean for a type of map its program says.
const (
	look kind = iota
	put
	putNew
	putOld
	remove
	add
	exchange
	take    // lookup_and_delete; the host's alone
	walk    // all keys, one after the other
	list    // all keys at once, as a batch; the host's alone
	compare // and exchange, if it is what was expected
	other   // a look at the value of another CPU, see cpuOf
)

// changes reports whether an operation may change a map.
func (o *operation) changes() bool {
	return o.kind != look && o.kind != walk && o.kind != list && o.kind != other
}

// subject is a type of map under test.
type subject struct {
	name    string
	m       object.Map
	program string
	kinds   []kind // of programs
	keys    uint32
	// address, if set, gives what programs have in the place of a key's number.
	address func(uint32) uint32
	// packet, if set, changes an operation and the packet that it goes in.
	packet func(o *operation, packet []byte)
	seldom bool // the host operates more seldom
	few    bool // half of the contexts work
	drain  bool // the host goes on until there is nothing left
	// host does an operation on the map as a host; nil if it does none.
	host   func(m *sim.Map, o *operation)
	kinds2 []kind // of the host
	// keyOf is the key that the host's operation works on, for maps with a lock for each.
	keyOf func(k uint32) []byte
	// number returns the number of a key that a host has walked to.
	number func(key []byte) uint32
	// clean takes away what a history has left beside the map.
	clean func(m *sim.Map)
	// prepare finds out what of a history the model has to know.
	prepare func(h []operation)
	model   model
	// lock is whether the map has one.
	lock bool
	// spins says that values have a lock, which a host waits for, too.
	spins bool
}

// stage is a subject on cores.
type stage struct {
	*subject
	s    *sim.System
	m    *sim.Map
	r    *rand.Rand
	rate uint64 // how much commands are delayed
	slow int    // a context whose commands are delayed much more, which often only looks
	// plant, if set, is what is wrong.
	plant *plant

	ops     [][]operation // of each context, those to come
	open    []operation
	history []operation
}

// image compiles the subject's program.
func (s *subject) image(t testing.TB) *image.Image {
	m := s.m
	m.Name = "m"
	l, err := bpf.Parse(s.program, "m")
	require.NoError(t, err)
	p := &object.Program{
		Name: "shared", Section: "xdp", Type: object.XDP, License: "GPL", Insns: l.Insns,
		Funcs: []object.Func{{Name: "shared"}}, Maps: []*object.Map{&m},
	}
	if at, ok := l.Labels["each"]; ok {
		p.Funcs = append(p.Funcs, object.Func{Name: "each", Start: at})
	}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{Target: target.MustBuiltin("skipsw"), CheckAllocation: true})
	require.NoError(t, err)
	return img
}

// stageOf puts an image of a subject on cores.
func stageOf(t testing.TB, s *subject, img *image.Image) *stage {
	st := &stage{subject: s, ops: make([][]operation, contexts), open: make([]operation, contexts)}
	spec := sim.DefaultSpec()
	spec.Worker = sim.Routine{Busy: 1, Wait: 1}
	spec.KeepRecords = true
	spec.PacketBuffer = 512
	spec.Budget = 400_000 // a lock that is never given back
	spec.MemoryHooks.Delay = func(c *mem.Command) uint64 {
		if int(c.Ticket.Source)*4+int(c.Ticket.Context) == st.slow {
			return st.r.Uint64N(3000)
		}
		if st.r.Uint64N(4) > 0 {
			return 0
		}
		return st.r.Uint64N(st.rate)
	}
	var err error
	st.s, err = sim.NewSystem(img, spec, cores)
	require.NoError(t, err)
	st.m, _ = st.s.Map("m")
	return st
}

// Next implements sim.Feed: a context's next operation, after a while.
func (st *stage) Next(at sim.Moment, in *sim.Input) (uint64, bool) {
	who := at.Place()
	if len(st.ops[who]) == 0 {
		return 0, false
	}
	o := st.ops[who][0]
	st.ops[who] = st.ops[who][1:]
	from := at.Cycle + st.r.Uint64N(120)
	o.call = 2 * int64(at.Cycle)
	st.open[who] = o
	in.Packet = make([]byte, 64)
	binary.LittleEndian.PutUint32(in.Packet, uint32(o.kind))
	key := o.key
	if st.address != nil {
		key = st.address(key)
	}
	binary.LittleEndian.PutUint32(in.Packet[4:], key)
	binary.LittleEndian.PutUint64(in.Packet[8:], o.value)
	if st.packet != nil {
		st.packet(&st.open[who], in.Packet)
	}
	return from, true
}

// Done implements sim.Feed.
func (st *stage) Done(at sim.Moment, res *sim.Result) {
	o := st.open[at.Place()]
	o.ret = 2*int64(at.Cycle) + 1
	if res.Fault != nil {
		o.status = faulted
	} else {
		o.status = int32(binary.LittleEndian.Uint32(res.Packet[16:]))
		o.out = binary.LittleEndian.Uint64(res.Packet[24:])
		o.expected = binary.LittleEndian.Uint64(res.Packet[32:])
	}
	st.history = append(st.history, o)
}

// faulted is the status of an operation whose packet has faulted.
const faulted = -1 << 31

// run makes the history of a seed. It reports whether a lock was left.
func (st *stage) run(t testing.TB, seed uint64) (h []operation, locked bool) {
	st.r = rand.New(rand.NewPCG(seed, 14))
	st.rate = 1 + st.r.Uint64N(1<<(4+st.r.IntN(7)))
	st.slow = st.r.IntN(2 * contexts) // none in half of the histories
	looks := slices.Contains(st.kinds, look) && st.r.IntN(3) > 0
	st.history = st.history[:0]
	require.NoError(t, st.s.Reset())
	next := uint64(1)
	choose := func(who int, kinds []kind) operation {
		next++
		return operation{who: who, kind: kinds[st.r.IntN(len(kinds))], key: st.r.Uint32N(max(1, st.keys)), value: next<<40 | next<<8 | uint64(who)}
	}
	for who := range contexts {
		st.ops[who] = st.ops[who][:0]
		n := 4 + st.r.IntN(5)
		if st.few && who%4 >= 2 {
			n = 0
		}
		for range n {
			o := choose(who, st.kinds)
			if who == st.slow && looks {
				o.kind = look
			}
			st.ops[who] = append(st.ops[who], o)
		}
	}
	require.NoError(t, st.s.StartFeed(st))
	for until, busy := uint64(0), true; busy; {
		if pause := uint64(700); st.seldom {
			until += 1 + st.r.Uint64N(2*pause)
		} else {
			until += 1 + st.r.Uint64N(pause)
		}
		busy = st.s.Step(until)
		if st.subject.host == nil || !busy {
			continue
		}
		o := choose(host, st.kinds2)
		var key []byte
		if st.keyOf != nil {
			key = st.keyOf(o.key)
		}
		// As a host on a card does, this one waits for whoever changes what it needs.
		for st.m.Locked(key) && busy && !st.hasty() {
			until += 1 + st.r.Uint64N(40)
			busy = st.s.Step(until)
		}
		if st.m.Locked(key) && !st.hasty() {
			break
		}
		for busy && !st.hasty() && st.held(o.key) {
			until += 1 + st.r.Uint64N(40)
			busy = st.s.Step(until)
		}
		if !busy {
			break
		}
		o.call, o.ret = 2*int64(until)-1, 2*int64(until)-1
		st.operate(&o, func() {
			until += 1 + st.r.Uint64N(700)
			busy = st.s.Step(until)
			o.ret = 2*int64(until) - 1
		})
		st.history = append(st.history, o)
	}
	for at := int64(1) << 40; st.drain; at++ {
		o := choose(host, st.kinds2)
		o.call, o.ret = at, at
		st.operate(&o, func() {})
		if st.history = append(st.history, o); o.status != 0 {
			break
		}
	}
	if st.prepare != nil {
		st.prepare(st.history)
	}
	if st.clean != nil {
		st.clean(st.m)
	}
	left := st.lock && st.m.Locked(nil)
	for key := range st.keys {
		left = left || st.held(key)
	}
	return st.history, left
}

// held reports whether a program holds the lock of a key's value.
func (st *stage) held(key uint32) bool { return st.spins && st.m.Held(bytesOf(uint64(key), 4)) }

// operate does an operation of the host, as it is or as it is planted.
func (st *stage) operate(o *operation, wait func()) {
	if st.plant != nil && st.plant.host != nil {
		st.plant.host(st, o, wait)
		return
	}
	st.operateAs(o, wait)
}

// operateAs does an operation of the host as it is.
func (st *stage) operateAs(o *operation, wait func()) {
	if o.kind == walk || o.kind == list {
		st.hostWalks(o, wait)
		return
	}
	st.subject.host(st.m, o)
}

// hasty reports whether the host does not look at locks.
func (st *stage) hasty() bool { return st.plant != nil && st.plant.hasty }

// overlapping reports whether contexts have really met: two operations on one key
// at once, of which one changes it.
func overlapping(h []operation) bool {
	for i := range h {
		for k := range h[:i] {
			a, b := &h[i], &h[k]
			if a.who != b.who && a.key == b.key && (a.changes() || b.changes()) && a.call < b.ret && b.call < a.ret {
				return true
			}
		}
	}
	return false
}
