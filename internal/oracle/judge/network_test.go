package judge_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// networkRules are rules of one's own, by mark and by interface.
const networkRules = `
ip rule add fwmark 5/0xff table 100
ip rule add iif v3 blackhole priority 40
ip rule add fwmark 9 prohibit priority 41
ip rule add fwmark 10 unreachable priority 42
ip rule add iif v1 table 77 priority 43
ip -6 rule add fwmark 5/0xff table 100
ip -6 rule add iif v3 blackhole priority 40
ip -6 rule add fwmark 9 prohibit priority 41
`

// namespaced makes the namespace of package testnet, with lines of one's own, and
// reads its tables as ip prints them.
func namespaced(t testing.TB, lines string) (*oracle.Namespace, *network.Tables) {
	ns := oracletest.Namespace(t, lines)
	tables, err := network.Read(printed(t, ns))
	require.NoError(t, err)
	for k := range tables.Links {
		l := &tables.Links[k]
		l.Forwards4, l.Forwards6 = l.Name != "v2", l.Name != "v2"
	}
	for k := range tables.Routes {
		// What ip leaves out: that these are locked.
		switch tables.Routes[k].To.String() {
		case "10.9.0.0/16":
			if tables.Routes[k].Metric == 5 {
				tables.Routes[k].MTU = 1300
			}
		case "2001:db8:9:4::/64":
			tables.Routes[k].MTU = 1290
		}
	}
	return ns, tables
}

// root is the module's folder.
const root = "../../.."

// TestTables: the file of tables is what the namespace has.
func TestTables(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	_, tables := namespaced(t, "")
	recorded := testnet.Tables()
	for _, n := range [][]network.Neighbour{tables.Neighbours, recorded.Neighbours} {
		// The kernel has them in no order.
		slices.SortFunc(n, func(a, b network.Neighbour) int {
			return cmp.Or(cmp.Compare(a.Link, b.Link), a.Address.Compare(b.Address))
		})
	}
	require.Equal(t, fmt.Sprint(tables.Links, tables.Routes, tables.Neighbours), fmt.Sprint(recorded.Links, recorded.Routes, recorded.Neighbours))
	require.Equal(t, tables.Rules(false), recorded.Rules(false))
	require.Equal(t, tables.Rules(true), recorded.Rules(true))
}

// printed is what ip prints of a namespace, as a file of tables.
func printed(t testing.TB, ns *oracle.Namespace) []byte {
	var sections []string
	for _, s := range []struct{ name, args string }{
		{"links", "addr"}, {"routes", "route show table all"}, {"neighbours", "neigh"}, {"rules", "rule"}, {"rules6", "-6 rule"},
	} {
		out, err := ns.Output("ip", append([]string{"-j"}, strings.Fields(s.args)...)...)
		require.NoError(t, err)
		sections = append(sections, fmt.Sprintf("%q: %s", s.name, out))
	}
	return []byte("{" + strings.Join(sections, ",") + "}")
}

// networkJudges are the interpreter and the default target, optimised and plain, in
// a network.
func networkJudges(t testing.TB, tables *network.Tables) []oracle.Judge {
	cards, err := judge.NewCards(&judge.Verifier{}, []string{"skipsw"}, []translate.Level{translate.LevelDefault, translate.LevelNone})
	require.NoError(t, err)
	for _, c := range cards {
		c.(*judge.Card).Network = tables
	}
	return append([]oracle.Judge{judge.Interpreter{Network: tables}}, cards...)
}

// lookingUp makes a program that calls bpf_fib_lookup with the parameters in the
// packet from byte 20 on and flags, those at byte 16 if they are negative, writes
// the parameters back and returns the result.
func lookingUp(typ object.Type, flags int32, size int32) *object.Program {
	data, end := int16(bpf.XDPMdData), int16(bpf.XDPMdDataEnd)
	if typ == object.TC {
		data, end = bpf.SkBuffData, bpf.SkBuffDataEnd
	}
	insns := []bpf.Insn{
		bpf.Mov.Reg(6, 1), bpf.Load(bpf.SizeW, 7, 1, data), bpf.Load(bpf.SizeW, 3, 1, end), bpf.Mov.Reg(4, 7), bpf.Add.Imm(4, 84),
		bpf.Mov.Imm(0, 1), bpf.JLe.Reg(4, 3, 1), bpf.Return(),
	}
	for at := int16(0); at < 64; at += 4 {
		insns = append(insns, bpf.Load(bpf.SizeW, 1, 7, 20+at), bpf.Store(bpf.SizeW, 10, at-64, 1))
	}
	insns = append(insns, bpf.Mov.Imm(4, flags))
	if flags < 0 {
		insns = append(insns, bpf.Load(bpf.SizeW, 4, 7, 16))
	}
	insns = append(insns, bpf.Mov.Reg(1, 6), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -64), bpf.Mov.Imm(3, size), bpf.CallHelper(bpf.HelperFIBLookup))
	for at := int16(0); at < 64; at += 4 {
		insns = append(insns, bpf.Load(bpf.SizeW, 1, 10, at-64), bpf.Store(bpf.SizeW, 7, 20+at, 1))
	}
	insns = append(insns, bpf.Return())
	return &object.Program{Name: "fib", Type: typ, License: "GPL", Funcs: []object.Func{{Name: "fib"}}, Insns: insns}
}

