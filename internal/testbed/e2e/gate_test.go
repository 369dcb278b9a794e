package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/sim/pcie/wire"
	"github.com/skipsw/skipsw/translate/bpf"
)

const corpusDir = "../../../testdata/peer"

// corpusFirmware is the firmware for which the corpus of the kernel's JIT words
// was made.
func corpusFirmware(c *nfp.Capabilities) {
	c.ABI, c.MaxWords, c.Start, c.Done = 3, 9000, 0, 9000
	c.Helpers = map[uint32]uint32{1: 9001, 2: 9002, 3: 9003, 25: 9004}
	c.Maps = nfp.MapLimits{Types: 1<<bpf.MapTypeHash | 1<<bpf.MapTypeArray, Count: 4096, Entries: 1 << 24, Key: 64, Value: 512, Element: 1024}
	c.Head = nfp.HeadLimits{Min: 44, Max: 248, Sub: 48, Add: 48}
}

// passed is what became of a packet, as the host's side sees it.
type passed struct {
	Exit   uint32
	Error  string
	Frame  []byte // as the program left it
	Wire   []byte // what left the port
	Events []event
	Queue  peer.Queue
}

// event is what a program sent to the host.
type event struct{ Data, Packet []byte }

// gate is the host's side: it records the words that arrive and what programs
// make of packets.
type gate struct {
	nfp.Firmware
	mu    sync.Mutex
	words []uint64
	last  passed
}

func (g *gate) Load(port int, words []uint64) error {
	g.mu.Lock()
	g.words = words
	g.mu.Unlock()
	return g.Firmware.Load(port, words)
}

func (g *gate) ran(_ int, _ []byte, o *nfp.Outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = passed{Exit: o.Exit, Frame: bytes.Clone(o.Frame), Queue: peer.Queue{Selected: o.QueueSelected, Value: o.Queue}}
	if o.Err != nil {
		g.last.Error = o.Err.Error()
	}
	for _, e := range o.Events {
		g.last.Events = append(g.last.Events, event{bytes.Clone(e.Data), bytes.Clone(e.Packet)})
	}
}

func (g *gate) orders(b *testbed.Bed) orders {
	var left []byte
	b.Card.Attach(0, &wire.Tap{See: func(f []byte) { left = f }}) // the card's goroutine, as ran
	return orders{
		"words": func(json.RawMessage) (any, error) {
			g.mu.Lock()
			defer g.mu.Unlock()
			return g.words, nil
		},
		"packet": func(arg json.RawMessage) (any, error) {
			var p []byte
			if err := json.Unmarshal(arg, &p); err != nil {
				return nil, err
			}
			var out passed
			b.Card.Do(func(nfp.Firmware) { left, g.last = nil, passed{Error: "the packet came to no program"} })
			if !b.Card.Deliver(0, p) {
				return nil, errors.New("the card is full")
			}
			b.Card.Do(func(nfp.Firmware) { out = g.last; out.Wire = left })
			return out, nil
		},
	}
}

// minFrame is the least that the kernel takes for a packet.
const minFrame = 14

// TestFidelity loads every program of the corpus of the kernel's JIT through
// the driver. The words that arrive at the card must be those of the corpus, bit
// by bit; every packet must give the recorded exit word, come out at the host or
// the wire as recorded, and leave the recorded map contents, read through the
// driver.
func TestFidelity(t *testing.T) {
	g := &gate{}
	spec := testbed.Spec{
		Options: nfp.Options{Ports: 1, Ran: g.ran}, Change: corpusFirmware,
		Wrap: func(f nfp.Firmware) nfp.Firmware { g.Firmware = f; return g },
	}
	if !inGuest(t, spec, g.orders, func(g *vm.Guest) { g.Timeout = 20 * time.Minute }) {
		return
	}
	cases, err := peer.Load(corpusDir)
	require.NoError(t, err)
	l := port(t, 0)
	require.NoError(t, netlink.LinkSetMTU(l, 8000))
	up(t, l)
	classifiers(t, l)
	c := &corpusRun{t: t, link: l, tap: newTap(t, l), shared: map[uint32]int{}}
	start := time.Now()
	c.makePerf(cases)
	for i := range cases {
		c.run(&cases[i])
	}
	t.Logf("words equal %d/%d, runs equal %d/%d, %v", c.sameWords, len(cases), c.sameRuns, c.runs, time.Since(start).Round(time.Millisecond))
	require.Equal(t, len(cases), c.sameWords)
	require.Equal(t, c.runs, c.sameRuns)
	require.Equal(t, 4215, c.runs)
}

