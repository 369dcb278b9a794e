package nfp_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim/pcie/internal/posixcrc"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/sim/pcie/wire"
)

// Words of the kernel's JIT for "return XDP_DROP" and "return XDP_PASS", linked
// for target agilio, as the driver wrote them to the card.
var drop = []uint64{
	0x000f20f003f05bff, 0x000700b441605a20, 0x000902f0000c0400, 0x000cc2f0000c0001, 0x000ae0db02008038,
	0x000060d800608038, 0x000a00a0000c0000, 0x000800c10c048a00, 0x000460aab0000303, 0x000540db01408125,
	0x000da0f002200b82, 0x000b60f444400b11, 0x000b0081d0100200, 0x000200aa300c0001, 0x000bc094002409ff,
	0x000060d800608038, 0x000a00a0000c0000, 0x000100c10c000a00, 0x000000f0000c0300, 0x000000f0000c0300,
	0x000000f0000c0300, 0x000000f0000c0300, 0x000000f0000c0300, 0x000000f0000c0300, 0x000000f0000c0300,
	0x000000f0000c0300,
}

func frame(n int) []byte {
	f := make([]byte, n)
	for i := range f {
		f[i] = byte(i * 7)
	}
	return f
}

// TestLock takes a lock by a read that tells whether it was free.
func TestLock(t *testing.T) {
	d := probe(t, nfp.Options{Ports: 1}, nil)
	const table, setImmediate = 0x81_0000_0000, 3<<21 | 5<<16
	d.write(0, windows+4*8, 0<<29|mu<<23|setImmediate|table>>24)
	lock := uint64(table % window2)
	require.Zero(t, d.read(2, lock)&0xffff)
	require.EqualValues(t, 0xf, d.read(2, lock)&0xffff)
	d.write(2, lock, 0) // not a write of this command
	require.EqualValues(t, 0xf, d.read(2, lock)&0xffff)
}

// TestTables finds the firmware as the driver does: resource table, firmware
// information, MIP, symbols; and checks the hardware information's sum.
func TestTables(t *testing.T) {
	d := probe(t, nfp.Options{Ports: 2}, nil)
	arm := d.bulk(2, mu, 0x81_0000_0000)
	get := func(at uint64, n int) []byte {
		b := make([]byte, n)
		d.c.Read(0, at, b)
		return b
	}
	resources := map[string]uint64{}
	for i := range 128 {
		e := get(arm+uint64(32*i), 32)
		if name := string(bytes.TrimRight(e[8:16], "\x00")); name != "" && i > 0 {
			require.Equal(t, posixcrc.Sum(e[8:16]), le.Uint32(e[4:]), name)
			resources[name] = uint64(le.Uint32(e[24:])) << 8
		}
	}
	require.Len(t, resources, 3)

	hw := get(arm+resources["nfp.info"]%window0, 0x400)
	size := le.Uint32(hw[4:])
	require.Equal(t, posixcrc.Sum(hw[:size-4]), le.Uint32(hw[size-4:]))
	require.Contains(t, string(hw), "board.state\x0015\x00")

	fw := get(arm+resources["nfp.nffw"]%window0+8+4*200, 12)
	require.NotZero(t, fw[3]&0x80, "loaded")
	emem := d.bulk(3, mu, 0)
	mip := get(emem+uint64(le.Uint32(fw[8:])), 96)
	require.Equal(t, "MIP\x00", string(mip[:4]))
	names := get(emem+uint64(le.Uint32(mip[40:])), int(le.Uint32(mip[44:])))
	symbols := map[string][]byte{}
	for table, at := get(emem+uint64(le.Uint32(mip[32:])), int(le.Uint32(mip[36:]))), 0; at < len(table); at += 16 {
		e := table[at : at+16]
		name, _, _ := bytes.Cut(names[le.Uint16(e[8:]):], []byte{0})
		symbols[string(name)] = e
	}
	require.EqualValues(t, 2, le.Uint32(symbols["_pf0_net_app_id"][4:]))
	require.EqualValues(t, 2*vnicSize, le.Uint32(symbols["_pf0_net_bar0"][12:]))
	caps := symbols["_abi_bpf_capabilities"]
	require.EqualValues(t, 7, get(emem+uint64(le.Uint32(caps[4:])), 4)[0], "first capability: ABI")
}

// TestTraffic sends frames both ways, without and with a program.
func TestTraffic(t *testing.T) {
	var ran []uint32
	d := probe(t, nfp.Options{Ports: 2, Ran: func(_ int, _ []byte, o *nfp.Outcome) { ran = append(ran, o.Exit) }}, nil)
	v := d.up(ports, 0, 0x10000, 3)
	left := make(chan []byte, 4)
	d.c.Attach(0, &wire.Tap{See: func(f []byte) { left <- f }})

	v.send(frame(100))
	require.Equal(t, frame(100), <-left)
	for i := range 40 { // more than the ring holds
		require.True(t, d.c.Deliver(0, frame(60+i)))
		require.Equal(t, frame(60+i), v.receive(uint32(i)))
	}
	require.True(t, d.c.Deliver(1, frame(60)), "a port that is down takes no frames")

	require.NotZero(t, v.load(make([]uint64, 2561))>>31, "more words than the card holds")
	require.Zero(t, v.load(drop))
	require.True(t, d.c.Deliver(0, frame(64)))
	d.c.Do(func(nfp.Firmware) {})
	require.Equal(t, []uint32{0x22 << 16}, ran)
	const dropped = 0xd90 + 16 // counter 1
	require.EqualValues(t, 1, d.read(0, v.regs+dropped))
	require.EqualValues(t, 64, d.read(0, v.regs+dropped+8))

	d.write(0, v.regs, 1|1<<1) // programs off
	v.update(1)
	require.True(t, d.c.Deliver(0, frame(64)))
	require.Equal(t, frame(64), v.receive(40))
}