// fibPacket is a packet with parameters of a search.
func fibPacket(flags uint32, to, from string, in, length, table, mark uint32) []byte {
	p := make([]byte, 120)
	binary.BigEndian.PutUint16(p[12:], 0x88b5)
	le := binary.LittleEndian
	le.PutUint32(p[16:], flags)
	q := p[20:]
	a, b := netip.MustParseAddr(to), netip.MustParseAddr(from)
	q[0] = 2
	if a.Is6() {
		q[0] = 10
	}
	copy(q[32:], a.AsSlice())
	copy(q[16:], b.AsSlice())
	le.PutUint16(q[6:], uint16(length))
	le.PutUint32(q[8:], in)
	le.PutUint32(q[12:], 0)
	le.PutUint32(q[48:], table)
	le.PutUint32(q[52:], mark)
	return p
}

// fibPackets are searches for all that the network has, or, if they are to be
// brief, for each destination once from every interface that matters.
func fibPackets(brief bool, flags ...uint32) (list [][]byte) {
	four := []string{
		"10.0.0.7", "10.0.0.8", "10.0.0.1", "10.0.0.255", "10.1.0.8", "10.3.0.7", "10.9.7.7", "10.9.1.7", "10.9.2.7", "10.9.3.7", "10.8.7.7", "10.8.1.7",
		"10.7.0.1", "10.66.0.1", "10.66.1.1", "10.67.0.1", "10.68.0.1", "10.69.0.1", "192.0.2.1", "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.0.0.0",
	}
	six := []string{
		"2001:db8:0::7", "2001:db8:0::8", "2001:db8:0::1", "2001:db8:3::7", "2001:db8:9::7", "2001:db8:9:1::7", "2001:db8:9:2::7", "2001:db8:9:3::7", "2001:db8:9:4::7",
		"2001:db8:66::1", "2001:db8:67::1", "2001:db8:68::1", "2001:db8:69::1", "2001:dead::1", "fe80::7", "ff02::1", "::1", "::",
	}
	add := func(f uint32, in, length, table, mark uint32) {
		for _, to := range four {
			list = append(list, fibPacket(f, to, "10.0.0.99", in, length, table, mark))
		}
		for _, to := range six {
			if f&bpf.FIBLookupSrc != 0 && to == "2001:db8:0::1" {
				continue // the kernel takes the destination's own address to send from
			}
			list = append(list, fibPacket(f, to, "2001:db8:0::99", in, length, table, mark))
		}
	}
	for _, f := range flags {
		for _, in := range []uint32{102, 132, 112, 122, 99} {
			if add(f, in, 100, 100, 5); brief && in == 132 {
				break
			}
		}
		if brief {
			continue
		}
		for _, length := range []uint32{0, 1280, 1291, 1301, 1400, 1401, 1501, 9001, 0xffff} {
			add(f, 102, length, 254, 0)
		}
		for _, table := range []uint32{0, 77, 253, 255} {
			add(f, 102, 60, table, 9)
		}
		add(f, 102, 60, 254, 10)
		list = append(list, fibPacket(f, "2001:db8:9::7", "fe80::1", 102, 60, 0, 0), fibPacket(f, "2001:db8:9::7", "::1", 102, 60, 0, 0))
		other := fibPacket(f, "10.0.0.7", "10.0.0.99", 102, 60, 0, 0)
		other[20] = 3
		list = append(list, other)
	}
	return list
}

// allFIBFlags are all combinations of flags, and unknown ones.
func allFIBFlags() (list []uint32) {
	for f := range uint32(64) {
		list = append(list, f)
	}
	return append(list, 64, 1<<31)
}

