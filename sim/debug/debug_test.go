package debug_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/debug"
	"github.com/skipsw/skipsw/translate"
)

// session debugs a sample with the first n packets of its capture.
func session(t *testing.T, name string, n int, spec sim.Spec) *debug.Session {
	t.Helper()
	var r translate.Report
	o := translate.FileOptions{Options: translate.Options{Report: &r, Remarks: true}, Program: name}
	img, err := translate.File("../../testdata/bpf/"+name+".o", o)
	require.NoError(t, err)
	packets, err := pcap.ReadFile(filepath.Join("../../testdata/pcap", name+".pcap"))
	require.NoError(t, err)
	d := debug.Options{Image: img, Spec: spec}
	for k := range packets[:min(n, len(packets))] {
		d.Packets = append(d.Packets, packets[k].Data)
	}
	for _, w := range r.Code {
		h := debug.Half{}
		if w.Makes != nil {
			h = debug.Half{Known: true, Reg: uint8(w.Makes.Reg), High: w.Makes.High}
		}
		d.Holds = append(d.Holds, h)
	}
	s, err := debug.New(d)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// picture is all that can be looked at.
func picture(s *debug.Session) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.At(), s.Word(), s.Cycle(), len(s.Trace()))
	var show func(v debug.Var)
	show = func(v debug.Var) {
		fmt.Fprintln(&b, v.Name, v.Value)
		for _, p := range v.Parts {
			show(p)
		}
	}
	for _, sc := range s.Scopes() {
		fmt.Fprintln(&b, "#", sc.Name)
		for _, v := range sc.Vars() {
			show(v)
		}
	}
	return b.String()
}

// TestSameAsRun: stepping word by word gives the verdicts, cycles and packets of the
// machine that nobody looks at.
func TestSameAsRun(t *testing.T) {
	for _, name := range []string{"ttl_decrement", "flow_track", "l4_balance", "tail_stages", "event_sample"} {
		t.Run(name, func(t *testing.T) {
			const packets = 12
			s := session(t, name, packets, sim.DefaultSpec())
			m, err := sim.New(s.Image(), sim.DefaultSpec())
			require.NoError(t, err)
			in, err := pcap.ReadFile(filepath.Join("../../testdata/pcap", name+".pcap"))
			require.NoError(t, err)
			for k := range packets {
				want := m.Run(sim.Input{Packet: bytes.Clone(in[k].Data), IngressIfindex: 1})
				for s.Result() == nil {
					require.NoError(t, s.Step(debug.Word))
				}
				got := s.Result()
				require.Equal(t, want.Verdict, got.Verdict)
				require.Equal(t, want.Cycles, got.Cycles)
				require.Equal(t, want.Packet, s.Frame())
				// Cycles that are lost behind branches count as instructions there.
				require.LessOrEqual(t, len(s.Trace()), int(got.Instructions))
				if k < packets-1 {
					require.NoError(t, s.Step(debug.Word))
				}
			}
			require.ErrorIs(t, s.Step(debug.Word), debug.ErrEnd)
			require.Equal(t, "end", s.Reason)
		})
	}
}

// TestBackIsTheSame: each place looks the same when it is come back to, word by word,
// over the ends of packets.
func TestBackIsTheSame(t *testing.T) {
	s := session(t, "flow_track", 12, sim.DefaultSpec())
	require.NoError(t, s.Goto(debug.Pos{Packet: 10}))
	var seen []string
	var places []debug.Pos
	for range 150 {
		seen, places = append(seen, picture(s)), append(places, s.At())
		if err := s.Step(debug.Word); err != nil {
			require.ErrorIs(t, err, debug.ErrEnd)
			break
		}
	}
	for k := len(seen) - 2; k >= 0; k -= 7 {
		require.NoError(t, s.Goto(places[k]))
		require.Equal(t, seen[k], picture(s))
	}
	require.NoError(t, s.Goto(places[140]))
	for k := 139; k > 100; k-- {
		require.NoError(t, s.Back(debug.Word))
		require.Equal(t, seen[k], picture(s))
	}
}

