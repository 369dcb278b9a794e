package histories

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"syscall"

	"github.com/skipsw/skipsw/internal/btfvalue"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// subjects are the types of maps.
var subjects = []*subject{
	{
		name: "hash", m: object.Map{Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 6}, program: hashProgram,
		kinds: []kind{look, look, put, putNew, putOld, remove}, keys: 5, address: colliding, host: hostHash, kinds2: []kind{look, put, putNew, putOld, remove, take},
		prepare: reused, model: hashModel, lock: true, keyOf: hashKey,
	},
	{
		name: "lru_hash", m: object.Map{Type: bpf.MapTypeLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 6}, program: hashProgram,
		kinds: []kind{look, look, put, putNew, putOld, remove}, keys: 5, address: colliding, host: hostHash, kinds2: []kind{look, put, putNew, putOld, remove, take},
		prepare: reused, model: hashModel, lock: true, keyOf: hashKey,
	},
	{
		name: "lru_hash, full", m: object.Map{Type: bpf.MapTypeLRUHash, KeySize: 4, ValueSize: 8, MaxEntries: 3}, program: hashProgram,
		kinds: []kind{look, look, put, put, remove}, keys: 6, address: colliding, host: hostHash, kinds2: []kind{look, put, remove, take},
		prepare: reused, model: evictingModel.ToModel(), lock: true, keyOf: hashKey,
	},
	{
		name: "hash, long keys", m: object.Map{Type: bpf.MapTypeHash, KeySize: 72, ValueSize: 8, MaxEntries: 6}, program: longProgram,
		kinds: []kind{look, look, put, putNew, putOld, remove}, keys: 5, address: collidingLong, host: hostLong, kinds2: []kind{look, put, putNew, putOld, remove, take},
		prepare: reused, model: hashModel, lock: true, keyOf: func(k uint32) []byte { return longKey(collidingLong(k)) },
	},
	{
		name: "hash, walks", m: object.Map{Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 6}, program: walkProgram,
		kinds: []kind{walk, walk, put, putNew, putOld, remove}, keys: 5, packet: aboutKey, host: hostNumbered, kinds2: []kind{walk, list, list, put, remove},
		prepare: complete, model: hashModel, lock: true, keyOf: hashKey, number: numberOf,
	},
	{
		name: "array_of_maps", m: object.Map{
			Type: bpf.MapTypeArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2,
			Inner: &innerMap, Inners: map[uint32]*object.Map{0: &innerMap, 1: &innerMap},
		}, program: nestedProgram,
		kinds: []kind{look}, keys: 2, host: hostNested, kinds2: []kind{put, put, remove}, seldom: true, clean: freeInners, model: nestedModel,
	},
	{
		name: "array", m: object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 2}, program: arrayProgram,
		kinds: []kind{look, put, add, add, exchange}, keys: 2, host: hostArray, kinds2: []kind{look, put}, model: cellModel,
	},
	{
		name: "array, locks", m: object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: spinBytes, MaxEntries: 2, ValueType: btfvalue.Locked(spinBytes, 8)}, program: spinProgram,
		kinds: []kind{look, put, add, add, exchange}, keys: 2, host: hostSpin, kinds2: []kind{look, put}, seldom: true, model: cellModel, spins: true,
	},
	{
		name: "hash, locks", m: object.Map{
			Type: bpf.MapTypeHash, KeySize: 4, ValueSize: spinBytes, MaxEntries: 2, ValueType: btfvalue.Locked(spinBytes, 8),
			Initial: []object.Entry{{Key: bytesOf(0, 4), Value: make([]byte, spinBytes)}, {Key: bytesOf(1, 4), Value: make([]byte, spinBytes)}},
		}, program: spinProgram,
		kinds: []kind{look, put, add, add, exchange}, keys: 2, host: hostSpin, kinds2: []kind{look, put}, seldom: true, model: cellModel, lock: true, spins: true,
	},
	{
		name: "array, compared", m: object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 2}, program: compareProgram,
		kinds: []kind{look, put, add, exchange, compare, compare, compare}, keys: 2, host: hostArray, kinds2: []kind{look, put}, seldom: true, model: cellModel, lock: true,
	},
	{
		name: "hash, compared", m: object.Map{
			Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 2,
			Initial: []object.Entry{{Key: bytesOf(0, 4), Value: make([]byte, 8)}, {Key: bytesOf(1, 4), Value: make([]byte, 8)}},
		}, program: compareUpdateProgram,
		kinds: []kind{look, put, add, exchange, compare, compare, compare}, keys: 2, host: hostArray, kinds2: []kind{look, put}, seldom: true, model: cellModel, lock: true,
	},
	{
		name: "lpm_trie", m: object.Map{Type: bpf.MapTypeLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 8, Flags: 1}, program: trieProgram,
		kinds: []kind{look, look, look, put, putNew, putOld, remove}, keys: 5, packet: aboutPrefix, few: true,
		host: hostTrie, kinds2: []kind{put, put, putNew, remove, look}, seldom: true, prepare: beside, model: trieModel, lock: true,
	},
	{
		name: "queue", m: object.Map{Type: bpf.MapTypeQueue, ValueSize: 8, MaxEntries: 4}, program: ringProgram,
		kinds: []kind{look, put, put, putOld, remove, remove}, keys: 1, host: hostRing, kinds2: []kind{look, put, putOld, take}, seldom: true, few: true, model: ringModel(false), lock: true,
	},
	{
		name: "stack", m: object.Map{Type: bpf.MapTypeStack, ValueSize: 8, MaxEntries: 4}, program: ringProgram,
		kinds: []kind{look, put, put, putOld, remove, remove}, keys: 1, host: hostRing, kinds2: []kind{look, put, putOld, take}, seldom: true, few: true, model: ringModel(true), lock: true,
	},
	{
		name: "bloom_filter", m: object.Map{Type: bpf.MapTypeBloomFilter, ValueSize: 4, MaxEntries: 64}, program: bloomProgram,
		kinds: []kind{look, look, put}, keys: 16, host: hostBloom, kinds2: []kind{look, put}, seldom: true, model: bloomModel,
	},
	{
		name: "ringbuf", m: object.Map{Type: bpf.MapTypeRingbuf, MaxEntries: 4096}, program: recordsProgram,
		kinds: []kind{put, put, putNew, putNew, putOld}, keys: 1, host: hostRecords, kinds2: []kind{take}, drain: true, prepare: beingWritten, model: recordsModel, lock: true,
	},
}

