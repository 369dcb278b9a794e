package nic

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/doctable"
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// twoMarks writes a byte twice into the frame, and waits for memory between: its count
// in a map comes from there. It sends the frame back. What stands in the third place of
// the text are further instructions.
const twoMarks = `
	r6 = r1
	r7 = *(u32 *)(r6 +0)
	r8 = *(u32 *)(r6 +4)
	r1 = r7
	r1 += 60
	r0 = 1
	if r1 > r8 goto out
	*(u8 *)(r7 +0) = %d
	r1 = 0
	*(u32 *)(r10 -4) = r1
	r2 = r10
	r2 += -4
	r1 = map[counts]
	call map_lookup_elem
	if r0 == 0 goto mark
	r1 = 1
	r1 = atomic64_fetch_add((u64 *)(r0 +0), r1)
	*(u32 *)(r7 +16) = r1
mark:
	%[2]s
	*(u8 *)(r7 +12) = %[1]d
	r0 = 3
out:
	exit`

// version compiles twoMarks with a mark, so many further instructions, and a map of a
// size.
func version(t testing.TB, mark, more int, entries uint32) *image.Image {
	m := &object.Map{Name: "counts", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: entries}
	extra := strings.Repeat("r1 = *(u32 *)(r7 +20)\nr1 *= 7\n*(u32 *)(r7 +20) = r1\n", more)
	l, err := bpf.Parse(fmt.Sprintf(twoMarks, mark, extra), m.Name)
	require.NoError(t, err)
	p := &object.Program{Name: fmt.Sprintf("mark_%d", mark), Type: object.XDP, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "mark"}}, Maps: []*object.Map{m}}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{})
	require.NoError(t, err)
	return img
}

// TestReplace replaces the program of all cores under traffic, one core after the
// other, again and again: no frame is lost, none bears the marks of two versions, the map
// has counted each, and each core stands still for as long as its words take.
func TestReplace(t *testing.T) {
	rounds := 1000
	if v := os.Getenv("SKIPSW_N"); v != "" {
		n, err := strconv.Atoi(v)
		require.NoError(t, err)
		rounds = n
	}
	versions := []*image.Image{version(t, 1, 0, 4), version(t, 2, 3, 4)}
	marks := map[byte]uint64{}
	s := newScene(versions[0], func(s *scene) {
		s.spec.Cores, s.rate = 4, s.spec.PortRate/16
		s.traffic.Packets = 120 * uint64(rounds)
		s.spec.Leave = func(d Departure) {
			require.Equal(t, d.Frame[0], d.Frame[12], "one version has handled the frame")
			marks[d.Frame[0]]++
		}
	})
	card, err := New(s.img, s.spec)
	require.NoError(t, err)
	run, err := card.Start(s.inputs(t))
	require.NoError(t, err)
	until := uint64(20_000)
	run.Step(until)
	for k := range rounds {
		require.NoError(t, run.Replace(versions[(k+1)%2]))
		for run.Replacing() {
			until += 1000
			require.True(t, run.Step(until), "traffic ends in round %d", k)
		}
	}
	t.Logf("%d replacements while %d frames came: marks %v", rounds, run.run.in, marks)
	res, err := run.Run(t.Context())
	require.NoError(t, err)
	requireConserved(t, res)
	require.Empty(t, drops(res))
	require.Nil(t, res.FirstFault)
	require.Equal(t, res.Packets.In, res.Packets.Sent)
	require.Equal(t, res.Packets.In, marks[1]+marks[2])
	require.Greater(t, min(marks[1], marks[2]), uint64(rounds), "both versions have handled frames")
	m, ok := card.System().Map("counts")
	require.True(t, ok)
	v, ok := m.Lookup(make([]byte, 4))
	require.True(t, ok)
	require.Equal(t, res.Packets.In, binary.LittleEndian.Uint64(v))
	require.Len(t, res.Replaced, rounds)
	for k, r := range res.Replaced {
		require.Zero(t, r.NoBuffer)
		require.Len(t, r.Cores, s.spec.Cores)
		require.Equal(t, len(versions[(k+1)%2].Words), r.Words)
		load := uint64(r.Words) * s.spec.LoadWord
		last := r.From
		for _, c := range r.Cores {
			require.GreaterOrEqual(t, c.Still, load)
			require.Less(t, c.Still, load+uint64(s.spec.Machine.Worker.Busy), "what a context that finds no frame takes")
			last += c.Drain + c.Still
		}
		require.Equal(t, r.To, last, "one core after the other")
	}

	// The card begins with its own program again.
	again, err := card.Run(t.Context(), s.inputs(t))
	require.NoError(t, err)
	require.Empty(t, again.Replaced)
	require.Equal(t, again.Packets.In, again.Packets.Sent)
}

