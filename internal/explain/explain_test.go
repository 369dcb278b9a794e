package explain_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/explain"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// explained is a sample with its report and what its packets cost in the machine.
type explained struct {
	*explain.Report
	compiled *translate.Compiled
	waited   uint64
}

// sample compiles a sample for a target, and runs its capture if measured.
func sample(t *testing.T, path, target string, measured bool) *explained {
	t.Helper()
	o := translate.FileOptions{Options: translate.Options{Target: targetOf(target), Remarks: true}}
	all, err := translate.Object(path, o)
	require.NoError(t, err)
	c := &all[0]
	if c.Err != nil {
		return nil
	}
	e := &explained{compiled: c}
	src := explain.Source{Image: c.Image, Report: &c.Report, Program: c.Program}
	if measured {
		src.Measured = explain.NewMeasured(c.Image)
		spec := sim.DefaultSpec()
		src.Measured.Watch(&spec)
		m, err := sim.New(c.Image, spec)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(path), ".o")
		packets, err := pcap.ReadFile(filepath.Join("../../testdata/pcap", name+".pcap"))
		require.NoError(t, err)
		for k := range packets {
			res := m.Run(sim.Input{Packet: packets[k].Data})
			require.Nil(t, res.Fault)
			e.waited += res.MemWait
			src.Measured.Packets++
			src.Measured.Cycles += res.Cycles
		}
	}
	e.Report = explain.Make(src)
	return e
}

func targetOf(name string) *target.Target { return target.MustBuiltin(name) }

// TestEverySample: the lines have every word and every eBPF instruction once, a
// word's remarks are about a line that there is, and the graph has every word.
func TestEverySample(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/bpf/*.o")
	require.NoError(t, err)
	seen := 0
	for _, path := range paths {
		for _, target := range []string{"skipsw", "agilio"} {
			e := sample(t, path, target, false)
			if e == nil {
				continue
			}
			seen++
			name := filepath.Base(path) + " " + target
			words, insns := map[int]bool{}, map[string]map[int]bool{}
			for _, l := range e.Lines {
				for _, w := range l.Words {
					require.False(t, words[w.Address], name)
					words[w.Address] = true
				}
				for _, in := range l.Insns {
					if insns[l.Program] == nil {
						insns[l.Program] = map[int]bool{}
					}
					require.False(t, insns[l.Program][in.Slot], name)
					insns[l.Program][in.Slot] = true
				}
			}
			require.Len(t, words, len(e.compiled.Image.Words), name)
			for _, p := range append([]*object.Program{e.compiled.Program}, e.compiled.Program.Called...) {
				n := 0
				for slot := 0; slot < len(p.Insns); slot += p.Insns[slot].Slots() {
					n++
				}
				require.Len(t, insns[p.Name], n, name)
			}
			require.Len(t, e.compiled.Report.Code, e.Own, name)
			require.LessOrEqual(t, e.Most, e.Usable, name)
			at, total := map[int]bool{}, 0
			for _, b := range e.Blocks {
				at[b.First] = true
				total += b.Words
			}
			for _, b := range e.Blocks {
				for _, to := range b.To {
					require.True(t, at[to] || to >= total, "%s: block %d leads to word %d", name, b.First, to)
				}
			}
			var text, page, dot bytes.Buffer
			require.NoError(t, e.Text(&text, true))
			require.NoError(t, e.HTML(&page))
			require.NoError(t, e.Dot(&dot))
			require.Contains(t, page.String(), "default-src 'none'")
		}
	}
	require.Greater(t, seen, 40)
}

// TestMeasured: the cycles of the lines are those that the machine counts, waits are
// the machine's, and the rest lies between what the words take at least and what
// they take if all their branches are taken.
func TestMeasured(t *testing.T) {
	for _, name := range []string{"ttl_decrement", "l4_balance", "flow_track", "sampler", "vlan_filter", "event_sample", "tail_stages", "nat44"} {
		for _, target := range []string{"skipsw", "agilio"} {
			t.Run(name+" "+target, func(t *testing.T) {
				e := sample(t, "../../testdata/bpf/"+name+".o", target, true)
				if e == nil {
					require.Equal(t, "agilio", target)
					return
				}
				var cycles, waited, least, most, routines uint64
				for _, l := range e.Lines {
					cycles += l.Cycles
					own := uint64(0)
					for _, w := range l.Waits {
						own += w.Cycles
					}
					require.LessOrEqual(t, own, l.Cycles, "line %d", l.Line)
					waited += own
					for _, w := range l.Words {
						busy, taken := w.Cost()
						least += w.Runs * uint64(busy)
						most += w.Runs * uint64(busy+taken)
					}
				}
				if target == "agilio" {
					// Routines of the firmware are busy, too.
					routines = cycles
				}
				require.NotZero(t, cycles)
				require.Equal(t, e.waited, waited)
				require.GreaterOrEqual(t, cycles-waited, least)
				require.LessOrEqual(t, cycles-waited, most+routines)
			})
		}
	}
}

// TestHostile: names from outside reach neither the page's markup nor the graph's.
func TestHostile(t *testing.T) {
	const bad = "\"</code><script>alert(1)</script>\x1b[2J\u202e"
	r := &explain.Report{
		Program: bad, Type: "xdp", Target: bad,
		Lines: []*explain.Line{{
			Program: bad, File: bad, Line: 3, Text: bad, Insns: []explain.Insn{{Text: bad}},
			Missed: []translate.Remark{{What: bad, Why: bad, Insn: 1, Other: -1}},
		}},
		Blocks: []explain.Block{{Of: bad, File: bad, Lines: []int{1}}},
	}
	var page, dot bytes.Buffer
	require.NoError(t, r.HTML(&page))
	require.NotContains(t, page.String(), "<script")
	require.NoError(t, r.Dot(&dot))
	require.NotContains(t, dot.String(), "\x1b")
	require.NotContains(t, dot.String(), "\u202e")
	require.Contains(t, dot.String(), `digraph "\"</code>`)
}

// TestQuoted: the remarks that docs/codegen.md quotes are those of the samples.
func TestQuoted(t *testing.T) {
	doc, err := os.ReadFile("../../docs/codegen.md")
	require.NoError(t, err)
	said, place, quotes := map[string]string{}, "", 0
	for line := range strings.SplitSeq(string(doc), "\n") {
		if !strings.HasPrefix(line, "    ") {
			continue
		}
		line = strings.TrimPrefix(line, "    ")
		if name, _, ok := strings.Cut(line, ".c:"); ok && !strings.HasPrefix(line, " ") {
			place = line
			if said[name] == "" {
				var out bytes.Buffer
				require.NoError(t, sample(t, "../../testdata/bpf/"+name+".o", "skipsw", false).Text(&out, false))
				said[name] = out.String()
			}
		}
		if mark := strings.TrimSpace(line); strings.HasPrefix(mark, "+ ") || strings.HasPrefix(mark, "- ") {
			name, _, _ := strings.Cut(place, ".c:")
			_, behind, found := strings.Cut(said[name], "\n"+place+"\n")
			require.True(t, found, "no line %q", place)
			behind, _, _ = strings.Cut(behind, "\n\n")
			require.Contains(t, behind, mark, place)
			quotes++
		}
	}
	require.GreaterOrEqual(t, quotes, 8)
}