// TestLines: steps stop at lines, and going back passes the same ones in the other
// order.
func TestLines(t *testing.T) {
	s := session(t, "deep_parse", 1, sim.DefaultSpec())
	var there []debug.Pos
	for s.Result() == nil {
		there = append(there, s.At())
		word := s.Word()
		require.NoError(t, s.Step(debug.Line))
		if s.Result() == nil {
			a, b := s.Image().LineOf(word), s.Image().LineOf(s.Word())
			require.True(t, a.LineNo != b.LineNo || a.File != b.File)
			_, routine := debug.Owner(s.Image(), s.Word())
			require.Empty(t, routine)
		}
	}
	require.Greater(t, len(there), 20)
	for k := len(there) - 1; k > 0; k-- {
		require.NoError(t, s.Back(debug.Line))
		require.Equal(t, there[k], s.At(), "step %d", k)
	}
	// Words before the first line belong to none.
	require.NoError(t, s.Back(debug.Line))
	require.Equal(t, 0, s.At().Packet)
	require.NoError(t, s.Goto(debug.Pos{}))
	require.ErrorIs(t, s.Back(debug.Line), debug.ErrEnd)
	require.ErrorIs(t, s.Back(debug.Word), debug.ErrEnd)
	require.ErrorIs(t, s.Back(debug.Packet), debug.ErrEnd)
}

// TestBreaks: each kind stops where it should, forwards and backwards.
func TestBreaks(t *testing.T) {
	for _, c := range []struct {
		name, at string
		check    func(t *testing.T, s *debug.Session)
	}{
		{"line", "flow_track.c:66", func(t *testing.T, s *debug.Session) {
			require.Equal(t, 66, int(s.Image().LineOf(s.Word()).LineNo))
		}},
		{"line without code", "37", func(t *testing.T, s *debug.Session) {
			require.Equal(t, 43, int(s.Image().LineOf(s.Word()).LineNo))
		}},
		{"instruction", "insn 76", func(t *testing.T, s *debug.Session) {
			require.Equal(t, 76, int(s.Image().LineOf(s.Word()).Insn))
		}},
		{"map", "map conns", func(t *testing.T, s *debug.Session) { require.Nil(t, s.Result()) }},
		{"verdict", "verdict XDP_DROP", func(t *testing.T, s *debug.Session) {
			require.Equal(t, "XDP_DROP", packetrun.VerdictName("xdp", s.Result().Verdict))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := session(t, "flow_track", 60, sim.DefaultSpec())
			b, err := debug.ParseBreak(s.Image(), c.at)
			require.NoError(t, err)
			s.Add(b)
			var at []debug.Pos
			for range 6 {
				require.NoError(t, s.Continue())
				require.Equal(t, []*debug.Break{b}, s.Hit)
				require.Equal(t, "breakpoint", s.Reason)
				c.check(t, s)
				at = append(at, s.At())
			}
			for k := len(at) - 2; k >= 0; k-- {
				require.NoError(t, s.Reverse())
				require.Equal(t, at[k], s.At())
				require.Equal(t, []*debug.Break{b}, s.Hit)
			}
			require.Equal(t, 1, s.Remove(func(o *debug.Break) bool { return o == b }))
			require.ErrorIs(t, s.Continue(), debug.ErrEnd)
		})
	}
}

// TestFault stops at a packet that faults, at its word, and goes back from there.
func TestFault(t *testing.T) {
	spec := sim.DefaultSpec()
	spec.Budget = 100 // too few for the lookup
	s := session(t, "flow_track", 12, spec)
	require.NoError(t, s.Continue())
	require.Equal(t, "fault", s.Reason)
	require.Equal(t, sim.FaultRunaway, s.Result().Fault.Kind)
	require.Equal(t, s.Result().Fault.Word, s.Word())
	at := s.At()
	require.NoError(t, s.Back(debug.Word))
	require.Nil(t, s.Result())
	require.NoError(t, s.Step(debug.Word))
	require.Equal(t, at, s.At())
	require.NoError(t, s.Goto(debug.Pos{Packet: at.Packet + 1}))
	require.NoError(t, s.Reverse())
	require.Equal(t, at, s.At())
	require.Equal(t, "fault", s.Reason)
}

