package nfp

import "time"

// reconfigure takes over what the driver wrote, when it adds to the
// configuration queue. Clearing the update word is the answer.
func (v *vnic) reconfigure() {
	c := v.card
	update, ctrl := v.word(cfgUpdate), v.word(cfgControl)
	c.opt.Log("%s: update %#x, control %#x", v.name, update, ctrl)
	if f := &c.faults; update&f.RefuseUpdate != 0 {
		v.answer(update | updateError)
		return
	}
	if update&updateRing != 0 {
		v.setRings(ctrl&ctrlEnable != 0)
	}
	if update&updateMAC != 0 {
		v.readMAC()
	}
	if update&updateGeneral != 0 {
		v.control = ctrl
		v.enabled = ctrl&ctrlEnable != 0
		v.readMAC()
		v.tell()
	}
	if update&updateBPF != 0 && v.port != controlPort {
		v.load(update)
		return
	}
	v.answer(0)
}

// state returns what the guest has made of a port.
func (v *vnic) state() PortState {
	return PortState{Up: v.enabled, Program: v.loaded && v.control&ctrlBPF != 0}
}

// tell has a change of a port's state reported.
func (v *vnic) tell() {
	s, c := v.state(), v.card
	if v.port == controlPort || c.opt.Changed == nil || s == v.told {
		return
	}
	v.told = s
	c.work.push(func() { c.opt.Changed(v.port, s) })
}

// answer writes the update word: 0, or what failed with updateError.
func (v *vnic) answer(update uint32) {
	c := v.card
	write := func() { le.PutUint32(v.mem[cfgUpdate:], update) }
	if d := c.faults.DelayUpdate; d > 0 {
		time.AfterFunc(d, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			write()
		})
		return
	}
	write()
}

func (v *vnic) setRings(on bool) {
	tx, rx := le.Uint64(v.mem[cfgTXEnable:]), le.Uint64(v.mem[cfgRXEnable:])
	for r := range maxRings {
		v.setRing(&v.tx[r], on && tx>>r&1 != 0, cfgTXAddr+8*r, cfgTXSize+r, cfgTXVector+r)
		v.setRing(&v.rx[r], on && rx>>r&1 != 0, cfgRXAddr+8*r, cfgRXSize+r, cfgRXVector+r)
	}
	clear(v.pending[:])
}

// maxRingLog is the largest ring, log2: its pointers have 18 bits.
const maxRingLog = 17

func (v *vnic) setRing(r *ring, on bool, addr, size, vector int) {
	log := v.mem[size]
	if on && log > maxRingLog {
		v.card.unknown("%s: ring of 2^%d descriptors", v.name, log)
		on = false
	}
	r.on, r.queue.read, r.queue.write = on, 0, 0
	r.addr, r.size, r.vector = le.Uint64(v.mem[addr:]), 1<<(log&31), int(v.mem[vector])
}