// TestFilter: without promiscuous mode the host gets what is its own.
func TestFilter(t *testing.T) {
	d := probe(t, nfp.Options{Ports: 1}, nil)
	v := d.up(ports, 0, 0x10000, 3)
	d.write(0, v.regs, 1|1<<2)
	mac := d.c.MAC(0)
	d.write(0, v.regs+0x24, be.Uint32(mac[:]))
	d.c.Write(0, v.regs+0x2a, le.AppendUint16(nil, be.Uint16(mac[4:])))
	v.update(1)
	mine := append(mac[:], frame(54)...)
	all := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, frame(54)...)
	multi := append([]byte{1, 0, 0x5e, 0, 0, 1}, frame(54)...)
	for _, f := range [][]byte{multi, frame(60), mine, multi, all} {
		d.c.Deliver(0, f)
	}
	require.Equal(t, mine, v.receive(0))
	require.Equal(t, all, v.receive(1))
}

// TestLink raises the link interrupt.
func TestLink(t *testing.T) {
	d := probe(t, nfp.Options{Ports: 1}, nil)
	v := d.up(ports, 0, 0x10000, 3)
	require.EqualValues(t, 1, d.read(0, v.regs+0x34)&1)
	d.c.SetLink(0, false)
	require.Equal(t, 4, <-d.h.raised)
	require.Zero(t, d.read(0, v.regs+0x34)&1)
	d.c.Deliver(0, frame(60))
	d.c.Do(func(nfp.Firmware) {})
	d.c.SetLink(0, true)
	d.c.Deliver(0, frame(61))
	require.Equal(t, frame(61), v.receive(0), "without a link nothing came")
}

// TestDoOutlivesGuests: who waits for the card is not forgotten with what waited
// for a guest that is gone.
func TestDoOutlivesGuests(t *testing.T) {
	d := probe(t, nfp.Options{Ports: 1}, nil)
	hold, held := make(chan struct{}), make(chan struct{})
	go d.c.Do(func(nfp.Firmware) { close(held); <-hold })
	<-held
	done := make(chan bool)
	go func() { done <- d.c.Do(func(nfp.Firmware) {}) }()
	time.Sleep(10 * time.Millisecond)
	d.c.Connect(nil)
	close(hold)
	require.True(t, <-done)
	d.c.Close()
	require.False(t, d.c.Do(func(nfp.Firmware) {}))
}

// TestGuestGoes: with the next guest the card is as after power-up.
func TestGuestGoes(t *testing.T) {
	d := probe(t, nfp.Options{Ports: 1}, nil)
	v := d.up(ports, 0, 0x10000, 3)
	require.Zero(t, v.load(drop))
	d.c.Connect(nil)
	require.True(t, d.c.Deliver(0, frame(64)))
	d.c.Connect(&host{mem: make([]byte, 1<<16), raised: make(chan int, 1)})
	require.Zero(t, d.read(0, v.regs))
	at := d.bulk(2, mu, ports)
	require.Zero(t, d.read(0, at))
}

func TestFaults(t *testing.T) {
	d := probe(t, nfp.Options{Ports: 1}, nil)
	v := d.up(ports, 0, 0x10000, 3)
	d.c.SetFaults(nfp.Faults{RefuseUpdate: nfp.UpdateProgram})
	require.Equal(t, uint32(1<<31|1<<10), v.load(drop))
	d.c.SetFaults(nfp.Faults{DelayUpdate: 20 * time.Millisecond})
	start := time.Now()
	require.Zero(t, v.load(drop))
	require.Greater(t, time.Since(start), 40*time.Millisecond)

	c := d.up(control, 128, 0x40000, 0)
	alloc := message(1, 7, 4, 8, 16, 2, 0)
	d.c.SetFaults(nfp.Faults{LoseReplies: 1, WrongTags: 1})
	c.send(alloc)
	c.send(alloc)
	c.send(alloc)
	require.EqualValues(t, 7^0xff, c.receive(0)[3])
	require.Equal(t, []byte{0x81, 1, 0, 7}, c.receive(1)[:4])
}

func TestOptions(t *testing.T) {
	_, caps := agilio(t)
	_, err := nfp.New(nil, nfp.Options{Ports: 9, BPF: caps})
	require.ErrorContains(t, err, "9 ports")
	caps.Maps.Value = 100
	_, err = nfp.New(nil, nfp.Options{Ports: 1, BPF: caps})
	require.ErrorContains(t, err, "room for 64")
	caps.ABI = 4
	_, err = nfp.New(nil, nfp.Options{Ports: 1, BPF: caps})
	require.ErrorContains(t, err, "ABI 4")
}
