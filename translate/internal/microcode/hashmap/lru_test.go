package hashmap_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/internal/microcode/hashmap"
)

// clock is a model of a map with LRU: slots in the order of memory, a list of
// free ones, and the hand.
type clock struct {
	slots []struct {
		key, value string
		used, live bool
	}
	free []int
	hand int
}

func newClock(n int) *clock {
	c := &clock{slots: make([]struct {
		key, value string
		used, live bool
	}, n)}
	for i := n - 1; i >= 0; i-- {
		c.free = append(c.free, i)
	}
	return c
}

func (c *clock) find(key string) int {
	for i, s := range c.slots {
		if s.live && s.key == key {
			return i
		}
	}
	return -1
}

func (c *clock) take() int {
	if n := len(c.free); n > 0 {
		i := c.free[n-1]
		c.free = c.free[:n-1]
		return i
	}
	for {
		i := c.hand
		c.hand = (c.hand + 1) % len(c.slots)
		if !c.slots[i].used {
			return i
		}
		c.slots[i].used = false
	}
}

// TestLRU runs random operations and holds answers and contents against the
// model after each.
func TestLRU(t *testing.T) {
	for _, m := range maps {
		m.LRU = true
		t.Run(name(m), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(m.KeySize), 9))
			mach, err := sim.New(driver(t, m), sim.DefaultSpec())
			require.NoError(t, err)
			host, _ := mach.Map("h")
			model := newClock(int(m.MaxEntries))
			evicted := 0
			for i := range 700 {
				key := string(randomKey(rng, m))
				value := make([]byte, m.ValueSize)
				for j := range value {
					value[j] = byte(rng.Uint32())
				}
				op, flags, want := rng.IntN(3), rng.IntN(3), int32(0)
				at := model.find(key)
				if op == opDelete && rng.IntN(3) > 0 {
					op = opUpdate
				}
				switch {
				case op == opUpdate && at >= 0 && flags == 1:
					want = -17
				case op == opUpdate && at < 0 && flags == 2, op == opDelete && at < 0:
					want = -2
				case op == opUpdate && at >= 0:
					model.slots[at].value, model.slots[at].used = string(value), true
				case op == opUpdate:
					if len(model.free) == 0 {
						evicted++
					}
					s := &model.slots[model.take()]
					s.key, s.value, s.live, s.used = key, string(value), true, false
				case op == opDelete:
					model.slots[at].live = false
					model.free = append(model.free, at)
				case at >= 0:
					model.slots[at].used = true
				}
				res := mach.Run(sim.Input{Packet: request(op, flags, []byte(key), value)})
				require.Nil(t, res.Fault, "operation %d: %d", i, op)
				got := int64(binary.LittleEndian.Uint64(res.Packet))
				if op == opLookup {
					require.Equal(t, at >= 0, uint32(got) != 0, "operation %d", i)
				} else {
					require.Equal(t, int64(want), got, "operation %d: %d flags %d", i, op, flags)
				}
				entries := host.Entries()
				require.Len(t, entries, len(model.slots)-len(model.free))
				for _, e := range entries {
					n := model.find(string(e.Key))
					require.GreaterOrEqual(t, n, 0, "operation %d: key %x should have gone", i, e.Key)
					require.Equal(t, model.slots[n].value, string(e.Value))
				}
			}
			require.Positive(t, evicted)
		})
	}
}

// TestLRUContexts lets four contexts push each other's keys out.
func TestLRUContexts(t *testing.T) {
	m := hashmap.Map{Shape: shape(4, 8, 5), Target: skipsw, Base: base, LRU: true}
	mach, err := sim.New(driver(t, m), sim.DefaultSpec())
	require.NoError(t, err)
	host, _ := mach.Map("h")
	rng := rand.New(rand.NewPCG(8, 8))
	for range 20 {
		require.NoError(t, mach.Reset())
		n := 0
		th := mach.Batch(func(in *sim.Input) bool {
			n++
			in.Packet = request(rng.IntN(3), 0, randomKey(rng, m), make([]byte, m.ValueSize))
			return n <= 300
		}, func(r *sim.Result) { require.Nil(t, r.Fault) })
		require.EqualValues(t, 300, th.Packets)
		seen := map[string]bool{}
		for _, e := range host.Entries() {
			require.False(t, seen[string(e.Key)])
			seen[string(e.Key)] = true
		}
		for i := range 20 { // the host pushes keys out, too
			require.NoError(t, host.Update([]byte{byte(i), 1, 1, 1}, make([]byte, m.ValueSize), 0))
		}
		require.Len(t, host.Entries(), int(m.MaxEntries))
	}
}