// TestHalves: what is said to be in an eBPF register is what the interpreter would
// have there: the TTL that the packet has.
func TestHalves(t *testing.T) {
	s := session(t, "ttl_decrement", 40, sim.DefaultSpec())
	b, err := debug.ParseBreak(s.Image(), "insn 19") // if w2 < 2
	require.NoError(t, err)
	s.Add(b)
	seen := 0
	for s.Continue() == nil {
		for _, v := range s.Scopes()[0].Vars() {
			if v.Name == "r2" {
				require.True(t, strings.HasPrefix(v.Value, fmt.Sprintf("0x%08x in ", s.Frame()[22])), "%s %x", v.Value, s.Frame()[22])
				require.Contains(t, v.Value, "made by instruction 17")
				seen++
			}
		}
	}
	require.Greater(t, seen, 10)
}

// TestMistakes: each wrong place or command is said, and nothing moves.
func TestMistakes(t *testing.T) {
	s := session(t, "flow_track", 3, sim.DefaultSpec())
	for _, c := range []struct{ at, says string }{
		{"", "nothing to stop at"},
		{"nowhere", "nothing to stop at"},
		{"100000", "no code at or behind line 100000"},
		{"other.c:3", "no code at or behind line 3 of other.c"},
		{"insn x", "the number of an eBPF instruction"},
		{"insn 100000", "has no word of its own"},
		{"word 99999", "the code has the words 16 to "},
		{"map nosuch", `no map "nosuch"; there are: conns`},
		{"verdict MAYBE", `no verdict "MAYBE"; there are: XDP_ABORTED, XDP_DROP`},
		{"fault now", "fault takes nothing"},
	} {
		_, err := debug.ParseBreak(s.Image(), c.at)
		require.ErrorContains(t, err, c.says, c.at)
	}
	require.ErrorContains(t, s.Goto(debug.Pos{Packet: 3}), "there is no packet 4; the capture has 3")
	require.ErrorContains(t, s.Goto(debug.Pos{Packet: -1}), "there is no packet 0")
	_, err := debug.New(debug.Options{Image: s.Image()})
	require.ErrorContains(t, err, "no packet")
	var out bytes.Buffer
	for _, c := range []struct{ text, says string }{
		{"jump", `command 1, "jump": no command "jump"; help lists them`},
		{"step -1", "a number from 1"},
		{"where now", `where takes nothing, not "now"`},
		{"delete 9", `no breakpoint "9"`},
		{"packet x", "the number of a packet"},
		{"maps nosuch", "nothing of the name"},
	} {
		require.ErrorContains(t, debug.NewConsole(s, &out).Run(strings.NewReader(c.text)), c.says)
	}
	c := debug.NewConsole(s, &out)
	c.Prompt = "> "
	require.NoError(t, c.Run(strings.NewReader("jump\n# nothing\nw\n\nquit\nbad")))
	require.Contains(t, out.String(), `no command "jump"`)
	require.Equal(t, 2, s.At().Step) // the empty line repeats
}

