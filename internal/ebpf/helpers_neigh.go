package ebpf

import (
	"net/netip"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// redirectNeigh sends the packet out of a device, to a neighbour that the
// program names or the route to its destination. Who that is shows when the
// program ends.
func redirectNeigh(vm *VM, pc int, a [5]uint64) (uint64, error) {
	n := int(uint32(a[2]))
	params, err := vm.readable(pc, a[1], n)
	if err != nil {
		return 0, err
	}
	const addressSize = 20 // struct bpf_redir_neigh
	if n != 0 && n < addressSize || a[3] != 0 {
		return uint64(bpf.TCActShot), nil
	}
	vm.redirect = Redirect{Set: true, Ifindex: uint32(a[0]), Neighbour: true}
	if n > 0 {
		vm.redirect.Hop = netip.AddrFrom16([16]byte(params[4:]))
		if le.Uint32(params) == afInet {
			vm.redirect.Hop = netip.AddrFrom4([4]byte(params[4:]))
		}
	}
	return uint64(bpf.TCActRedirect), nil
}

// leaveToNeighbour returns the link addresses that a frame gets which is redirected
// to a neighbour. One whose neighbour is not known goes nowhere.
func (vm *VM) leaveToNeighbour() []byte {
	if vm.byTyp != object.TC || uint32(vm.regs[0]) != uint32(bpf.TCActRedirect) || !vm.redirect.Neighbour {
		return nil
	}
	net, out := &vm.opt.Network, vm.redirect.Ifindex
	link, hop := net.link(out), vm.nextHop()
	if link == nil || !hop.IsValid() {
		vm.redirect = Redirect{}
		return nil
	}
	n := net.neighbour(out, hop)
	if n == nil {
		vm.redirect = Redirect{}
		return nil
	}
	return append(append([]byte(nil), n.MAC[:]...), link.MAC[:]...)
}

// nextHop finds the address of the neighbour that a frame goes to; the zero one for
// a frame that cannot be sent so.
func (vm *VM) nextHop() (none netip.Addr) {
	p := vm.buf[vm.data:vm.end]
	var s search
	switch {
	case len(p) < etherHeader || p[0]&1 != 0:
		return none
	case vm.skb.Protocol == ethIP && len(p) >= etherHeader+20:
		s.to = netip.AddrFrom4([4]byte(p[etherHeader+16:]))
	case vm.skb.Protocol == ethIP6 && len(p) >= etherHeader+40:
		s.to = netip.AddrFrom16([16]byte(p[etherHeader+24:]))
	default:
		return none
	}
	if vm.redirect.Hop.IsValid() {
		return vm.redirect.Hop
	}
	s.mark, s.in, s.out = vm.skb.Mark, 1, vm.redirect.Ifindex
	r, answer := vm.opt.Network.byRules(s)
	switch six := s.to.Is6(); {
	case answer == 0 && six && r.Out != s.out:
		return none
	case answer == 0 && r.Hop.IsValid():
		return r.Hop
	case answer == 0:
		return s.to
	case six || r != nil && answer == bpf.FIBLkupRetNotFwded:
		return none
	}
	return s.to // a host takes it that the destination is on the link
}
