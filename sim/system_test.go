package sim

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/translate/bpf"
)

// testSystem loads a program for several cores, without the worker's loop.
func testSystem(t testing.TB, cores int, code ins, change func(*Spec, *image.Image)) *System {
	img, spec := testImage(t, code), DefaultSpec()
	spec.Budget, spec.Worker = 100_000, Routine{}
	if change != nil {
		change(&spec, img)
	}
	s, err := NewSystem(img, spec, cores)
	require.NoError(t, err)
	return s
}

// outcome is what is compared of a result.
type outcome struct {
	core                                    int
	code, verdict                           uint32
	packet                                  string
	cycles, instructions, commands, memWait uint64
	events                                  int
	fault                                   string
}

func outcomeOf(id int, r *Result) outcome {
	o := outcome{
		core: id, code: r.Code, verdict: r.Verdict, packet: string(r.Packet), cycles: r.Cycles,
		instructions: r.Instructions, commands: r.Commands, memWait: r.MemWait, events: len(r.Events),
	}
	if r.Fault != nil {
		o.fault = r.Fault.Error()
	}
	return o
}

// runAll feeds every core n packets of the list, in steps of so many cycles (0:
// at once), and returns all results in order.
func runAll(s *System, packets [][]byte, n int, step uint64) (out []outcome) {
	fed := make([]int, len(s.cores))
	if err := s.Start(func(id int, in *Input) bool {
		if fed[id] == n {
			return false
		}
		in.Packet = packets[fed[id]%len(packets)]
		fed[id]++
		return true
	}, func(id int, r *Result) { out = append(out, outcomeOf(id, r)) }); err != nil {
		panic(err)
	}
	if step == 0 {
		s.Run()
		return out
	}
	for until := step; s.Step(until); until += step {
	}
	return out
}

// TestQueuedAgrees holds a core whose commands are queued and served in the
// order of time against a core that has its memory for itself, over the corpus:
// results, cycles, order and maps.
func TestQueuedAgrees(t *testing.T) {
	for _, cc := range loadCorpus(t) {
		img := kernelImage(t, &cc)
		m, err := New(img, DefaultSpec())
		require.NoError(t, err)
		s, err := NewSystem(img, DefaultSpec(), 1)
		require.NoError(t, err)
		var packets [][]byte
		for i := range cc.Runs {
			packets = append(packets, cc.Runs[i].PacketIn)
		}
		var want []outcome
		th := batchOf(m, packets, 2, func(r *Result) { want = append(want, outcomeOf(0, r)) })
		require.Equal(t, want, runAll(s, packets, 2*len(packets), 0), cc.Name)
		require.Equal(t, th, s.Throughput()[0], cc.Name)
		for i, mp := range m.Maps() {
			require.Equal(t, mp.Entries(), s.maps[i].Entries(), "%s: map %q", cc.Name, mp.Info().Name)
		}
	}
}

// ticket takes a number from the counter in value 0 and returns it.
var ticket = program(mapPointer(0), nfpisa.Immed(xf(0), 1), nfpisa.Mem40(nfpisa.MemTestAdd, 0, b(2), a(2), 1).CtxSwap(1), ret(xf(0)))

// TestSharedCounter lets the contexts of several cores take numbers from one
// counter: each number once, in the order in which the unit serves, and the
// commands that come in one cycle by the number of the core.
func TestSharedCounter(t *testing.T) {
	const cores, packets = 5, 40
	var served []mem.Key
	last := uint64(0)
	s := testSystem(t, cores, ticket, func(sp *Spec, img *image.Image) {
		arrayMap(sp, img)
		sp.MemoryHooks.Serve = func(c *mem.Command, start, done uint64) {
			require.GreaterOrEqual(t, start, last+uint64(ememLatency.Busy), "one after the other")
			require.GreaterOrEqual(t, start, c.Arrival)
			last = start
			served = append(served, mem.Key{Cycle: c.Arrival, Source: int(c.Ticket.Source)})
		}
	})
	out := runAll(s, [][]byte{frame(64)}, packets, 0)
	require.Len(t, out, cores*packets)
	seen := map[uint32]bool{}
	for _, o := range out {
		require.Empty(t, o.fault)
		require.False(t, seen[o.code], "number %d twice", o.code)
		seen[o.code] = true
	}
	for i := 1; i < len(served); i++ {
		require.False(t, served[i].Before(served[i-1]), "%v is served after %v", served[i], served[i-1])
	}
	for id := range cores {
		require.EqualValues(t, id, out[id].code, "all cores begin in cycle 0: ties go by number")
	}
	require.EqualValues(t, cores*packets, value0s(s)[0])
}

