package nfp_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// The targets below are a hostile guest. The card's only way to the guest's
// memory is pcie.Host, which here and in package uml refuses what is not the
// guest's; what is tested is that the card neither panics, hangs nor forgets how
// to answer.

// places are offsets in BAR0 where registers are dense.
var places = [...]uint64{0, windows, queueCtl, 2 * window0, 2*window0 + 0x80, 2*window0 + 0xc00, 3 * window0, 3*window0 + 128*0x800, 1 << 20, 15 << 20}

// alive has the card answer: a control message of a driver that begins anew.
func alive(t *testing.T, d *driver) {
	t.Helper()
	d.c.Connect(&host{})
	d.c.Connect(d.h)
	d.c.WriteConfig(0x7c+2, []byte{0x00, 0x80})
	v := d.up(control, 128, 0x40000, 0)
	v.send(message(1, 7, 4, 8, 16, 2, 0))
	require.Equal(t, message(0x81, 7, 0, 1), v.receive(0))
}

// FuzzRegisters reads and writes anywhere, in any length, with a port and the
// control channel up. A step is 16 bytes: kind, BAR, length, place, offset, data.
func FuzzRegisters(f *testing.F) {
	f.Add([]byte{})
	f.Add(binary.LittleEndian.AppendUint64(make([]byte, 8), 0xffffffff))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := probe(t, nfp.Options{Ports: 2}, nil)
		d.up(ports, 0, 0x10000, 3)
		d.up(control, 128, 0x40000, 0)
		for n := 0; len(data) >= 16 && n < 1000; n++ {
			s := data[:16]
			data = data[16:]
			off := places[int(s[3])%len(places)] + uint64(le.Uint32(s[4:]))%0x1000
			if s[3]&0x80 != 0 {
				off = le.Uint64(s[4:])
			}
			bar, size := int(s[1])%8, int(s[2])%65
			switch s[0] % 8 {
			case 0:
				d.c.Read(bar, off, make([]byte, size))
			case 1:
				d.c.WriteConfig(uint64(le.Uint16(s[4:])), s[8:8+size%9])
			case 2:
				d.c.Config().Read(uint64(le.Uint16(s[4:])), make([]byte, size))
			case 3:
				d.c.Deliver(int(s[1])%2, make([]byte, le.Uint16(s[8:])))
			case 4:
				d.c.SetLink(int(s[1])%2, s[2]&1 != 0)
			default:
				p := make([]byte, size)
				copy(p, s[8:])
				d.c.Write(bar, off, p)
			}
		}
		alive(t, d)
	})
}

// FuzzRings brings up a port and the control channel with rings anywhere, of any
// size, and lets the card work on what memory happens to hold.
func FuzzRings(f *testing.F) {
	f.Add(uint64(0x10000), uint64(0x20000), byte(4), byte(4), uint32(3), uint32(15), []byte("descriptors"))
	f.Add(^uint64(0), uint64(1)<<63, byte(255), byte(31), ^uint32(0), uint32(1)<<18, []byte{0xff})
	f.Add(uint64(0xffff8), uint64(0xffffc), byte(17), byte(17), uint32(1)<<17, uint32(1)<<17, []byte{0x80})
	f.Fuzz(func(t *testing.T, tx, rx uint64, txLog, rxLog byte, sent, given uint32, memory []byte) {
		d := probe(t, nfp.Options{Ports: 2}, nil)
		for at := 0; len(memory) > 0 && at < len(d.h.mem); at += len(memory) {
			copy(d.h.mem[at:], memory)
		}
		queues := d.bulk(3, 0, queueCtl)
		for base, queue := range map[uint64]uint64{ports: 0, control: 128} {
			regs := d.bulk(2, mu, base)
			long := func(off, v uint64) { d.c.Write(0, regs+off, le.AppendUint64(nil, v)) }
			long(0x200, tx)
			long(0x800, rx)
			long(0x08, 3)
			long(0x10, 3)
			d.c.Write(0, regs+0x600, []byte{txLog, rxLog})
			d.c.Write(0, regs+0xa00, []byte{rxLog, txLog})
			d.c.Write(0, regs+0x640, []byte{txLog})
			d.c.Write(0, regs+0xa40, []byte{rxLog})
			d.write(0, regs+0x1c, given)
			d.write(0, regs, 1|1<<1|1<<27)
			d.c.Write(0, regs+0x8e, le.AppendUint16(nil, uint16(sent)))
			long(0x90, tx)
			d.write(0, regs+4, 1|2|1<<10)
			d.write(0, queues+(queue+1)*0x800+4, 1)
			d.write(0, queues+(queue+2)*0x800+4, given)
			d.write(0, queues+queue*0x800+4, sent)
			d.write(0, queues+(queue+4)*0x800+4, given)
		}
		for n := range 4 {
			d.c.Deliver(n%2, make([]byte, 60+3000*n))
		}
		d.c.Do(func(nfp.Firmware) {})
		alive(t, d)
	})
}

// FuzzMessages sends control messages of any length and content, to maps that
// are there.
func FuzzMessages(f *testing.F) {
	f.Add(byte(3), []byte{})
	f.Add(byte(3), message(1, 1, 4, 8, 16, 2, 0))
	f.Add(byte(2), append(message(6, 1, 1, 0xffffffff, 0), entry(2, nil, nil)...))
	f.Add(byte(3), append(message(4, 1, 1, 1, 0), entry(3, nil, nil)...))
	f.Fuzz(func(t *testing.T, abi byte, m []byte) {
		d := probe(t, nfp.Options{Ports: 1}, func(c *nfp.Capabilities) { c.ABI = 2 + uint32(abi&1) })
		v := d.up(control, 128, 0x40000, 0)
		v.send(message(1, 0, 4, 8, 16, 2, 0))
		v.send(message(1, 0, 8, 8, 16, 1, 0))
		v.receive(0)
		v.receive(1)
		for typ := range byte(10) {
			if len(m) > 0 {
				m = append([]byte{typ}, m[1:]...)
			}
			if len(m) <= int(v.bufSize) {
				v.send(m)
			}
		}
		d.c.Do(func(nfp.Firmware) {})
		alive(t, d)
	})
}
