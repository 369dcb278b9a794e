package e2e

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/translate/bpf"
)

// mustLoad loads a program for the device of an interface.
func mustLoad(t testing.TB, typ bpf.ProgType, insns []byte, l netlink.Link) int {
	t.Helper()
	fd, log, err := load(typ, insns, l.Attrs().Index)
	require.NoError(t, err, log)
	closeFD(t, fd)
	return fd
}

// TestXDP holds the card against the driver's rules for XDP, with packets that
// tell which program runs.
func TestXDP(t *testing.T) {
	if !inGuest(t, testbed.Spec{}, hosts) {
		return
	}
	l := port(t, 0)
	up(t, l)
	require.NoError(t, addAddress(l, near))
	p := newPinger(t, far)
	passes := func(t *testing.T) { t.Helper(); require.Zero(t, p.lost(3, 2*time.Second)) }
	drops := func(t *testing.T) { t.Helper(); require.Equal(t, 1, p.lost(1, 100*time.Millisecond)) }
	passes(t)
	pass, drop := mustLoad(t, bpf.ProgTypeXDP, xdpReturn(xdpPass), l), mustLoad(t, bpf.ProgTypeXDP, xdpReturn(xdpDrop), l)
	classifiers(t, l)
	shot := mustLoad(t, bpf.ProgTypeSchedCLS, xdpReturn(tcShot), l)
	attachNew := func(fd int) error {
		return netlink.LinkSetXdpFdWithFlags(l, fd, unix.XDP_FLAGS_HW_MODE|unix.XDP_FLAGS_UPDATE_IF_NOEXIST)
	}

	t.Run("attach and detach", func(t *testing.T) {
		require.NoError(t, attachXDP(l, drop))
		drops(t)
		require.NoError(t, attachXDP(l, -1))
		passes(t)
	})
	t.Run("one at a time", func(t *testing.T) {
		require.NoError(t, attachNew(pass))
		require.ErrorIs(t, attachNew(drop), unix.EBUSY)
		passes(t)
		require.NoError(t, attachXDP(l, -1))
	})
	t.Run("replace without a lost packet", func(t *testing.T) {
		require.NoError(t, attachXDP(l, drop))
		require.NoError(t, attachXDP(l, pass))
		passes(t)
		other := mustLoad(t, bpf.ProgTypeXDP, xdpReturn(xdpPass), l)
		stop, lost := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for {
				select {
				case <-stop:
					lost <- n
					return
				default:
					n += p.lost(1, 5*time.Second)
				}
			}
		}()
		for range 100 {
			require.NoError(t, attachXDP(l, other))
			require.NoError(t, attachXDP(l, pass))
		}
		close(stop)
		require.Zero(t, <-lost)
		require.NoError(t, attachXDP(l, -1))
	})
	t.Run("generic and driver mode beside", func(t *testing.T) {
		host := mustLoad(t, bpf.ProgTypeXDP, xdpReturn(xdpPass), &netlink.Dummy{})
		for _, mode := range []int{unix.XDP_FLAGS_DRV_MODE, unix.XDP_FLAGS_SKB_MODE} {
			require.NoError(t, attachXDP(l, drop))
			require.NoError(t, netlink.LinkSetXdpFdWithFlags(l, host, mode))
			drops(t)
			require.NoError(t, attachXDP(l, -1))
			passes(t)
			require.NoError(t, netlink.LinkSetXdpFdWithFlags(l, -1, mode))
		}
	})
	t.Run("a program of the device on its other port", func(t *testing.T) {
		other := port(t, 1)
		up(t, other)
		require.NoError(t, attachXDP(other, drop))
		passes(t) // on this one
		require.NoError(t, attachXDP(l, pass))
		passes(t)
		require.NoError(t, attachXDP(other, -1))
		require.NoError(t, attachXDP(l, -1))
	})
	t.Run("XDP against tc", func(t *testing.T) {
		require.NoError(t, attachTC(l, shot, false))
		drops(t)
		require.ErrorIs(t, attachXDP(l, pass), unix.EBUSY)
		require.NoError(t, detachTC(l))
		require.NoError(t, attachXDP(l, pass))
		require.ErrorIs(t, attachTC(l, shot, false), unix.EBUSY)
		require.NoError(t, attachXDP(l, -1))
		passes(t)
	})
	t.Run("tc", func(t *testing.T) {
		stolen := mustLoad(t, bpf.ProgTypeSchedCLS, xdpReturn(tcStolen), l)
		unspec := mustLoad(t, bpf.ProgTypeSchedCLS, xdpReturn(-1), l)
		require.NoError(t, attachTC(l, shot, false))
		require.Contains(t, command(t, "tc", "filter", "show", "dev", "eth0", "ingress"), "skip_sw in_hw")
		drops(t)
		require.NoError(t, attachTC(l, unspec, true))
		passes(t)
		require.NoError(t, attachTC(l, stolen, true))
		drops(t)
		require.NoError(t, detachTC(l))
		passes(t)
		tcOffload(t, l, false)
		require.ErrorIs(t, attachTC(l, shot, false), unix.EOPNOTSUPP)
		tcOffload(t, l, true)
		_, log, err := load(bpf.ProgTypeSchedCLS, xdpReturn(tcOK), l.Attrs().Index)
		require.Error(t, err)
		require.Contains(t, log, "unsupported exit state: 1, imm: 0")
	})
	t.Run("counters of the program", func(t *testing.T) {
		require.NoError(t, attachXDP(l, drop))
		before := counter(t, "bpf_app1_pkts")
		for range 5 {
			drops(t)
		}
		require.Equal(t, before+5, counter(t, "bpf_app1_pkts"))
		require.NoError(t, attachXDP(l, -1))
	})
	noKernelTrouble(t)
}

