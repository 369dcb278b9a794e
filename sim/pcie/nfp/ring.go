package nfp

// An NFD3 transmit descriptor has 16 bytes: address 39:32 in byte 0, length of
// this piece 2:1, end of packet and metadata length in byte 3, address 31:0
// from byte 4, flags in byte 11, length of the whole from byte 14.
const (
	txSize     = 16
	txEOP      = 0x80
	txMetadata = 0x7f
)

// maxPieces is the most descriptors of a frame; the driver's have up to 18.
const maxPieces = 64

// moved is called when the driver has put something into a transmit ring.
func (v *vnic) moved(n int) {
	r := &v.tx[n]
	if !r.on || r.waiting {
		return
	}
	r.waiting = v.card.work.pushRing(func() { v.transmit(n) })
}

// maxTurn is how many frames of a ring are sent in one turn.
const maxTurn = 64

// transmit takes what the driver put into a ring, frame by frame, for one turn.
func (v *vnic) transmit(n int) {
	r, c := &v.tx[n], v.card
	c.mu.Lock()
	r.waiting = false
	c.mu.Unlock()
	for turn := 0; ; turn++ {
		c.mu.Lock()
		var frame []byte
		ok := false
		if turn < maxTurn {
			frame, ok = v.take(r)
		} else {
			v.moved(n) // the rest has its turn when others have had theirs
		}
		if !ok {
			if turn > 0 && r.on {
				v.raise(r.vector, causeTraffic)
			}
			c.mu.Unlock()
			return
		}
		wire := v.sent(n, frame)
		c.mu.Unlock()
		switch {
		case frame == nil: // it was too long
		case v.port == controlPort:
			c.message(frame)
		case wire != nil:
			wire.Send(frame)
		}
	}
}

// take takes the next frame out of a ring: nil for one that no port can send.
func (v *vnic) take(r *ring) (frame []byte, ok bool) {
	c := v.card
	room := v.frameRoom()
	if r.on && r.queue.write-r.queue.read > r.size {
		v.stop(r, "more descriptors than it has")
	}
	for pieces := 0; r.on && r.queue.read != r.queue.write; {
		if pieces++; pieces > maxPieces {
			v.stop(r, "a frame of too many pieces")
			return nil, false
		}
		var d [txSize]byte
		at := r.addr + txSize*uint64(r.queue.read&(r.size-1))
		if err := v.read(at, d[:]); err != nil {
			v.stop(r, err.Error())
			return nil, false
		}
		if n := int(le.Uint16(d[1:])); len(frame)+n <= room+txMetadata {
			piece := make([]byte, n)
			if err := v.read(uint64(d[0])<<32|uint64(le.Uint32(d[4:])), piece); err != nil {
				v.stop(r, err.Error())
				return nil, false
			}
			frame = append(frame, piece...)
		}
		r.queue.read++
		if d[3]&txEOP == 0 {
			continue
		}
		meta, whole := int(d[3]&txMetadata), int(le.Uint16(d[14:]))
		if meta > len(frame) || whole != len(frame) || whole-meta > room {
			c.unknown("%s: frame of %d bytes with %d of metadata, of which %d came", v.name, whole, meta, len(frame))
			return nil, true
		}
		return frame[meta:], true
	}
	return nil, false
}

// frameRoom is the longest frame of the vNIC.
func (v *vnic) frameRoom() int {
	if v.port == controlPort {
		return maxMessage
	}
	return Frame
}

// stop ends the use of a ring with which no card could go on.
func (v *vnic) stop(r *ring, why string) {
	v.card.unknown("%s: ring stopped: %s", v.name, why)
	r.on = false
}

func (v *vnic) read(addr uint64, p []byte) error {
	if v.card.host == nil {
		return errNoHost
	}
	return v.card.host.ReadMemory(addr, p)
}

func (v *vnic) write(addr uint64, p []byte) error {
	if v.card.host == nil {
		return errNoHost
	}
	return v.card.host.WriteMemory(addr, p)
}

// A receive descriptor has 8 bytes. The driver puts buffers in: address 47:32
// in bytes 1:0, 31:0 from byte 4. The card replaces it: length of metadata and
// frame in 1:0, done and metadata length in byte 3, flags in 5:4.
const (
	rxSize = 8
	rxDone = 0x80 << 24
	rxEOP  = 1 << 7 << 32
)

// receive gives a frame to the host, into a ring. It reports false when there is
// no buffer for it.
func (v *vnic) receive(frame []byte, ring int) bool {
	r := &v.rx[ring]
	pending := r.queue.write - r.queue.read
	if !v.enabled || !r.on || pending == 0 || pending > r.size || len(frame) > int(v.word(cfgBuffer)) {
		return false
	}
	at := r.addr + rxSize*uint64(r.queue.read&(r.size-1))
	var d [rxSize]byte
	if err := v.read(at, d[:]); err != nil {
		v.stop(r, err.Error())
		return false
	}
	if err := v.write(uint64(le.Uint16(d[:]))<<32|uint64(le.Uint32(d[4:])), frame); err != nil {
		v.stop(r, err.Error())
		return false
	}
	// One store: the driver looks at the done bit.
	if err := v.write(at, le.AppendUint64(nil, uint64(len(frame))|rxDone|rxEOP)); err != nil {
		v.stop(r, err.Error())
		return false
	}
	r.queue.read++
	v.raise(r.vector, causeTraffic)
	return true
}