func swap(v uint32) uint32 {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], v)
	return binary.LittleEndian.Uint32(b[:])
}

// status is the error number of a host's operation.
func status(err error) int32 {
	var n syscall.Errno
	if errors.As(err, &n) {
		return -int32(n)
	}
	return 0
}

func bytesOf(v uint64, n int) []byte { return binary.LittleEndian.AppendUint64(nil, v)[:n] }

// hostKey does a host's operation on an entry.
func hostKey(m *sim.Map, o *operation, key []byte) {
	switch o.kind {
	case look:
		if v, ok := m.Lookup(key); ok {
			o.status, o.out = 1, binary.LittleEndian.Uint64(v)
		}
	case remove:
		o.status = status(m.Delete(key))
	case take:
		v, err := m.Pop(key)
		if o.status = status(err); err == nil {
			o.out = binary.LittleEndian.Uint64(v)
		}
	default:
		o.status = status(m.Update(key, bytesOf(o.value, 8), uint64(o.kind-put)))
	}
}

func hashKey(k uint32) []byte { return bytesOf(uint64(colliding(k)), 4) }

func hostHash(m *sim.Map, o *operation) { hostKey(m, o, hashKey(o.key)) }

func hostLong(m *sim.Map, o *operation) { hostKey(m, o, longKey(collidingLong(o.key))) }