// TestFIBLookup searches a network with routes of every kind in every mode, beside
// the kernel's own tables: results and all that is filled in.
func TestFIBLookup(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	for _, rules := range []struct{ name, lines string }{{"rules as at first", ""}, {"own rules", networkRules}} {
		t.Run(rules.name, func(t *testing.T) {
			ns, tables := namespaced(t, rules.lines)
			judges := networkJudges(t, tables)
			h := oracle.Harness{Reference: oracle.Kernel{Namespace: ns}, Second: judges[0], Judges: judges}
			check := func(name string, p *object.Program, packets [][]byte) {
				rep, err := h.Check(&oracle.Case{Program: p, Packets: packets})
				require.NoError(t, err, name)
				require.True(t, rep.Accepted, rep.Why)
				require.Empty(t, rep.Mismatches, name)
				require.Empty(t, rep.NotSupported, name)
			}
			for _, typ := range []object.Type{object.XDP, object.TC} {
				check("flags of the packet", lookingUp(typ, -1, 64), fibPackets(true, allFIBFlags()...))
				for _, f := range []int32{0, 1, 2, 4, 9, 11, 16, 32, 48, 64} {
					check(fmt.Sprint("flags ", f), lookingUp(typ, f, 64), fibPackets(false, 0))
				}
				check("too small", lookingUp(typ, 0, 60), fibPackets(false, 0)[:1])
			}
		})
	}
}

// checkingMTU makes a program that calls bpf_check_mtu with interface, length,
// difference and flags in the packet, from byte 16 on, and writes the length back.
func checkingMTU(typ object.Type) *object.Program {
	data, end := int16(bpf.XDPMdData), int16(bpf.XDPMdDataEnd)
	if typ == object.TC {
		data, end = bpf.SkBuffData, bpf.SkBuffDataEnd
	}
	return &object.Program{Name: "mtu", Type: typ, License: "GPL", Funcs: []object.Func{{Name: "mtu"}}, Insns: []bpf.Insn{
		bpf.Mov.Reg(6, 1), bpf.Load(bpf.SizeW, 7, 1, data), bpf.Load(bpf.SizeW, 3, 1, end), bpf.Mov.Reg(4, 7), bpf.Add.Imm(4, 60),
		bpf.Mov.Imm(0, 100), bpf.JLe.Reg(4, 3, 1), bpf.Return(),
		bpf.Load(bpf.SizeW, 2, 7, 16), bpf.Load(bpf.SizeW, 3, 7, 20), bpf.Store(bpf.SizeW, 10, -4, 3), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -4),
		bpf.Load(bpf.SizeW, 4, 7, 24), bpf.Load(bpf.SizeDW, 5, 7, 28), bpf.CallHelper(bpf.HelperCheckMTU),
		bpf.Load(bpf.SizeW, 3, 10, -4), bpf.Store(bpf.SizeW, 7, 20, 3), bpf.Return(),
	}}
}

// TestCheckMTU asks about frames and lengths around the interfaces' MTUs.
func TestCheckMTU(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	ns, tables := namespaced(t, "")
	judges := networkJudges(t, tables)
	h := oracle.Harness{Reference: oracle.Kernel{Namespace: ns}, Second: judges[0], Judges: judges}
	var packets [][]byte
	for _, index := range []uint32{0, 1, 102, 112, 113, 132, 99} {
		for _, length := range []uint32{0, 1, 1386, 1400, 1401, 1500, 1501, 9000, 9001, 1 << 31} {
			for _, by := range []uint32{0, 1, 1300, 1340, 1341, 1<<32 - 1, 1 << 31} {
				for _, flags := range []uint64{0, 1, 2, 1 << 32} {
					p := make([]byte, 74)
					binary.BigEndian.PutUint16(p[12:], 0x88b5)
					binary.LittleEndian.PutUint32(p[16:], index)
					binary.LittleEndian.PutUint32(p[20:], length)
					binary.LittleEndian.PutUint32(p[24:], by)
					binary.LittleEndian.PutUint64(p[28:], flags)
					packets = append(packets, p)
				}
			}
		}
	}
	for _, typ := range []object.Type{object.XDP, object.TC} {
		rep, err := h.Check(&oracle.Case{Program: checkingMTU(typ), Packets: packets})
		require.NoError(t, err)
		require.True(t, rep.Accepted, rep.Why)
		require.Empty(t, rep.Mismatches)
		require.Empty(t, rep.NotSupported)
	}
}
