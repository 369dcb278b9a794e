package histories

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// load gives the first contexts of the cores operations, one after the other, of which
// a share writes.
type load struct {
	r              *rand.Rand
	left, contexts int
	writes         int    // per cent
	kinds          []kind // of those that write
	keys           uint32
	packet         []byte
}

// Next implements sim.Feed.
func (l *load) Next(at sim.Moment, in *sim.Input) (uint64, bool) {
	if l.left == 0 || at.Place() >= l.contexts {
		return 0, false
	}
	l.left--
	kind := look
	if l.r.IntN(100) < l.writes {
		kind = l.kinds[l.r.IntN(len(l.kinds))]
	}
	binary.LittleEndian.PutUint32(l.packet, uint32(kind))
	binary.LittleEndian.PutUint32(l.packet[4:], l.r.Uint32N(l.keys))
	in.Packet = l.packet
	return at.Cycle, true
}

// Done implements sim.Feed.
func (l *load) Done(_ sim.Moment, res *sim.Result) {
	if res.Fault != nil {
		panic(res.Fault.Error() + res.Fault.Reason)
	}
}

// BenchmarkShared gives the millions of operations a second that contexts do on a map of
// 4,096 entries, by their number and the share of writes. The worker's loop is left out.
func BenchmarkShared(b *testing.B) {
	for _, s := range []*subject{
		{name: "one key", m: object.Map{Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 4096}, program: hashProgram, keys: 1},
		{name: "lru_hash", m: object.Map{Type: bpf.MapTypeLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 4096}, program: hashProgram},
		{name: "full lru_hash", m: object.Map{Type: bpf.MapTypeLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 4096}, program: hashProgram, keys: 8192},
		{name: "come and go", m: object.Map{Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 4096}, program: hashProgram, kinds: []kind{put, remove}},
		{name: "queue", m: object.Map{Type: bpf.MapTypeQueue, ValueSize: 8, MaxEntries: 4096}, program: ringProgram, kinds: []kind{put, remove}},
		{name: "hash", m: object.Map{Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 4096}, program: hashProgram},
		{name: "array", m: object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 4096}, program: plainProgram},
	} {
		img := s.image(b)
		for _, writes := range []int{0, 1, 10, 50, 100} {
			for _, contexts := range []int{1, 4, 16, 40, 100, 200} {
				b.Run(fmt.Sprintf("%s/writes=%d%%/contexts=%d", s.name, writes, contexts), func(b *testing.B) {
					for b.Loop() {
						spec := sim.DefaultSpec()
						spec.Worker = sim.Routine{}
						cores := (contexts + core.Contexts - 1) / core.Contexts
						sys, err := sim.NewSystem(img, spec, cores)
						require.NoError(b, err)
						m, _ := sys.Map("m")
						keys := s.keys
						if keys == 0 {
							keys = 3000
						}
						for k := range uint64(keys) {
							require.NoError(b, m.Update(bytesOf(k, 4)[:m.KeySize()], bytesOf(k, 8), 0))
						}
						kinds := s.kinds
						if kinds == nil {
							kinds = []kind{put}
						}
						operations := 200 * max(40, contexts)
						l := &load{r: rand.New(rand.NewPCG(1, 2)), left: operations, contexts: contexts, writes: writes, kinds: kinds, keys: keys, packet: make([]byte, 64)}
						require.NoError(b, sys.StartFeed(l))
						sys.Run()
						end := uint64(0)
						for _, t := range sys.Throughput() {
							end = max(end, t.Cycles)
						}
						b.ReportMetric(float64(operations)*800/float64(end), "Mops/s")
					}
				})
			}
		}
	}
}