// update writes the table of docs/timing.md anew.
var update = flag.Bool("update", false, "write the tables of documents anew")

// long is a program of so many words that sends each frame back. No compiler makes it, so
// that the figures are the card's alone.
func long(t testing.TB, words int) *image.Image {
	img := verdict(t, "xdp", uint32(bpf.XDPTX))
	for len(img.Words) < words {
		img.Words = append(img.Words, img.Words[0])
	}
	return img
}

// TestReplaceWhole measures replacements on the whole card. The result does not depend on
// the number of threads.
func TestReplaceWhole(t *testing.T) {
	table := "| words | a port brings | a core drains in, at most | stands still for | all 50 cores | frames lost by it |\n|---|---|---|---|---|---|\n"
	for _, tt := range []struct {
		words         int
		packets, rate uint64
	}{
		{100, 50_000, 40_000_000_000},
		{500, 150_000, 40_000_000_000},
		{500, 50_000, 10_000_000_000},
		{2560, 60_000, 2_500_000_000},
	} {
		var all []string
		var r Replacement
		for threads := 1; threads <= 2; threads++ {
			s := newScene(long(t, tt.words), func(s *scene) { s.traffic.Packets, s.rate, s.spec.Machine.Threads = tt.packets, tt.rate, threads })
			card, err := New(s.img, s.spec)
			require.NoError(t, err)
			run, err := card.Start(s.inputs(t))
			require.NoError(t, err)
			require.True(t, run.Step(50_000))
			require.NoError(t, run.Replace(long(t, tt.words)))
			res, err := run.Run(t.Context())
			require.NoError(t, err)
			require.Len(t, res.Replaced, 1, "%d words: it is over before traffic is", tt.words)
			r = res.Replaced[0]
			require.Len(t, r.Cores, s.spec.Cores)
			b, err := json.Marshal(res)
			require.NoError(t, err)
			all = append(all, string(b))
		}
		require.Equal(t, all[0], all[1])
		var drain, still uint64
		for _, c := range r.Cores {
			drain, still = max(drain, c.Drain), max(still, c.Still)
		}
		table += fmt.Sprintf("| %d | %g Gb/s of 64-byte frames | %d cycles | %d cycles | %d cycles, %.2f ms | %d |\n",
			r.Words, float64(tt.rate)/1e9, drain, still, r.To-r.From, float64(r.To-r.From)/float64(DefaultSpec().Hertz)*1000, r.NoBuffer)
	}
	doctable.Hold(t, "../../docs/timing.md", "replacement", table, *update, "go test ./sim/nic -run TestReplaceWhole -update")
}

// TestReplaceRefused: what cannot run beside the running version is refused by name, and
// a replacement at a time goes on.
func TestReplaceRefused(t *testing.T) {
	s := newScene(version(t, 1, 0, 4), func(s *scene) { s.spec.Cores, s.traffic.Packets = 2, 2000 })
	start := func(img *image.Image, change func(*Spec)) (*Card, *Traffic) {
		spec := s.spec
		if change != nil {
			change(&spec)
		}
		card, err := New(img, spec)
		require.NoError(t, err)
		run, err := card.Start(s.inputs(t))
		require.NoError(t, err)
		return card, run
	}
	_, run := start(s.img, nil)
	require.ErrorIs(t, run.Replace(version(t, 2, 0, 8)), unsupported.Err, "a map of another size")
	require.ErrorContains(t, run.Replace(version(t, 2, 0, 8)), "map counts")
	require.ErrorContains(t, run.Replace(sample(t, "l2_swap_tx", "agilio")), "target")
	require.ErrorContains(t, run.Replace(verdict(t, "tc", 0)), "of type tc")
	two := *version(t, 2, 0, 4)
	two.Programs = append(two.Programs[:1:1], two.Programs[0])
	require.ErrorIs(t, run.Replace(&two), unsupported.Err)
	require.NoError(t, run.Replace(version(t, 2, 0, 4)))
	require.ErrorContains(t, run.Replace(version(t, 2, 0, 4)), "under way")
	for until := uint64(1000); run.Replacing(); until += 1000 {
		require.True(t, run.Step(until))
	}
	require.ErrorIs(t, run.Save(&bytes.Buffer{}), unsupported.Err)

	_, run = start(s.img, func(s *Spec) { s.Machine.Hooks.Step = func(core.Step) {} })
	require.ErrorIs(t, run.Replace(version(t, 2, 0, 4)), unsupported.Err)
}