// longKey is a key of longProgram.
func longKey(number uint32) []byte {
	key := make([]byte, 72)
	binary.LittleEndian.PutUint16(key, uint16(number))
	binary.LittleEndian.PutUint16(key[68:], uint16(number>>16))
	return key
}

// collidingLong returns key k: four share a bucket, and the first half of one with the
// second half of another is a third; the fifth has another bucket.
func collidingLong(k uint32) uint32 {
	next := func(step uint32, same bool) uint32 {
		for n := step; ; n += step {
			if (bucketOf(longKey(n)) == bucketOf(longKey(0))) == same {
				return n
			}
		}
	}
	first, last := next(1, true), next(1<<16, true)
	return []uint32{0, first | last, first, last, next(1, false)}[k]
}

// colliding returns key k of those that share two buckets of a table of 8, three in
// the first one.
func colliding(k uint32) uint32 {
	want := uint32(0)
	if k >= 3 {
		want, k = 1, k-3
	}
	for key := uint32(0); ; key++ {
		if bucketOf(bytesOf(uint64(key), 4)) != want {
			continue
		}
		if k == 0 {
			return key
		}
		k--
	}
}

// bucketOf returns the bucket of a key in a table of 8.
func bucketOf(key []byte) uint32 {
	return maplayout.NewHash(maplayout.Shape{KeySize: uint32(len(key)), ValueSize: 8, MaxEntries: 8}, false).BucketOf(key)
}

func hostArray(m *sim.Map, o *operation) {
	hostKey(m, o, bytesOf(uint64(o.key), 4))
	if o.kind == put {
		o.status++ // as programs say it
	}
}

// spinBytes is the size of spinProgram's values.
const spinBytes = 32

// hostSpin reads or writes a value whose lock nobody holds.
func hostSpin(m *sim.Map, o *operation) {
	key := bytesOf(uint64(o.key), 4)
	if o.kind == put {
		number := bytesOf(o.value, 8)
		o.status = status(m.Update(key, slices.Concat(number, make([]byte, 8), number, number), bpf.FLock)) + 1
		return
	}
	v, _ := m.Lookup(key)
	o.status, o.out = 1, binary.LittleEndian.Uint64(v)
	if !bytes.Equal(v[:8], v[16:24]) || !bytes.Equal(v[:8], v[24:]) {
		o.status = 3
	}
}

func hostTrie(m *sim.Map, o *operation) {
	if o.kind == look {
		key := append(bytesOf(32, 4), bytesOf(uint64(swap(addresses[o.key])), 4)...)
		hostKey(m, o, key)
		return
	}
	o.value = o.value&^0xff | uint64(o.key) // says which prefix it is of
	p := prefixes[o.key]
	hostKey(m, o, append(bytesOf(uint64(p.length), 4), bytesOf(uint64(swap(p.address)), 4)...))
}

// aboutPrefix puts an address to look up, or a prefix to change, into a packet, its length
// behind the kind of operation.
func aboutPrefix(o *operation, packet []byte) {
	length, address := uint32(32), addresses[o.key]
	if o.kind != look {
		o.value = o.value&^0xff | uint64(o.key) // says which prefix it is of
		length, address = prefixes[o.key].length, prefixes[o.key].address
	}
	binary.LittleEndian.PutUint32(packet, uint32(o.kind)|length<<8)
	binary.LittleEndian.PutUint32(packet[4:], swap(address))
	binary.LittleEndian.PutUint64(packet[8:], o.value)
}

func hostRing(m *sim.Map, o *operation) {
	if o.kind == look {
		o.status = errNoEnt
		if v, ok := m.Lookup(nil); ok {
			o.status, o.out = 0, binary.LittleEndian.Uint64(v)
		}
		return
	}
	hostKey(m, o, nil)
}

func hostBloom(m *sim.Map, o *operation) {
	value := bytesOf(uint64(o.key), 4)
	if o.kind == put {
		o.status = status(m.Update(nil, value, 0))
	} else if !m.Has(value) {
		o.status = errNoEnt
	}
}