// TestCopies lets a program change a map of which each island has a copy: nobody would
// bring the copies together.
func TestCopies(t *testing.T) {
	for copies, want := range map[bool]string{false: "", true: "not supported: write of map m, because each island has a copy"} {
		s := testSystem(t, 2, ticket, func(sp *Spec, img *image.Image) {
			arrayMap(sp, img)
			tgt := *img.Target
			first, second := tgt.Maps.Regions[0], tgt.Maps.Regions[0]
			first.Base, first.Size, second.Copies = second.Base+second.Size, 1<<16, copies
			tgt.Maps.Regions = []target.Region{first, second}
			img.Target = &tgt
		})
		for _, o := range runAll(s, [][]byte{frame(64)}, 2, 0) {
			if want == "" {
				require.Empty(t, o.fault)
			} else {
				require.Contains(t, o.fault, want)
			}
		}
	}
}

func value0s(s *System) [3]uint32 {
	d := s.maps[0].Region().Data
	return [3]uint32{binary.BigEndian.Uint32(d), binary.BigEndian.Uint32(d[4:]), binary.BigEndian.Uint32(d[8:])}
}

// TestWorkerWaits ends a program with a write under way, a short and a long one.
// A worker that waits gives the packet away when the write is done and not
// before, and the program's own cycles do not count the wait.
func TestWorkerWaits(t *testing.T) {
	code := program(packetPointer, nfpisa.Immed(xf(0), 7), nfpisa.Mem32(nfpisa.MemWrite32Swap, 0, a(1), k(0), 1), nfpisa.Immed(a(0), 2), exit())
	const own = 5 + 2 // the last branch costs two more
	for _, busy := range []uint32{1, 500} {
		done := map[string]uint64{}
		s := testSystem(t, 2, code, func(sp *Spec, img *image.Image) {
			sp.Memories = map[string]Latency{"ctm": {Read: 60, Write: 55, Atomic: 60, PerWord: 1, Busy: busy}}
			sp.MemoryHooks.Serve = func(c *mem.Command, _, at uint64) { done[fmt.Sprint(c.Ticket.Source, c.Ticket.Context)] = at }
			sp.Hooks.Switch = func(w Switch) {
				if w.Kind == SwitchEnd {
					require.Contains(t, done, fmt.Sprint(w.Core, w.Context))
					require.LessOrEqual(t, done[fmt.Sprint(w.Core, w.Context)], w.Cycle, "the packet goes on when its write is done")
				}
			}
		})
		for _, o := range runAll(s, [][]byte{frame(64)}, 9, 0) {
			require.Empty(t, o.fault)
			require.Equal(t, []byte{7, 0, 0, 0, 5}, []byte(o.packet[:5]))
			require.EqualValues(t, own, o.cycles)
			require.EqualValues(t, own-2, o.instructions)
			require.Zero(t, o.memWait)
		}
	}
}

// TestStepsDoNotMatter shows that results, their order and everything that
// hooks see are the same however time is cut into steps.
func TestStepsDoNotMatter(t *testing.T) {
	code := program(
		mapPointer(0), packetPointer, nfpisa.Immed(xf(0), 1), nfpisa.Immed(xf(1), 7),
		nfpisa.Mem40(nfpisa.MemTestAdd, 0, b(2), a(2), 1).SigDone(2),
		nfpisa.Mem32(nfpisa.MemWrite32, 1, a(1), k(8), 1), // signal 3 tells
		nfpisa.Mem32(nfpisa.MemRead32, 4, a(1), k(0), 2).SigDone(3),
		nops(3),
		nfpisa.BrArg(nfpisa.CondNoSignal, 2, at(11)), // polls
		nfpisa.CtxArb(1<<3),
		nfpisa.ALU(a(0), op.None, nfpisa.ALUB, xf(0)), exit(),
	)
	run := func(step uint64) (out []outcome, log, served []string) {
		s := testSystem(t, 3, code, func(sp *Spec, img *image.Image) {
			arrayMap(sp, img)
			sp.Hooks.Switch = func(w Switch) {
				if w.Core == 1 {
					log = append(log, fmt.Sprint(w))
				}
			}
			sp.Hooks.Step = func(w Step) {
				if w.Core == 1 {
					log = append(log, fmt.Sprint(w))
				}
			}
			sp.MemoryHooks.Serve = func(c *mem.Command, start, done uint64) {
				if c.Op == mem.Add {
					served = append(served, fmt.Sprint(c.Ticket.Source, start, done))
				}
			}
		})
		out = runAll(s, [][]byte{frame(64), frame(40)}, 11, step)
		return out, log, served
	}
	want, wantLog, wantServed := run(0)
	require.NotEmpty(t, wantLog)
	require.Len(t, wantServed, 33)
	require.Len(t, want, 33)
	for _, o := range want {
		require.Empty(t, o.fault)
	}
	for _, step := range []uint64{1, 7, 60, 1000} {
		got, log, served := run(step)
		require.Equal(t, want, got, "steps of %d cycles", step)
		require.Equal(t, wantLog, log)
		require.Equal(t, wantServed, served)
	}
}