// TestHostile: no name from the object acts on a terminal.
func TestHostile(t *testing.T) {
	const bad = "evil\x1b[2J\u202e\x07"
	s := session(t, "flow_track", 3, sim.DefaultSpec())
	img := *s.Image()
	img.Maps = append([]image.Map(nil), img.Maps...)
	img.Lines = append([]image.Line(nil), img.Lines...)
	img.Symbols = append([]image.Symbol(nil), img.Symbols...)
	img.Programs = append([]image.Program(nil), img.Programs...)
	img.Maps[0].Name, img.Programs[0].Name = bad, bad
	for k := range img.Symbols {
		img.Symbols[k].Name = bad
	}
	for k := range img.Lines {
		img.Lines[k].File, img.Lines[k].Text, img.Lines[k].BPF = bad, bad, bad
	}
	h, err := debug.New(debug.Options{Image: &img, Spec: sim.DefaultSpec(), Packets: [][]byte{s.Frame(), []byte("\x1b[2J")}})
	require.NoError(t, err)
	defer h.Close()
	var out bytes.Buffer
	script := "words\nbreak map " + bad + "\nbreak 50\nc\nmemory\nbpf\nregs\nlocal\nxfer\nflags\nmaps\nframe\nbreaks\nwhere\ns\nsi\ntrace\nf\nresult\nf\nframe\nrc\n"
	require.NoError(t, debug.NewConsole(h, &out).Run(strings.NewReader(script)))
	require.Contains(t, out.String(), "evil")
	for _, c := range "\x1b\x07\u202e" {
		require.NotContains(t, out.String(), string(c))
	}
}

// TestEverySample: packets of all samples can be stepped through on both targets, by
// each unit, forwards and backwards, and looked at everywhere.
func TestEverySample(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/bpf/*.o")
	require.NoError(t, err)
	seen := 0
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".o")
		packets, err := pcap.ReadFile(filepath.Join("../../testdata/pcap", name+".pcap"))
		if err != nil {
			continue
		}
		for _, tg := range []string{"skipsw", "agilio"} {
			all, err := translate.Object(path, translate.FileOptions{Options: translate.Options{Target: target.MustBuiltin(tg)}})
			require.NoError(t, err)
			if all[0].Err != nil {
				continue
			}
			seen++
			s, err := debug.New(debug.Options{Image: all[0].Image, Spec: sim.DefaultSpec(), Packets: [][]byte{packets[0].Data, packets[len(packets)-1].Data}})
			require.NoError(t, err)
			for _, u := range []debug.Unit{debug.Line, debug.Insn, debug.Word} {
				steps := 0
				for ; s.Step(u) == nil; steps++ {
					if steps%16 == 0 {
						picture(s)
					}
				}
				require.Equal(t, "end", s.Reason)
				last := s.At()
				for range min(steps, 12) {
					require.NoError(t, s.Back(u))
					require.True(t, s.At().Before(last))
					last = s.At()
				}
				require.NoError(t, s.Goto(debug.Pos{}))
			}
			s.Close()
		}
	}
	require.Greater(t, seen, 40)
}

// TestCheckpoints: what is reached from a checkpoint looks as it does from the first
// packet, maps and all, and going back finds the same breakpoints.
func TestCheckpoints(t *testing.T) {
	for _, name := range []string{"flow_track", "l4_balance", "sampler"} {
		t.Run(name, func(t *testing.T) {
			far := session(t, name, 400, sim.DefaultSpec())
			last := far.Packets() - 1
			require.NoError(t, far.Goto(debug.Pos{Packet: last}))
			require.Greater(t, last, 150)
			for _, packet := range []int{last - 3, 131, 128, 64, 63, 129} {
				require.NoError(t, far.Goto(debug.Pos{Packet: packet, Step: 11}))
				near := session(t, name, 400, sim.DefaultSpec())
				require.NoError(t, near.Goto(debug.Pos{Packet: packet, Step: 11}))
				require.Equal(t, picture(near), picture(far))
				near.Close()
			}
			// Breakpoints, first all of them forwards.
			there := session(t, name, 400, sim.DefaultSpec())
			b, err := debug.ParseBreak(there.Image(), "verdict XDP_PASS")
			require.NoError(t, err)
			there.Add(b)
			var at []debug.Pos
			for there.Continue() == nil {
				at = append(at, there.At())
			}
			for k := len(at) - 1; k >= 0; k-- {
				require.NoError(t, there.Reverse())
				if at[k] == there.At() {
					continue
				}
				// The run stood at the last one already.
				require.Equal(t, len(at)-1, k)
				require.Equal(t, at[k-1], there.At())
				k--
			}
			require.NoError(t, there.Reverse())
			require.Equal(t, debug.Pos{}, there.At())
			require.Equal(t, "entry", there.Reason)
		})
	}
}