// corpusRun runs the corpus inside the guest.
type corpusRun struct {
	t    *testing.T
	link netlink.Link
	tap  *tap
	// shared are perf event arrays by the number that the words name them with.
	shared                    map[uint32]int
	sameWords, runs, sameRuns int
}

func (c *corpusRun) run(pc *peer.Case) {
	fds := c.maps(pc)
	typ, insns := code(c.t, pc, fds)
	fd, log, err := load(typ, insns, c.link.Attrs().Index)
	if err != nil {
		c.t.Errorf("%s: %v: %s", pc.Name, err, log[max(0, len(log)-200):])
		return
	}
	if pc.ProgType == "sched_cls" {
		err = attachTC(c.link, fd, false)
	} else {
		err = attachXDP(c.link, fd)
	}
	if err != nil {
		c.t.Errorf("%s: attach: %v", pc.Name, err)
		return
	}
	c.compareWords(pc)
	bad := 0
	for i := range pc.Runs {
		r := &pc.Runs[i]
		d := c.packet(pc, r, fds)
		if !r.Comparable || len(r.PacketIn) < minFrame {
			continue
		}
		c.runs++
		if d == "" {
			c.sameRuns++
		} else if bad++; bad == 1 {
			c.t.Errorf("%s run %d: %s", pc.Name, i, d)
		}
	}
	if pc.ProgType == "sched_cls" {
		err = detachTC(c.link)
	} else {
		err = attachXDP(c.link, -1)
	}
	require.NoError(c.t, err, pc.Name)
	require.NoError(c.t, unix.Close(fd))
	for i, m := range pc.Maps {
		if m.Type != "perf_event_array" {
			require.NoError(c.t, unix.Close(fds[i]))
		}
	}
	c.settle()
}

// settle waits until the kernel has freed the case's maps on the card: their
// numbers, which stand in the words, are given out again then.
func (c *corpusRun) settle() {
	require.Eventually(c.t, func() bool {
		n := 0
		err := sys.EachID(sys.Maps, func(uint32) error { n++; return nil })
		return err == nil && n == len(c.shared)
	}, answerWait, time.Millisecond)
}

// code returns the program's instructions with its maps, and its type.
func code(t testing.TB, pc *peer.Case, fds []int) (bpf.ProgType, []bpf.Insn) {
	p, err := pc.Program()
	require.NoError(t, err)
	for i := range p.Insns {
		if k, ok := p.Insns[i].MapIndex(); ok {
			p.Insns[i].Imm = int32(fds[k])
		}
	}
	return p.Type.ProgType(), p.Insns
}

// maps returns the case's maps, made on the card.
func (c *corpusRun) maps(pc *peer.Case) (fds []int) {
	for i, m := range pc.Maps {
		if m.Type == "perf_event_array" {
			fds = append(fds, c.shared[pc.NFP.Tids[i]])
			continue
		}
		fd, err := sys.CreateMap(c.spec(m))
		require.NoError(c.t, err, pc.Name)
		fds = append(fds, fd)
	}
	return fds
}

func (c *corpusRun) spec(m peer.Map) sys.MapSpec {
	typ, ok := bpf.MapTypeByName(m.Type)
	require.True(c.t, ok, m.Type)
	s := sys.MapSpec{Type: typ, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}
	if typ != bpf.MapTypePerfEventArray {
		s.Ifindex = c.link.Attrs().Index
	}
	return s
}