// TestReadsSeeServiceTime shows that a read returns what memory holds when its
// unit serves it: the other core's write comes before it or behind it by the
// cycle, whatever core is advanced first.
func TestReadsSeeServiceTime(t *testing.T) {
	// The packet's first byte chooses. From the end of its read on, 1 writes
	// after 23 cycles, 2 reads after 21 and 3 after 25. The second core is one
	// cycle behind, since both begin with a read of packet memory.
	code := program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), mapPointer(0))
	body := len(code) + 2
	read := func(n int) ins {
		return program(nops(n), nfpisa.Mem40(nfpisa.MemRead32, 2, b(2), a(2), 1).CtxSwap(1), ret(xf(2)))
	}
	write := program(nfpisa.Immed(xf(2), 77), nops(20), nfpisa.Mem40(nfpisa.MemWrite32, 2, b(2), a(2), 1).CtxSwap(1), ret(k(0)))
	early, late := read(17), read(20)
	code = program(
		code,
		nfpisa.BrByteEq(xf(0), 3, 2, at(body+len(write))),
		nfpisa.BrByteEq(xf(0), 3, 3, at(body+len(write)+len(early))),
		write, early, late,
	)
	for _, tc := range []struct {
		name          string
		first, second byte
		want          uint32
	}{
		{"read before the write", 1, 2, 0},
		{"read behind the write", 1, 3, 77},
		{"read before the write, by the core that is first", 2, 1, 0},
		{"read behind the write, by the core that is first", 3, 1, 77},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := testSystem(t, 2, code, arrayMap)
			packet := func(id int) []byte { return []byte{[2]byte{tc.first, tc.second}[id], 0, 0, 0} }
			fed := [2]bool{}
			var got []uint32
			require.NoError(t, s.Start(func(id int, in *Input) bool {
				in.Packet = packet(id)
				was := fed[id]
				fed[id] = true
				return !was
			}, func(id int, r *Result) {
				require.Nil(t, r.Fault)
				if packet(id)[0] != 1 {
					got = append(got, r.Code)
				}
			}))
			s.Run()
			require.Equal(t, []uint32{tc.want}, got)
		})
	}
}

// TestNeighbourSeesSignal shows that what a command reads comes into registers
// with its signal: a context that looks at another's transfer registers before
// sees what was there.
func TestNeighbourSeesSignal(t *testing.T) {
	other := nfpisa.Operand{Kind: nfpisa.XferIndex}
	code := program(
		nfpisa.CSRRd(nfpisa.CSRActCtxStatus), nfpisa.Immed(a(4), 0),
		packetPointer, nfpisa.BrSet(a(4), 1, at(6)), // context 1 has number 2
		nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), nfpisa.Br(at(11)),
		nfpisa.CSRWr(nfpisa.CSRXferIndex, k(0)), nops(3), nfpisa.Mov(a(0), other),
		exit(), nfpisa.Mov(a(0), xf(0)), exit(),
	)
	code[5].Target = uint16(at(len(code) - 2))
	lax := func(s *Spec, _ *image.Image) { s.Checks &^= CheckUndefined }
	codes := func(run func(next func(*Input) bool, done func(*Result))) (out []uint32) {
		fed := 0
		run(func(in *Input) bool {
			in.Packet = frame(64)
			fed++
			return fed <= 2
		}, func(r *Result) {
			require.Nil(t, r.Fault)
			out = append(out, r.Code)
		})
		return out
	}
	noWorker := func(s *Spec, img *image.Image) {
		lax(s, img)
		s.Worker = Routine{}
	}
	want := []uint32{DefaultSpec().Unwritten, 0x01020304}
	require.Equal(t, want, codes(func(next func(*Input) bool, done func(*Result)) {
		testMachine(t, code, noWorker).Batch(next, done)
	}))
	require.Equal(t, want, codes(func(next func(*Input) bool, done func(*Result)) {
		s := testSystem(t, 1, code, lax)
		require.NoError(t, s.Start(func(_ int, in *Input) bool { return next(in) }, func(_ int, r *Result) { done(r) }))
		s.Run()
	}))
}