// Verdicts of classifiers.
const (
	tcOK     = 0
	tcShot   = 2
	tcStolen = 4
)

// TestCapabilities switches the firmware's capabilities off: the driver refuses
// what it cannot have, each in its way, and takes the rest.
func TestCapabilities(t *testing.T) {
	spec := testbed.Spec{Change: func(c *nfp.Capabilities) {
		c.Reload, c.AdjustTail, c.Random, c.QueueSelect = false, false, false, false
		c.Head = nfp.HeadLimits{}
		c.MaxWords = 300
		c.Inline = 1024
		c.Maps.Types = 1 << bpf.MapTypeArray
		c.Maps.Count, c.Maps.Entries = 3, 100
		delete(c.Helpers, 2)
	}}
	if !inGuest(t, spec, hosts) {
		return
	}
	l := port(t, 0)
	up(t, l)
	index := l.Attrs().Index
	pass := mustLoad(t, bpf.ProgTypeXDP, xdpReturn(xdpPass), l)
	require.NoError(t, attachXDP(l, pass))
	require.ErrorIs(t, attachXDP(l, mustLoad(t, bpf.ProgTypeXDP, xdpReturn(xdpPass), l)), unix.EBUSY, "no live reload")
	require.NoError(t, attachXDP(l, -1))

	create := func(typ bpf.MapType, key, value, entries uint32) error {
		fd, err := sys.CreateMap(sys.MapSpec{Type: typ, KeySize: key, ValueSize: value, MaxEntries: entries, Ifindex: index})
		if err == nil {
			closeFD(t, fd)
		}
		return err
	}
	require.ErrorIs(t, create(bpf.MapTypeHash, 4, 8, 1), unix.EOPNOTSUPP)
	require.ErrorIs(t, create(bpf.MapTypeArray, 4, 57, 1), unix.ENOMEM)
	require.ErrorIs(t, create(bpf.MapTypeArray, 4, 8, 101), unix.ENOMEM)
	for range 3 {
		require.NoError(t, create(bpf.MapTypeArray, 4, 8, 10))
	}
	require.ErrorIs(t, create(bpf.MapTypeArray, 4, 8, 10), unix.ENOMEM)

	helper := func(id int32) []byte {
		return append(append(insn(0xb7, 2, 0, 0), insn(0x85, 0, 0, id)...), xdpReturn(xdpPass)...)
	}
	for _, tt := range []struct {
		name string
		code []byte
		says string
	}{
		{"adjust_head", helper(44), "adjust_head not supported"},
		{"adjust_tail", helper(65), "adjust_tail not supported"},
		{"random", helper(7), "bpf_get_prandom_u32(): FW doesn't support"},
	} {
		_, log, err := load(bpf.ProgTypeXDP, tt.code, index)
		require.ErrorIs(t, err, unix.EOPNOTSUPP, tt.name)
		require.Contains(t, log, tt.says, tt.name)
	}

	var long []byte                                // on and on with a value that the compiler cannot know
	long = append(long, insn(0x61, 0x16, 0, 0)...) // r6 = data
	long = append(long, insn(0x61, 0x10, 4, 0)...) // r0 = data_end
	long = append(long, insn(0x1f, 0x60, 0, 0)...) // r0 -= r6
	for range 400 {
		long = append(long, insn(0x27, 0x00, 0, 12345)...) // r0 *= 12345
	}
	_, log, err := load(bpf.ProgTypeXDP, append(long, xdpReturn(xdpPass)...), index)
	require.Error(t, err, "more words than the card has: %s", log)

	require.NoError(t, netlink.LinkSetMTU(l, 8000))
	fd := mustLoad(t, bpf.ProgTypeXDP, packetByte(1100), l)
	require.ErrorIs(t, attachXDP(l, fd), unix.EOPNOTSUPP, "it reaches beyond what the card splits off")
	require.NoError(t, attachXDP(l, mustLoad(t, bpf.ProgTypeXDP, packetByte(200), l)))
}

