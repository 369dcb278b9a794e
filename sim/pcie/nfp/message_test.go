package nfp_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// message returns a control message of words.
func message(typ byte, tag byte, words ...uint32) []byte {
	m := []byte{typ, 1, 0, tag}
	for _, w := range words {
		m = be.AppendUint32(m, w)
	}
	return m
}

// entry returns key and value in the room of an ABI.
func entry(abi int, key, value []byte) []byte {
	room := 64
	if abi == 3 {
		room = 56 // what target agilio's firmware takes
	}
	e := make([]byte, 2*room)
	copy(e, key)
	copy(e[room:], value)
	return e
}

// TestMaps works on maps by messages, in both forms that the driver speaks.
func TestMaps(t *testing.T) {
	for _, abi := range []int{2, 3} {
		t.Run(fmt.Sprint("ABI ", abi), func(t *testing.T) {
			d := probe(t, nfp.Options{Ports: 1}, func(c *nfp.Capabilities) { c.ABI = uint32(abi) })
			c := d.up(control, 128, 0x40000, 0)
			n := uint32(0)
			ask := func(m ...[]byte) []byte {
				c.send(bytes.Join(m, nil))
				n++
				return c.receive(n - 1)
			}
			key := func(b byte) []byte { return []byte{b, 0, 0, 0} }
			value := func(b byte) []byte { return bytes.Repeat([]byte{b}, 8) }
			e := func(k, v byte) []byte { return entry(abi, key(k), value(v)) }
			none := entry(abi, nil, nil)
			op := func(typ byte, count, flags uint32) []byte { return message(typ, 9, 1, count, flags) }
			reply := func(typ byte, rc, count uint32, entries ...[]byte) []byte {
				return append(message(typ|0x80, 9, rc, count, 0), bytes.Join(entries, nil)...)
			}
			const lookup, update, remove, next, first = 3, 4, 5, 6, 7
			const ok, noEntry, parse, exists, full = 0, 2, 4, 5, 7
			require.Equal(t, message(0x81, 9, 0, 1), ask(message(1, 9, 4, 8, 3, 1, 0)))
			for _, s := range []struct {
				name            string
				message, answer []byte
			}{
				{"lookup in an empty map", append(op(lookup, 1, 0), e(1, 0)...), reply(lookup, noEntry, 0, none)},
				{"first of an empty map", append(op(first, 1, 0), e(0, 0)...), reply(first, noEntry, 0, none)},
				{"replace what is not there", append(op(update, 1, 2), e(1, 5)...), reply(update, noEntry, 0, none)},
				{"create", append(op(update, 1, 1), e(1, 5)...), reply(update, ok, 1, e(1, 5))},
				{"create again", append(op(update, 1, 1), e(1, 6)...), reply(update, exists, 0, none)},
				{"lookup", append(op(lookup, 1, 0), e(1, 0)...), reply(lookup, ok, 1, e(1, 5))},
				{"second", append(op(update, 1, 0), e(2, 6)...), reply(update, ok, 1, e(2, 6))},
				{"third", append(op(update, 1, 0), e(3, 7)...), reply(update, ok, 1, e(3, 7))},
				{"full", append(op(update, 1, 0), e(4, 7)...), reply(update, full, 0, none)},
				{"unknown flags", append(op(update, 1, 4), e(3, 7)...), reply(update, 3, 0, none)},
				{"walk all", append(op(first, 4, 0), e(0, 0)...), reply(first, noEntry, 3, e(1, 5), e(2, 6), e(3, 7), none)},
				{"walk from one", append(op(next, 1, 0), e(1, 0)...), reply(next, ok, 1, e(2, 6))},
				{"delete", append(op(remove, 1, 0), e(2, 0)...), reply(remove, ok, 1, entry(abi, key(2), nil))},
				{"delete again", append(op(remove, 1, 0), e(2, 0)...), reply(remove, noEntry, 0, none)},
				{"without an entry", op(lookup, 1, 0), reply(lookup, parse, 0, none)},
				{"cut short", op(lookup, 1, 0)[:10], reply(lookup, parse, 0, none)},
				{"more than there is", append(op(lookup, 9, 0), e(1, 0)...), reply(lookup, parse, 0, none)},
				{"no such map", append(message(lookup, 9, 99, 1, 0), e(1, 0)...), reply(lookup, 1, 0, none)},
				{"free", message(2, 9, 1), message(0x82, 9, 0, 0)},
				{"free again", message(2, 9, 1), message(0x82, 9, 1, 0)},
				{"free nothing", message(2, 9), message(0x82, 9, 4, 0)},
				{"alloc of what", message(1, 9), message(0x81, 9, 4, 0)},
				{"no such type", message(1, 9, 4, 8, 3, 5, 0), message(0x81, 9, 3, 0)},
				{"a key too long", message(1, 9, 57, 4, 3, 1, 0), message(0x81, 9, 7, 0)},
				{"more than memory", message(1, 9, 4, 8, 1<<22+1, 1, 0), message(0x81, 9, 7, 0)},
			} {
				require.Equal(t, s.answer, ask(s.message), s.name)
			}
			c.send(message(99, 1)) // no answer, no harm
			c.send([]byte{1})
			require.Equal(t, message(0x82, 9, 1, 0), ask(message(2, 9, 1)))
		})
	}
}

// TestEvent sends a program's record to the host.
func TestEvent(t *testing.T) {
	d := probe(t, nfp.Options{Ports: 1}, nil)
	c := d.up(control, 128, 0x40000, 0)
	d.c.SendEvents(nfp.Event{Map: 0x1122, Data: []byte{1, 2, 3, 4, 5}, Packet: []byte{9, 8, 7}}, 2)
	want := append(message(8, 0, 0, 0, 0x1122, 5, 3), 9, 8, 7, 0, 1, 2, 3, 4, 5)
	require.Equal(t, want, c.receive(0))
	require.Equal(t, want, c.receive(1))
}