// makePerf makes the perf event arrays of all cases with the numbers that they
// had when the words were recorded. The kernel numbers maps one after the other,
// so it makes maps until the number comes.
func (c *corpusRun) makePerf(cases []peer.Case) {
	wanted := map[uint32]peer.Map{}
	for _, pc := range cases {
		for i, m := range pc.Maps {
			if m.Type == "perf_event_array" {
				wanted[pc.NFP.Tids[i]] = m
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		for c.shared[id] == 0 {
			fd, err := sys.CreateMap(c.spec(wanted[id]))
			require.NoError(c.t, err)
			info, err := sys.ReadMap(fd)
			require.NoError(c.t, err)
			require.LessOrEqual(c.t, info.ID, id, "the number has gone by")
			if info.ID == id {
				c.shared[id] = fd
			} else {
				require.NoError(c.t, unix.Close(fd))
			}
		}
	}
}

func (c *corpusRun) compareWords(pc *peer.Case) {
	var got []uint64
	ask(c.t, "words", nil, &got)
	for i, w := range got {
		if i >= len(pc.NFP.Words) {
			break
		}
		want, err := strconv.ParseUint(pc.NFP.Words[i], 16, 64)
		require.NoError(c.t, err)
		if w != want {
			c.t.Errorf("%s: word %d is %016x, want %016x", pc.Name, i, w, want)
			return
		}
	}
	if len(got) != len(pc.NFP.Words) {
		c.t.Errorf("%s: %d words, want %d", pc.Name, len(got), len(pc.NFP.Words))
		return
	}
	c.sameWords++
}

// packet runs one packet and returns how its outcome differs from the recorded
// one, or "".
func (c *corpusRun) packet(pc *peer.Case, r *peer.Run, fds []int) string {
	for i, m := range pc.Maps {
		if err := restore(m, fds[i]); err != nil {
			return fmt.Sprintf("map %s: %v", m.Name, err)
		}
	}
	for c.tap.next(c.t, 0) != nil { // what a run before left
	}
	var p passed
	ask(c.t, "packet", []byte(r.PacketIn), &p)
	if p.Error != "" {
		return p.Error
	}
	if got := fmt.Sprintf("%02x", p.Exit>>16); got != r.NFPCode || p.Exit&0xffff != 0 {
		return fmt.Sprintf("exit word %#x, want action %s", p.Exit, r.NFPCode)
	}
	if d := c.where(&p); d != "" {
		return d
	}
	var events []peer.Event
	for _, e := range p.Events {
		events = append(events, peer.Event{Data: e.Data, Packet: e.Packet})
	}
	return r.Differs(peer.Outcome{
		Packet: p.Frame, Events: events, Queue: p.Queue,
		Map: func(name string) ([]peer.Entry, bool) {
			for i, m := range pc.Maps {
				if m.Name == name && m.Type != "perf_event_array" {
					e, err := dump(m, fds[i])
					require.NoError(c.t, err)
					return e, true
				}
			}
			return nil, false
		},
	})
}

// where checks that a frame came out where its exit word says, and nowhere else.
func (c *corpusRun) where(p *passed) string {
	const pass, send = 1, 4
	action := p.Exit >> 16 & 15
	wait := time.Duration(0)
	if action == pass {
		wait = answerWait
	}
	host := c.tap.next(c.t, wait)
	for _, s := range []struct {
		place string
		here  bool
		frame []byte
	}{{"host", action == pass, host}, {"wire", action == send, p.Wire}} {
		switch {
		case s.here && !bytes.Equal(s.frame, p.Frame):
			return fmt.Sprintf("the %s got %x, the program left %x", s.place, s.frame, p.Frame)
		case !s.here && s.frame != nil:
			return fmt.Sprintf("exit word %#x, and the %s got %x", p.Exit, s.place, s.frame)
		}
	}
	return ""
}
