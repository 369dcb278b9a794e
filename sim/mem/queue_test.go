package mem

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder takes replies.
type recorder struct {
	source int
	got    *[]reply
}

type reply struct {
	source int
	word   uint64
	done   uint64
}

func (r recorder) Reply(c *Command, words []uint64, done uint64) {
	w := uint64(0)
	if c.Returns() {
		w = words[0]
	}
	*r.got = append(*r.got, reply{r.source, w, done})
}

func (recorder) Rests(uint8, uint64) bool { return false }

// shared returns a memory with two sources and a word in it.
func shared(t *testing.T) (*System, *Region, *[]reply) {
	s := New(Config{Units: []Unit{
		{Name: "fast", Latency: Latency{Read: 10, Write: 9, Atomic: 12, PerWord: 1, Busy: 2}},
		{Name: "slow", Latency: Latency{Read: 100, Write: 90, Atomic: 120, PerWord: 1, Busy: 20}},
	}})
	r := &Region{Name: "r", Unit: 1, Base: 0x100, Size: 16, Data: make([]byte, 16)}
	require.Nil(t, s.Map.Add(r))
	got := new([]reply)
	for source := range 2 {
		s.Connect(source, recorder{source, got})
	}
	return s, r, got
}

func at(source int, cycle uint64, r *Region, op Op) *Command {
	return &Command{Op: op, Test: op == Add, Bytes: 4, Region: r, Arrival: cycle, Ticket: Ticket{Source: uint16(source)}}
}

// TestServeOrder shows that commands take effect in the order of their arrival,
// whatever order they are posted in, with ties by the number of the source.
func TestServeOrder(t *testing.T) {
	one := []uint64{1}
	for name, post := range map[string]func(s *System, r *Region){
		"in order": func(s *System, r *Region) {
			s.Post(at(0, 5, r, Add), one)
			s.Post(at(1, 5, r, Add), one)
			s.Post(at(0, 7, r, Add), one)
			s.Post(at(1, 200, r, Add), one)
		},
		"backwards": func(s *System, r *Region) {
			s.Post(at(1, 200, r, Add), one)
			s.Post(at(0, 7, r, Add), one)
			s.Post(at(1, 5, r, Add), one)
			s.Post(at(0, 5, r, Add), one)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, got := shared(t)
			post(s, r)
			s.Serve(Key{1000, 0})
			require.Equal(t, []reply{{0, 0, 125}, {1, 1, 145}, {0, 2, 165}, {1, 3, 320}}, *got)
		})
	}
}

// TestServeBefore shows that no command is served which another could still
// come before, and that its words are those of the moment it was posted.
func TestServeBefore(t *testing.T) {
	s, r, got := shared(t)
	words := []uint64{7}
	require.EqualValues(t, 5+90, s.Post(at(1, 5, r, Write), words), "the earliest signal")
	words[0] = 8
	s.Serve(Key{5, 0})
	require.Empty(t, *got)
	require.Zero(t, r.Data[3])
	s.Post(at(0, 5, r, Read), nil)
	s.Serve(Key{6, 0})
	require.Equal(t, []reply{{0, 0, 105}, {1, 0, 115}}, *got)
	require.EqualValues(t, 7, r.Data[3])
	require.PanicsWithValue(t, "BUG: a command of source 1 arrives in cycle 5, and all before cycle 6 are served", func() { s.Post(at(1, 5, r, Read), nil) })
	s.Restart()
	s.Post(at(1, 0, r, Read), nil)
	require.Panics(t, s.Restart)
}

// TestUnitsApart shows that units do not wait for each other.
func TestUnitsApart(t *testing.T) {
	s, slow, got := shared(t)
	fast := &Region{Name: "f", Unit: 0, Base: 0x200, Size: 8, Data: make([]byte, 8)}
	require.Nil(t, s.Map.Add(fast))
	s.Post(at(0, 1, slow, Read), nil)
	s.Post(at(0, 2, slow, Read), nil)
	s.Post(at(0, 3, fast, Read), nil)
	s.Serve(Key{4, 0})
	require.Equal(t, []reply{{0, 0, 101}, {0, 0, 121}, {0, 0, 13}}, *got)
}

// TestMap shows what the address map finds.
func TestMap(t *testing.T) {
	var m Map
	a, b := &Region{Name: "a", Base: 0x100, Size: 0x20}, &Region{Name: "b", Base: 0x140, Size: 0x10}
	require.Nil(t, m.Add(b))
	require.Nil(t, m.Add(a))
	require.Equal(t, b, m.Add(&Region{Base: 0x14f, Size: 1}))
	require.Equal(t, a, m.Add(&Region{Base: 0xf0, Size: 0x11}))
	for addr, want := range map[uint64]*Region{0xff: nil, 0x100: a, 0x11f: a, 0x120: nil, 0x140: b, 0x14f: b, 0x150: nil} {
		require.Equal(t, want, m.Find(addr), "%#x", addr)
	}
	require.Equal(t, a, m.Before(0x130))
	require.Nil(t, m.Before(0x110))
	m.Remove(a)
	require.Nil(t, m.Find(0x100))
}

// TestQueueIsReused shows that a queue does not grow with what has passed
// through it.
func TestQueueIsReused(t *testing.T) {
	s, r, got := shared(t)
	round := func(i uint64) {
		*got = (*got)[:0]
		s.Post(at(0, 2*i, r, Read), nil)
		s.Post(at(1, 2*i, r, Read), nil)
		s.Serve(Key{2*i + 1, 0})
	}
	i := uint64(0)
	require.Zero(t, testing.AllocsPerRun(1000, func() { round(i); i++ }))
	require.Len(t, s.boxes[0].free, atOnce)
}