func hostRecords(m *sim.Map, o *operation) {
	q, _ := m.Queue()
	o.status = errAgain
	if r, ok := q.Next(); ok {
		o.status, o.out = 0, binary.LittleEndian.Uint64(r.Data)
	}
}

// reused marks the lookups of programs that may see another entry's value: while they
// run an entry is freed and used again.
func reused(h []operation) {
	for i := range h {
		o := &h[i]
		if o.kind != look || o.who == host || o.status != 1 {
			continue
		}
		freed, written := false, false
		for k := range h {
			p := &h[k]
			if p.call > o.ret || p.status != 0 {
				continue
			}
			freed = freed || p.ret > o.call && p.kind != look
			written = written || p.kind != look && p.value == o.out
		}
		o.unsure = freed && written
	}
}

// beside checks the lookups in a trie while prefixes are taken out, and marks them for
// the model, which has checked the others: as in the kernel, such a lookup sees each
// prefix as it was at some moment of it, and not all of them at one. So it never misses a
// prefix that was there all the time, and never finds one that was never there.
func beside(h []operation) {
	for i := range h {
		o := &h[i]
		if o.kind != look || o.who == host {
			continue
		}
		for k := range h {
			p := &h[k]
			o.unsure = o.unsure || p.kind == remove && p.status == 0 && p.ret >= o.call && p.call <= o.ret
		}
		found := -1
		if o.status == 1 {
			found = int(o.out & 0xff)
			if found >= len(prefixes) || !covers(prefixes[found].length, prefixes[found].address, addresses[o.key]) || throughout(h, o, found, false) {
				o.status = faulted
			}
		}
		for k, p := range prefixes {
			longer := found < 0 || found < len(prefixes) && p.length > prefixes[found].length
			if longer && covers(p.length, p.address, addresses[o.key]) && throughout(h, o, k, true) {
				o.status = faulted
			}
		}
	}
}

// throughout reports whether a prefix was there, or not there, all the time that a lookup
// took, whatever the order of operations that overlap.
func throughout(h []operation, o *operation, prefix int, there bool) bool {
	changes := func(p *operation, to bool) bool {
		return p.kind != look && p.status == 0 && int(p.key) == prefix && (p.kind == remove) != to
	}
	undone := func(since int64) bool {
		for k := range h {
			if p := &h[k]; changes(p, !there) && p.ret >= since && p.call <= o.ret {
				return true
			}
		}
		return false
	}
	if !there && !undone(0) {
		return true
	}
	for k := range h {
		if p := &h[k]; changes(p, there) && p.ret < o.call && !undone(p.call) {
			return true
		}
	}
	return false
}

// discarding, in the value of a host's operation that found nothing, says that a record
// is written that will be discarded; bit n that record n is.
const discarding = 1 << 63

// beingWritten marks the host's operations while a record is being written, and
// numbers records in the order in which the host got them, which is that of their
// reservations.
func beingWritten(h []operation) {
	number := map[uint64]uint64{}
	for i := range h {
		if o := &h[i]; o.kind == take && o.status == 0 {
			if _, twice := number[o.out]; twice {
				o.status = faulted
				continue
			}
			number[o.out] = uint64(len(number))
			o.out = number[o.out]
		}
	}
	for i := range h {
		if o := &h[i]; o.kind == take && o.status != 0 {
			o.value = 0
		} else if o.kind != take && o.status == 0 {
			n, there := number[o.value]
			if o.out = n; !there {
				o.status = faulted // it never came
			}
		}
	}
	for i := range h {
		o := &h[i]
		if o.kind != take || o.status == 0 {
			continue
		}
		for k := range h {
			p := &h[k]
			if p.kind == take || p.call > o.ret || o.call > p.ret {
				continue
			}
			o.unsure = true
			if p.status == 0 {
				o.value |= 1 << p.out
			} else {
				o.value |= discarding
			}
		}
	}
}
