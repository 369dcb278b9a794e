package nfp

import "errors"

var errNoHost = errors.New("the guest is gone")

// Statistics in a vNIC's control memory, 64 bits each. Those of transmitted
// frames follow those of received ones.
const (
	statRX     = 0x0d00
	statTX     = 0x0d48
	statApp    = 0x0d90 // {frames, bytes} of each counter of a program
	statRingTX = 0x1000 // {packets, bytes} of each ring
	statRingRX = 0x1400
	statPair   = 16

	statDiscards = 0x00
	statErrors   = 0x08
	statOctets   = 0x10 // all, unicast, multicast, broadcast
	statFrames   = 0x30 // all, multicast, broadcast
)

func (v *vnic) add(at int, n uint64) {
	b := v.mem[at:]
	le.PutUint64(b, le.Uint64(b)+n)
}

func (v *vnic) addPair(at int, frame []byte) {
	v.add(at, 1)
	v.add(at+8, uint64(len(frame)))
}

// count adds a frame to the statistics of one direction.
func (v *vnic) count(at int, frame []byte) {
	n := uint64(len(frame))
	v.add(at+statOctets, n)
	v.add(at+statFrames, 1)
	switch {
	case len(frame) > 5 && [6]byte(frame) == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}:
		v.add(at+statOctets+24, n)
		v.add(at+statFrames+16, 1)
	case len(frame) > 0 && frame[0]&1 != 0:
		v.add(at+statOctets+16, n)
		v.add(at+statFrames+8, 1)
	default:
		v.add(at+statOctets+8, n)
	}
}

// sent counts a frame that the host sent, and returns where it goes.
func (v *vnic) sent(ring int, frame []byte) Wire {
	if frame == nil {
		v.add(statTX+statErrors, 1)
		return nil
	}
	v.count(statTX, frame)
	v.addPair(statRingTX+statPair*ring, frame)
	return v.wire()
}

// wire is the far end of the port's cable, nil without one.
func (v *vnic) wire() Wire {
	if v.port == controlPort || !v.link {
		return nil
	}
	return v.card.wires[v.port]
}

// Deliver brings a frame from the wire to a port: in its turn through the port's
// program, if there is one, then to the host, back to the wire, or nowhere. The
// frame is the card's from then on. It never waits; false means that so much
// waits already that the frame is lost, which the port counts.
func (c *Card) Deliver(port int, frame []byte) bool {
	if c.Offer(port, frame) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ports[port].add(statRX+statDiscards, 1)
	return false
}

// Offer is Deliver for one who tries again when it reports false.
func (c *Card) Offer(port int, frame []byte) bool {
	return c.work.push(func() { c.deliver(port, frame) })
}

func (c *Card) deliver(port int, frame []byte) {
	c.mu.Lock()
	v := c.ports[port]
	state := v.state()
	if !state.Up || !v.link {
		c.mu.Unlock()
		return
	}
	if len(frame) > Frame {
		v.add(statRX+statErrors, 1)
		c.mu.Unlock()
		return
	}
	v.count(statRX, frame)
	c.mu.Unlock()
	if !state.Program {
		c.mu.Lock()
		defer c.mu.Unlock()
		v.toHost(frame, 0)
		return
	}
	out := c.fw.Run(port, frame)
	if c.opt.Ran != nil {
		c.opt.Ran(port, frame, &out)
	}
	c.act(v, &out)
}

// toHost gives a frame to the host, into a ring, if it wants it.
func (v *vnic) toHost(frame []byte, ring int) {
	switch {
	case !v.accepts(frame):
	case v.receive(frame, ring):
		v.addPair(statRingRX+statPair*ring, frame)
	default:
		v.add(statRX+statDiscards, 1)
	}
}

// ring is the receive ring that a program chose, the first one if the driver has
// not enabled that.
func (v *vnic) ring(out *Outcome) int {
	if n := int(out.Queue); out.QueueSelected && n < maxRings && v.rx[n].on {
		return n
	}
	return 0
}

// act does with a frame what its program wants.
func (c *Card) act(v *vnic, out *Outcome) {
	c.mu.Lock()
	for _, e := range out.Events {
		c.event(e)
	}
	if out.Err != nil {
		v.add(statRX+statErrors, 1)
		c.opt.Log("%s: the program broke a rule: %v", v.name, out.Err)
		c.mu.Unlock()
		return
	}
	for i := range 4 {
		if out.counted()>>i&1 != 0 {
			v.addPair(statApp+statPair*i, out.Frame)
		}
	}
	var wire Wire
	switch out.Action() {
	case ActPass:
		v.toHost(out.Frame, v.ring(out))
	case ActSend:
		v.count(statTX, out.Frame)
		wire = v.wire()
	case ActDrop:
	default:
		v.add(statRX+statErrors, 1)
		c.opt.Log("%s: exit word %#x has no action", v.name, out.Exit)
	}
	c.mu.Unlock()
	if wire != nil {
		wire.Send(append([]byte(nil), out.Frame...))
	}
}