// TestSharedFirmwareMap lets two cores put the same keys into a map that the
// firmware keeps, each only where there is none: of each pair one is told that
// it exists, the later one.
func TestSharedFirmwareMap(t *testing.T) {
	const update = 5001
	key := program(nfpisa.Mov(lm(0, 0), xf(0)), nfpisa.Immed(lm(0, 1), 0))
	code := program(
		packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), key,
		nfpisa.ALU(a(9), a(22), nfpisa.ALUAdd, k(64)), nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(9)), nops(3),
		nfpisa.Immed(lm(2, 0), 1), nfpisa.Immed(lm(2, 1), 2), nfpisa.Immed(a(8), UpdateNoExist).Both(), nfpisa.Immed(a(9), 0).Both(),
	)
	code = append(code, nfpisa.Br(update).WithDefer(2), nfpisa.Mov(a(0), k(1)), nfpisa.Immed(b(0), uint32(at(len(code)+3))))
	// The result is 0 or a negative number: pass or drop.
	code = append(code, nfpisa.BrSet(a(0), 31, at(len(code)+3)), nfpisa.Immed(a(0), 0x110000), exit(), nfpisa.Immed(a(0), 0x220000), exit())
	s := testSystem(t, 2, code, func(sp *Spec, img *image.Image) {
		img.Target, img.Machine.Helpers = target.MustBuiltin("agilio"), map[uint32]uint16{2: update}
		img.Maps = []image.Map{{Name: "m", Type: "hash", ID: 1, KeySize: 8, ValueSize: 8, MaxEntries: 100}}
	})
	fed := [2]byte{}
	told := map[uint32][2]int{}
	require.NoError(t, s.Start(func(id int, in *Input) bool {
		fed[id]++
		in.Packet = []byte{fed[id], 0, 0, 0, 0, 0, 0, 0}
		return fed[id] <= 50
	}, func(id int, r *Result) {
		require.Nil(t, r.Fault)
		n := told[r.Verdict]
		n[id]++
		told[r.Verdict] = n
	}))
	s.Run()
	created, existed := told[uint32(bpf.XDPPass)], told[uint32(bpf.XDPDrop)]
	require.Equal(t, 50, created[0]+created[1])
	require.Equal(t, 50, existed[0]+existed[1])
	require.Equal(t, 50, created[0], "the first core comes first each time")
	require.Len(t, s.Maps()[0].Entries(), 50)
}

// TestSystemReset shows that a system starts again from the beginning, and not
// before it has ended.
func TestSystemReset(t *testing.T) {
	s := testSystem(t, 3, ticket, arrayMap)
	want := runAll(s, [][]byte{frame(64)}, 5, 0)
	require.NotEqual(t, want, runAll(s, [][]byte{frame(64)}, 5, 0), "the counter goes on")
	require.NoError(t, s.Reset())
	require.NoError(t, s.Start(func(int, *Input) bool { return true }, func(int, *Result) {}))
	require.True(t, s.Step(500))
	require.ErrorContains(t, s.Reset(), "packets under way")
	require.ErrorContains(t, s.Start(nil, nil), "packets under way")

	s = testSystem(t, 3, ticket, arrayMap)
	runAll(s, [][]byte{frame(64)}, 9, 0)
	require.NoError(t, s.Reset())
	require.Equal(t, want, runAll(s, [][]byte{frame(64)}, 5, 0))
}

// TestSystemRefused shows what several cores cannot have.
func TestSystemRefused(t *testing.T) {
	memory := func(t *testing.T) *Memory {
		m, err := NewMemory(target.MustBuiltin("skipsw"), DefaultSpec())
		require.NoError(t, err)
		return m
	}
	for _, tc := range []struct {
		want   string
		cores  int
		change func(*testing.T, *Spec, *image.Image)
	}{
		{"0 cores", 0, func(*testing.T, *Spec, *image.Image) {}},
		{"packet pointers of target skipsw tell 32767 buffers apart", 8192, func(*testing.T, *Spec, *image.Image) {}},
		{"without CheckSignals and CheckHazards", 2, func(_ *testing.T, s *Spec, _ *image.Image) { s.Checks = 0 }},
		{"memory ctm that answers in the cycle of the command", 2, func(_ *testing.T, s *Spec, _ *image.Image) {
			s.Memories = map[string]Latency{"ctm": {}}
		}},
		{"memory shared by a System and others", 2, func(t *testing.T, s *Spec, img *image.Image) {
			s.Memory = memory(t)
			_, err := New(img, *s)
			require.NoError(t, err)
		}},
		{"memory shared by a System and others", 2, func(t *testing.T, s *Spec, img *image.Image) {
			s.Memory = memory(t)
			_, err := NewSystem(img, *s, 1)
			require.NoError(t, err)
		}},
	} {
		t.Run(tc.want, func(t *testing.T) {
			img, spec := testImage(t, ret(k(1))), DefaultSpec()
			tc.change(t, &spec, img)
			_, err := NewSystem(img, spec, tc.cores)
			require.ErrorContains(t, err, tc.want)
		})
	}
}