// insn is one eBPF instruction: operation, source and destination, offset,
// immediate.
func insn(op, regs byte, off int16, imm int32) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{op, regs}, uint16(off))
	return binary.LittleEndian.AppendUint32(b, uint32(imm))
}

// packetByte is a program that reads one byte of the packet at an offset and
// passes.
func packetByte(off int32) []byte {
	var b []byte
	for _, i := range [][]byte{
		insn(0x61, 0x12, 0, 0),          // r2 = data
		insn(0x61, 0x13, 4, 0),          // r3 = data_end
		insn(0xbf, 0x24, 0, 0),          // r4 = r2
		insn(0x07, 0x04, 0, off+1),      // r4 += off + 1
		insn(0x2d, 0x34, 1, 0),          // if r4 > r3 goto +1
		insn(0x71, 0x20, int16(off), 0), // r0 = byte
	} {
		b = append(b, i...)
	}
	return append(b, xdpReturn(xdpPass)...)
}

// TestFaults has the card go wrong: what the driver then says, and that the card
// works when it is in order again.
func TestFaults(t *testing.T) {
	if !inGuest(t, testbed.Spec{}, faults) {
		return
	}
	l := port(t, 0)
	up(t, l)
	require.NoError(t, addAddress(l, near))
	p := newPinger(t, far)
	require.Zero(t, p.lost(1, time.Second))
	pass := mustLoad(t, bpf.ProgTypeXDP, xdpReturn(xdpPass), l)
	set := func(f nfp.Faults) { ask(t, "faults", f, nil) }

	set(nfp.Faults{RefuseUpdate: nfp.UpdateProgram})
	require.ErrorIs(t, attachXDP(l, pass), unix.EIO)
	require.Zero(t, p.lost(1, time.Second))
	set(nfp.Faults{DelayUpdate: 300 * time.Millisecond})
	start := time.Now()
	require.NoError(t, attachXDP(l, pass))
	require.Greater(t, time.Since(start), 500*time.Millisecond, "two updates")
	set(nfp.Faults{})
	require.NoError(t, attachXDP(l, -1))

	fd, err := sys.CreateMap(sys.MapSpec{Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 4, Ifindex: l.Attrs().Index})
	require.NoError(t, err)
	closeFD(t, fd)
	key, value := []byte{1, 2, 3, 4}, make([]byte, 8)
	set(nfp.Faults{DelayReplies: 200 * time.Millisecond})
	require.NoError(t, sys.UpdateElem(fd, key, value, 0))
	set(nfp.Faults{LoseReplies: 1})
	require.ErrorIs(t, sys.LookupElem(fd, key, value), unix.ETIMEDOUT)
	require.NoError(t, sys.LookupElem(fd, key, value))
	set(nfp.Faults{CutReplies: 1})
	require.ErrorIs(t, sys.LookupElem(fd, key, value), unix.ETIMEDOUT)
	require.NoError(t, sys.LookupElem(fd, key, value))
	// The driver takes 513 messages an interrupt and looks at the rest with the
	// next one; more at a time would keep the replies behind them waiting.
	for range 20 {
		ask(t, "events", 400, nil)
		time.Sleep(10 * time.Millisecond)
	}
	require.NoError(t, sys.DeleteElem(fd, key))
	for range 20 {
		ask(t, "link", false, nil)
		ask(t, "link", true, nil)
	}
	require.NoError(t, bringUp(l))
	require.Zero(t, p.lost(10, 2*time.Second))
}
