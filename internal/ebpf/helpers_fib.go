package ebpf

import (
	"net/netip"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Address families.
const (
	afInet  = 2
	afInet6 = 10
)

// Offsets in struct bpf_fib_lookup.
const (
	fibFamily  = 0
	fibLength  = 2 + 4 // tot_len, mtu_result
	fibIfindex = 8
	fibMetric  = 12
	fibSource  = 16
	fibTo      = 32
	fibTable   = 48 // tbid; h_vlan_proto and h_vlan_TCI
	fibMark    = 52 // mark; smac, dmac
	fibSMAC    = 52
	fibDMAC    = 58
	fibSize    = 64
)

const fibFlags = bpf.FIBLookupDirect | bpf.FIBLookupOutput | bpf.FIBLookupSkipNeigh | bpf.FIBLookupTbid | bpf.FIBLookupSrc | bpf.FIBLookupMark

// fibLookup searches the host's routes for where a packet goes.
func fibLookup(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	n := int(int32(a[2]))
	p, err := vm.writable(pc, a[1], n)
	if err != nil {
		return 0, err
	}
	flags := uint32(a[3])
	if n < fibSize || flags&^fibFlags != 0 {
		return bpf.EINVAL.Result(), nil
	}
	f := fib{vm: vm, p: p, flags: flags}
	switch p[fibFamily] {
	case afInet:
		return f.lookup(0), nil
	case afInet6:
		return f.lookup(1), nil
	}
	return bpf.EAFNOSUPPORT.Result(), nil
}

// fib is a search with its parameters in p.
type fib struct {
	vm    *VM
	p     []byte
	flags uint32
}

func (f *fib) word(at int) uint32     { return le.Uint32(f.p[at:]) }
func (f *fib) set(at int, v uint32)   { le.PutUint32(f.p[at:], v) }
func (f *fib) setMTU(mtu uint32)      { le.PutUint16(f.p[fibLength:], uint16(mtu)) }
func (f *fib) asked(flag uint32) bool { return f.flags&flag != 0 }
func (f *fib) address(at, six int) netip.Addr {
	if six == 1 {
		return netip.AddrFrom16([16]byte(f.p[at:]))
	}
	return netip.AddrFrom4([4]byte(f.p[at:]))
}

// lookup does the search of a family, 0 for IPv4 and 1 for IPv6.
func (f *fib) lookup(six int) uint64 {
	net := &f.vm.opt.Network
	s := search{to: f.address(fibTo, six), in: f.word(fibIfindex)}
	if six == 1 && (strict(s.to) || strict(f.address(fibSource, six))) {
		return bpf.FIBLkupRetNotFwded
	}
	in := net.link(s.in)
	if in == nil {
		return bpf.ENODEV.Result()
	}
	if !in.Forwards[six] {
		return bpf.FIBLkupRetFwdDisabled
	}
	if f.asked(bpf.FIBLookupOutput) {
		s.in, s.out = 1, in.Index
	}
	route, answer := f.search(s)
	if answer != 0 {
		return uint64(answer)
	}
	return f.forward(route, six)
}

// search finds a route or the answer that there is none.
func (f *fib) search(s search) (*Route, uint32) {
	net := &f.vm.opt.Network
	if f.asked(bpf.FIBLookupDirect) {
		table := uint32(tableMain)
		if f.asked(bpf.FIBLookupTbid) {
			if id := f.word(fibTable); id != 0 {
				table = id
			}
			f.set(fibTable, 0)
		}
		r := net.in(table, s)
		if r == nil || r.Answer == RouteThrow {
			return nil, bpf.FIBLkupRetNotFwded
		}
		return r, r.Answer
	}
	if f.asked(bpf.FIBLookupMark) {
		s.mark = f.word(fibMark)
	}
	return net.byRules(s)
}

// forward fills in how a packet goes on by a route.
func (f *fib) forward(r *Route, six int) uint64 {
	net := &f.vm.opt.Network
	out := net.link(r.Out)
	if out == nil {
		out = &Link{}
	}
	length := uint32(le.Uint16(f.p[fibLength:]))
	checks := f.vm.byTyp == object.XDP || length != 0
	mtu := r.mtu(out)
	if checks && length > mtu {
		f.setMTU(mtu)
		return bpf.FIBLkupRetFragNeeded
	}
	f.set(fibMetric, r.Metric)
	f.set(fibIfindex, r.Out)
	if six == 1 && r.Hop.IsValid() {
		copy(f.p[fibTo:], r.Hop.AsSlice())
	}
	if f.asked(bpf.FIBLookupSrc) {
		if six == 1 && !r.Source.IsValid() {
			return bpf.FIBLkupRetNoSrcAddr
		}
		from := r.Source.AsSlice()
		if from == nil {
			from = make([]byte, 4)
		}
		copy(f.p[fibSource:], from)
	}
	next := f.address(fibTo, six)
	if six == 0 && r.Hop.IsValid() {
		next = r.Hop
		copy(f.p[fibTo:], next.AsSlice())
		if next.Is6() {
			f.p[fibFamily] = afInet6
		}
	}
	if !f.asked(bpf.FIBLookupSkipNeigh) {
		n := net.neighbour(r.Out, next)
		if n == nil {
			return bpf.FIBLkupRetNoNeigh
		}
		copy(f.p[fibDMAC:], n.MAC[:])
		copy(f.p[fibSMAC:], out.MAC[:])
	}
	f.set(fibTable, 0)
	if checks {
		f.setMTU(mtu)
		return bpf.FIBLkupRetSuccess
	}
	const tag = 4
	f.setMTU(out.MTU)
	if !out.Up || uint32(f.vm.end-f.vm.data) > out.MTU+out.Header+tag {
		return bpf.FIBLkupRetFragNeeded
	}
	return bpf.FIBLkupRetSuccess
}

// checkMTU says whether the packet, or a length that the program gives, goes
// through an interface.
func checkMTU(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	p, err := vm.writable(pc, a[2], 4)
	if err != nil {
		return 0, err
	}
	length, by := le.Uint32(p), int32(a[3])
	switch known := uint64(bpf.MTUChkSegs); {
	case vm.byTyp == object.XDP && a[4] != 0, a[4]&^known != 0, a[4] != 0 && (by != 0 || length != 0):
		return bpf.EINVAL.Result(), nil
	}
	index := uint32(a[1])
	if index == 0 {
		index = vm.ingress()
	}
	l := vm.opt.Network.link(index)
	if l == nil {
		return bpf.ENODEV.Result(), nil
	}
	size := int32(vm.end - vm.data)
	if length != 0 {
		size = int32(length + l.Header)
	}
	le.PutUint32(p, l.MTU)
	if size+by > int32(l.MTU+l.Header) {
		return bpf.MTUChkRetFragNeeded, nil
	}
	return bpf.MTUChkRetSuccess, nil
}
