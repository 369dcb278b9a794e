package nic

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// ending compiles a program that redirects by a map with one at the far end of some
// entries: each is a key, a first word, and 1 for the program.
func ending(t testing.TB, kind bpf.MapType, main, end string, entries ...uint32) *image.Image {
	m := &object.Map{Name: "targets", Type: kind, KeySize: 4, ValueSize: bpf.SizeofDevMapVal, MaxEntries: 128, Ends: map[string]string{}}
	for ; len(entries) > 0; entries = entries[3:] {
		key := binary.LittleEndian.AppendUint32(nil, entries[0])
		m.Initial = append(m.Initial, object.Entry{Key: key, Value: append(binary.LittleEndian.AppendUint32(nil, entries[1]), 0, 0, 0, 0)})
		if entries[2] != 0 {
			m.Ends[string(key)] = "end"
		}
	}
	program := func(name, text string) *object.Program {
		l, err := bpf.Parse(text, m.Name)
		require.NoError(t, err)
		return &object.Program{Name: name, Type: object.XDP, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: name}}, Maps: []*object.Map{m}}
	}
	p, q := program("test", main), program("end", end)
	q.Attach = m.Holds()
	p.Called = []*object.Program{q}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{})
	require.NoError(t, err)
	return img
}

// TestEnds sends frames to entries with programs: each copy passes the cores once
// more, and ends as the program there decides.
func TestEnds(t *testing.T) {
	const frames = 1000
	const all = 2 * frames // of both ports
	end := func(verdict int) string { return fmt.Sprintf("r0 = %d\nexit", verdict) }
	to := func(key, flags int) string { return fmt.Sprintf(byMap, key, flags) }
	// Interface 2 is passed, others are dropped.
	odd := "r1 = *(u32 *)(r1 +20)\nr0 = 1\nif r1 != 2 goto out\nr0 = 2\nout: exit"
	again := fmt.Sprintf(byMap, 1, 0)
	type want struct {
		sent, host, copies uint64
		drops              map[string]uint64
	}
	dev, cpu := bpf.MapTypeDevMap, bpf.MapTypeCPUMap
	for _, c := range []struct {
		name string
		img  *image.Image
		want want
	}{
		{"sent", ending(t, dev, to(5, 0), end(2), 5, 2, 1), want{sent: all}},
		{"dropped", ending(t, dev, to(5, 0), end(1), 5, 2, 1), want{drops: map[string]uint64{DropProgram: all}}},
		{"aborted", ending(t, dev, to(5, 0), end(3), 5, 2, 1), want{drops: map[string]uint64{DropAborted: all}}},
		{"to no port", ending(t, dev, to(5, 0), end(2), 5, 9, 1), want{drops: map[string]uint64{DropRedirect: all}}},
		{"to all, by the interface", ending(t, dev, to(0, 8), odd, 1, 1, 1, 2, 2, 1), want{sent: all, copies: all, drops: map[string]uint64{DropProgram: all}}},
		{"to all, one without", ending(t, dev, to(0, 8), end(1), 1, 1, 0, 2, 2, 1), want{sent: all, copies: all, drops: map[string]uint64{DropProgram: all}}},
		{"to the others", ending(t, dev, to(0, 0x18), end(2), 1, 1, 1, 2, 2, 1), want{sent: all}},
		{"to a processor", ending(t, cpu, to(5, 0), end(2), 5, 192, 1), want{host: all}},
		{"to a processor, and on", ending(t, cpu, to(5, 0), again, 5, 192, 1, 1, 192, 0), want{host: all}},
		{"round and round", ending(t, cpu, to(1, 0), again, 1, 192, 1), want{drops: map[string]uint64{DropRedirect: all}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			scene := newScene(c.img, func(s *scene) {
				s.traffic.Packets = frames
				s.spec.Cores = 2
				s.rate /= 400 // the cores keep up
			})
			res := scene.run(t)
			got := want{sent: res.Packets.Sent, host: res.Packets.Host, copies: res.Packets.Copies}
			for reason, n := range res.Drops {
				if n > 0 {
					require.Nil(t, got.drops)
					got.drops = map[string]uint64{reason: n}
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}
