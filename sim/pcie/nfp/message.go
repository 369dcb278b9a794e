package nfp

import "time"

// Types of control messages. A reply has bit 7 set.
const (
	msgMapAlloc  = 1
	msgMapFree   = 2
	msgMapLookup = 3
	msgMapUpdate = 4
	msgMapDelete = 5
	msgMapNext   = 6
	msgMapFirst  = 7
	msgEvent     = 8
	msgReply     = 0x80
	msgVersion   = 1

	msgHeader  = 4
	maxMessage = 1 << 14 // bytes
)

// message answers one message of the host. All numbers are big-endian:
//
//	header   type 8, version 8, tag 16
//	alloc    key size, value size, entries, type, flags; reply rc, table
//	free     table; reply rc, count
//	other    table, count, flags, {key, value}...; reply rc, count, 0, {key, value}...
//
// A message that is cut short gets rc ErrParse; one of an unknown type or
// version gets no answer.
func (c *Card) message(m []byte) {
	if len(m) < msgHeader || m[1] != msgVersion || m[0] < msgMapAlloc || m[0] > msgMapFirst {
		c.mu.Lock()
		c.unknown("control message %x", m[:min(len(m), 16)])
		c.mu.Unlock()
		return
	}
	reply := append([]byte{m[0] | msgReply}, m[1:msgHeader]...)
	body := m[msgHeader:]
	switch m[0] {
	case msgMapAlloc:
		rc, id := ErrParse, uint32(0)
		if w, ok := words(body, 5); ok {
			id, rc = c.mapAlloc(MapRequest{Key: w[0], Value: w[1], Entries: w[2], Type: w[3], Flags: w[4]})
		}
		reply = be.AppendUint32(be.AppendUint32(reply, uint32(rc)), id)
	case msgMapFree:
		rc := ErrParse
		if w, ok := words(body, 1); ok {
			rc = c.fw.MapFree(w[0])
			c.opt.Log("map %d: free: %d", w[0], rc)
		}
		reply = be.AppendUint32(be.AppendUint32(reply, uint32(rc)), 0)
	default:
		reply = c.mapOp(reply, m[0], body)
	}
	c.reply(reply)
}

// words returns the first n words of a message, if it has them.
func words(b []byte, n int) (w [5]uint32, ok bool) {
	if len(b) < 4*n {
		return w, false
	}
	for i := range n {
		w[i] = be.Uint32(b[4*i:])
	}
	return w, true
}

// mapAlloc makes a map within the firmware's limits.
func (c *Card) mapAlloc(r MapRequest) (id uint32, rc Status) {
	l := &c.opt.BPF.Maps
	round := func(n uint32) uint64 { return (uint64(n) + 7) &^ 7 }
	switch {
	case r.Type > 31 || l.Types>>r.Type&1 == 0 || r.Flags != 0 || r.Key == 0 || r.Value == 0 || r.Entries == 0:
		rc = ErrInvalid
	case r.Key > l.Key || r.Value > l.Value || round(r.Key)+round(r.Value) > uint64(l.Element) || r.Entries > l.Entries:
		rc = ErrTooBig
	default:
		id, rc = c.fw.MapAlloc(r)
	}
	c.opt.Log("map %d: alloc type %d, key %d, value %d, %d entries: %d", id, r.Type, r.Key, r.Value, r.Entries, rc)
	return id, rc
}

// reply sends a reply to the host, unless a fault is wanted.
func (c *Card) reply(m []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.faults
	switch {
	case f.LoseReplies > 0:
		f.LoseReplies--
		c.opt.Log("control: reply %#x lost on demand", m[0])
	case f.CutReplies > 0:
		f.CutReplies--
		c.toControl(m[:msgHeader])
	case f.WrongTags > 0:
		f.WrongTags--
		m[3] ^= 0xff
		c.toControl(m)
	case f.DelayReplies > 0:
		time.AfterFunc(f.DelayReplies, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.toControl(m)
		})
	default:
		c.toControl(m)
	}
}

func (c *Card) toControl(m []byte) {
	if v := c.control; v.receive(m, 0) {
		v.count(statRX, m)
	} else {
		v.add(statRX+statDiscards, 1)
	}
}

// event sends a perf event: header, CPU, map, sizes of data and packet, the
// packet's bytes padded to words, the data.
func (c *Card) event(e Event) {
	m := []byte{msgEvent, msgVersion, 0, 0}
	m = be.AppendUint32(m, 0)
	m = be.AppendUint64(m, e.Map)
	m = be.AppendUint32(m, uint32(len(e.Data)))
	m = be.AppendUint32(m, uint32(len(e.Packet)))
	m = append(m, e.Packet...)
	for len(m)%4 != 0 {
		m = append(m, 0)
	}
	c.toControl(append(m, e.Data...))
}
