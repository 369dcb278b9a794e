package histories

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Per-CPU maps: programs write the value of their own context and read that or another's;
// the host reads one and writes all.
func init() {
	subjects = append(subjects,
		&subject{
			name: "percpu_array", m: object.Map{Type: bpf.MapTypePerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 2}, program: cpuArrayProgram,
			kinds: []kind{look, put, other}, keys: 2, host: hostCPUArray, kinds2: []kind{look, put}, model: cpuCellModel,
		},
		&subject{
			name: "percpu_hash", m: object.Map{Type: bpf.MapTypePerCPUHash, KeySize: 4, ValueSize: 8, MaxEntries: 6}, program: cpuHashProgram,
			kinds: []kind{look, other, put, putNew, putOld, remove}, keys: 5, address: colliding, host: hostCPUHash, kinds2: []kind{look, put, putNew, putOld, remove, take},
			prepare: reusedCPU, model: cpuHashModel, lock: true, keyOf: hashKey,
		},
		&subject{
			name: "lru_percpu_hash", m: object.Map{Type: bpf.MapTypeLRUPerCPUHash, KeySize: 4, ValueSize: 8, MaxEntries: 6}, program: cpuHashProgram,
			kinds: []kind{look, other, put, putNew, putOld, remove}, keys: 5, address: colliding, host: hostCPUHash, kinds2: []kind{look, put, putNew, putOld, remove, take},
			prepare: reusedCPU, model: cpuHashModel, lock: true, keyOf: hashKey,
		},
	)
}

// cpuOf is the CPU whose value a host, or a look at another's, is about.
func (o *operation) cpuOf() int { return int(o.value>>8) % contexts }

// otherCPU calls map_lookup_percpu_elem for it.
const otherCPU = `
	other: r3 = r9
	r3 >>= 8
	r3 &= 7
	r1 = map[m]
	r2 = r10
	r2 += -4
	call map_lookup_percpu_elem` + found

// cpuArrayProgram is plainProgram that looks at others' values (11), too.
const cpuArrayProgram = head + toOther + plainBody + "goto done\n" + otherCPU + tail

// cpuHashProgram is hashProgram with the same.
const cpuHashProgram = head + toOther + hashBody + otherCPU + tail

const toOther = "if r7 == 11 goto other\n"

func hostCPUArray(m *sim.Map, o *operation) {
	hostCPU(m, o, bytesOf(uint64(o.key), 4))
	if o.kind == put {
		o.status++ // as programs say it
	}
}

func hostCPUHash(m *sim.Map, o *operation) { hostCPU(m, o, hashKey(o.key)) }

// hostCPU is hostKey that reads one of the values.
func hostCPU(m *sim.Map, o *operation, key []byte) {
	one := func(v []byte) uint64 { return binary.LittleEndian.Uint64(v[8*o.cpuOf():]) }
	switch o.kind {
	case look:
		if v, ok := m.Lookup(key); ok {
			o.status, o.out = 1, one(v)
		}
	case take:
		v, err := m.Pop(key)
		if o.status = status(err); err == nil {
			o.out = one(v)
		}
	default:
		hostKey(m, o, key)
	}
}

// cpuValues are the values of all contexts for a key.
type cpuValues [contexts]uint64

// of returns the value that an operation looks at.
func (v *cpuValues) of(o *operation) uint64 {
	if o.who == host || o.kind == other {
		return v[o.cpuOf()]
	}
	return v[o.who]
}

// with returns the values after a write.
func (v cpuValues) with(o *operation) cpuValues {
	if o.who != host {
		v[o.who] = o.value
		return v
	}
	for i := range v {
		v[i] = o.value
	}
	return v
}

// cpuCellModel is an entry of a per-CPU array.
var cpuCellModel = model{Partition: byKey, Init: func() any { return cpuValues{} }, Step: step(func(v cpuValues, o *operation) (bool, cpuValues) {
	if o.kind == put {
		return o.status == 1, v.with(o)
	}
	return o.status == 1 && o.out == v.of(o), v
})}

// cpuEntry is what a per-CPU hash map has for a key.
type cpuEntry struct {
	there  bool
	values cpuValues
}

var cpuHashModel = model{Partition: byKey, Init: func() any { return cpuEntry{} }, Step: step(func(e cpuEntry, o *operation) (bool, cpuEntry) {
	as := *o
	if as.kind == other {
		as.kind = look
	}
	ok, next := hashStep(entry{e.there, e.values.of(o)}, &as)
	switch {
	case !next.there:
		return ok, cpuEntry{}
	case o.status == 0 && as.kind != look:
		return ok, cpuEntry{true, e.values.with(o)}
	}
	return ok, e
})}

// reusedCPU is reused for values of others, and for entries that have been cleared for a
// new key.
func reusedCPU(h []operation) {
	for i := range h {
		o := &h[i]
		if o.kind != look && o.kind != other || o.who == host || o.status != 1 {
			continue
		}
		freed, written := false, o.out == 0
		for k := range h {
			p := &h[k]
			if p.call > o.ret || p.status != 0 || p.kind == look || p.kind == other {
				continue
			}
			freed, written = freed || p.ret > o.call, written || p.value == o.out
		}
		o.unsure = freed && written
	}
}
