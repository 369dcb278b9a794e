package e2e

import (
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
func mustLoad(t testing.TB, typ bpf.ProgType, insns []bpf.Insn, l netlink.Link) int {
	t.Helper()
	fd, log, err := load(typ, insns, l.Attrs().Index)
	require.NoError(t, err, log)
	closeFD(t, fd)
	return fd
}

// TestXDP holds the card against the driver's rules for XDP, with packets that
// tell which program runs (N8).
func TestXDP(t *testing.T) {
	if !inGuest(t, testbed.Spec{}, hosts) {
		return
	}
	l := port(t, 0)
	up(t, l)
	require.NoError(t, addAddress(l, near))
	p := newPinger(t, far)
	passes := func(t *testing.T) { t.Helper(); require.Zero(t, p.lost(3, answerWait)) }
	drops := func(t *testing.T) { t.Helper(); require.Equal(t, 1, p.lost(1, 100*time.Millisecond)) }
	passes(t)
	pass, drop := mustLoad(t, bpf.ProgTypeXDP, returns(bpf.XDPPass), l), mustLoad(t, bpf.ProgTypeXDP, returns(bpf.XDPDrop), l)
	classifiers(t, l)
	shot := mustLoad(t, bpf.ProgTypeSchedCLS, returns(bpf.TCActShot), l)
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
		other := mustLoad(t, bpf.ProgTypeXDP, returns(bpf.XDPPass), l)
		stop, lost := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for {
				select {
				case <-stop:
					lost <- n
					return
				default:
					n += p.lost(1, answerWait)
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
		host := mustLoad(t, bpf.ProgTypeXDP, returns(bpf.XDPPass), &netlink.Dummy{})
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
		stolen := mustLoad(t, bpf.ProgTypeSchedCLS, returns(bpf.TCActStolen), l)
		unspec := mustLoad(t, bpf.ProgTypeSchedCLS, returns(bpf.TCActUnspec), l)
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
		_, log, err := load(bpf.ProgTypeSchedCLS, returns(bpf.TCActOK), l.Attrs().Index)
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

// TestCapabilities switches the firmware's capabilities off: the driver refuses
// what it cannot have, each in its way, and takes the rest (N9).
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
	pass := mustLoad(t, bpf.ProgTypeXDP, returns(bpf.XDPPass), l)
	require.NoError(t, attachXDP(l, pass))
	require.ErrorIs(t, attachXDP(l, mustLoad(t, bpf.ProgTypeXDP, returns(bpf.XDPPass), l)), unix.EBUSY, "no live reload")
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

	helper := func(id bpf.HelperID) []bpf.Insn {
		return append([]bpf.Insn{bpf.Mov.Imm(bpf.R2, 0), bpf.CallHelper(id)}, returns(bpf.XDPPass)...)
	}
	for _, tt := range []struct {
		name string
		code []bpf.Insn
		says string
	}{
		{"adjust_head", helper(bpf.HelperXDPAdjustHead), "adjust_head not supported"},
		{"adjust_tail", helper(bpf.HelperXDPAdjustTail), "adjust_tail not supported"},
		{"random", helper(bpf.HelperGetPrandomU32), "bpf_get_prandom_u32(): FW doesn't support"},
	} {
		_, log, err := load(bpf.ProgTypeXDP, tt.code, index)
		require.ErrorIs(t, err, unix.EOPNOTSUPP, tt.name)
		require.Contains(t, log, tt.says, tt.name)
	}

	long := []bpf.Insn{ // on and on with a value that the compiler cannot know
		bpf.Load(bpf.SizeW, bpf.R6, bpf.R1, bpf.XDPMdData),
		bpf.Load(bpf.SizeW, bpf.R0, bpf.R1, bpf.XDPMdDataEnd),
		bpf.Sub.Reg(bpf.R0, bpf.R6),
	}
	for range 400 {
		long = append(long, bpf.Mul.Imm(bpf.R0, 12345))
	}
	_, log, err := load(bpf.ProgTypeXDP, append(long, returns(bpf.XDPPass)...), index)
	require.Error(t, err, "more words than the card has: %s", log)

	require.NoError(t, netlink.LinkSetMTU(l, 8000))
	fd := mustLoad(t, bpf.ProgTypeXDP, packetByte(1100), l)
	require.ErrorIs(t, attachXDP(l, fd), unix.EOPNOTSUPP, "it reaches beyond what the card splits off")
	require.NoError(t, attachXDP(l, mustLoad(t, bpf.ProgTypeXDP, packetByte(200), l)))
}

// packetByte is a program that reads one byte of the packet at an offset and
// passes.
func packetByte(off int16) []bpf.Insn {
	return append([]bpf.Insn{
		bpf.Load(bpf.SizeW, bpf.R2, bpf.R1, bpf.XDPMdData),
		bpf.Load(bpf.SizeW, bpf.R3, bpf.R1, bpf.XDPMdDataEnd),
		bpf.Mov.Reg(bpf.R4, bpf.R2),
		bpf.Add.Imm(bpf.R4, int32(off)+1),
		bpf.JGt.Reg(bpf.R4, bpf.R3, 1),
		bpf.Load(bpf.SizeB, bpf.R0, bpf.R2, off),
	}, returns(bpf.XDPPass)...)
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
	require.Zero(t, p.lost(1, answerWait))
	pass := mustLoad(t, bpf.ProgTypeXDP, returns(bpf.XDPPass), l)
	set := func(f nfp.Faults) { ask(t, "faults", f, nil) }

	set(nfp.Faults{RefuseUpdate: nfp.UpdateProgram})
	require.ErrorIs(t, attachXDP(l, pass), unix.EIO)
	require.Zero(t, p.lost(1, answerWait))
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
	require.Zero(t, p.lost(10, answerWait))
}
