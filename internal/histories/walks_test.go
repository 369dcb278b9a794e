package histories

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/skipsw/skipsw/sim"
)

// aboutKey says in an operation's value which key it is of, and gives the program the key.
func aboutKey(o *operation, packet []byte) {
	o.value = numbered(o)
	binary.LittleEndian.PutUint64(packet[8:], o.value)
	binary.LittleEndian.PutUint32(packet[4:], colliding(o.key))
}

func numbered(o *operation) uint64 { return o.value&^7 | uint64(o.key) }

func hostNumbered(m *sim.Map, o *operation) {
	o.value = numbered(o)
	hostHash(m, o)
}

// numberOf is the number of a key of colliding.
func numberOf(key []byte) uint32 {
	for k := uint32(0); ; k++ {
		if bytes.Equal(hashKey(k), key) {
			return k
		}
	}
}

// steps is the most steps of a host's walk: a key that is deleted while the walk stands on
// it takes it back to the beginning, as in the kernel.
const steps = 40

// hostWalks has the host walk from key to key, with time between them, or take all keys
// at once. out is as walkProgram leaves it.
func (st *stage) hostWalks(o *operation, wait func()) {
	seen := func(key []byte) { o.out = (o.out | 1<<st.number(key)) + 256 }
	o.status = 1
	if o.kind == list {
		for _, e := range st.m.Entries() {
			seen(e.Key)
		}
		return
	}
	var key []byte
	for n := 0; ; n++ {
		e, ok := st.m.Next(key)
		if !ok {
			return
		}
		if n == steps {
			o.unsure = true
			return
		}
		key = e.Key
		seen(key)
		wait()
	}
}

// complete is reused for maps that are walked. A walk is no moment: each key that it comes
// to was there at some moment of it. One that was there all the time is not missed, unless,
// as in the kernel, an entry is taken out meanwhile: then who stands on it may be led to
// another bucket. A host's walk from key to key misses none even so. Only then does a walk
// come to a key twice.
func complete(h []operation) {
	reused(h)
	for i := range h {
		o := &h[i]
		if o.kind != walk && o.kind != list {
			continue
		}
		disturbed := false
		for k := range h {
			p := &h[k]
			disturbed = disturbed || (p.kind == remove || p.kind == take) && p.status == 0 && p.ret >= o.call && p.call <= o.ret
		}
		come := o.out & 0xff
		if !disturbed && o.out>>8 != uint64(bits.OnesCount64(come)) {
			o.status = faulted
		}
		for key := range 5 {
			if come>>key&1 != 0 {
				if throughout(h, o, key, false) {
					o.status = faulted
				}
			} else if throughout(h, o, key, true) && !o.unsure && (!disturbed || o.who == host) {
				o.status = faulted
			}
		}
	}
}
