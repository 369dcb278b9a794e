package ebpf

import "github.com/skipsw/skipsw/translate/bpf"

// Tunnel is a packet's tunnel key: that of the tunnel it came out of, or with Set
// the one that a program has given it to be sent with.
type Tunnel struct {
	Set, IPv6 bool
	ID        uint32
	// Source and Destination are those of the outer header, in network byte order.
	// IPv4 has the first four bytes.
	Source, Destination [16]byte
	TOS, TTL            uint8
	Label               uint32
	// Flags are those of the kernel's tunnels, as programs see them with
	// BPF_F_TUNINFO_FLAGS.
	Flags   uint16
	Options []byte
}

// Flags of tunnels, TUNNEL_CSUM and the like in the byte order of the network.
const (
	tunnelCsum         = 1 << (8 + 0)
	tunnelKey          = 1 << (8 + 2)
	tunnelSeq          = 1 << (8 + 3)
	tunnelDontFragment = 1 << 0
	tunnelNoCache      = 1 << (13 - 8)
	tunnelHasOptions   = 1<<(11-8) | 1<<(12-8) | 1<<(14-8) | 1<<(15-8) // of Geneve, VXLAN, ERSPAN, GTP
)

// maxTunnelOptions is the most bytes of options, IP_TUNNEL_OPTS_MAX.
const maxTunnelOptions = 255

// Offsets in struct bpf_tunnel_key.
const (
	keyRemote = 4
	keyTOS    = 20
	keyTTL    = 21
	keyExt    = 22
	keyLabel  = 24
	keyLocal  = 28
	keySize   = 44
)

// isKeySize reports whether n is one of the sizes that the structure has had.
func isKeySize(n int) bool {
	return n == keySize || n == keyLocal || n == keyLabel || n == keyExt || n == keyRemote+4
}

func getTunnelKey(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	n := int(uint32(a[2]))
	to, err := vm.writable(pc, a[1], n)
	if err != nil {
		return 0, err
	}
	clear(to)
	t, six := vm.tunnel, a[3]&bpf.FTuninfoIPv6 != 0
	switch {
	case t == nil || a[3]&^(bpf.FTuninfoIPv6|bpf.FTuninfoFlags) != 0:
		return bpf.EINVAL.Result(), nil
	case t.IPv6 != six:
		return bpf.EPROTO.Result(), nil
	case !isKeySize(n) || n == keyRemote+4 && six:
		return bpf.EINVAL.Result(), nil
	}
	var key [keySize]byte
	le.PutUint32(key[:], t.ID)
	key[keyTOS], key[keyTTL] = t.TOS, t.TTL
	if a[3]&bpf.FTuninfoFlags != 0 {
		le.PutUint16(key[keyExt:], t.Flags)
	}
	if six {
		copy(key[keyRemote:], t.Source[:])
		copy(key[keyLocal:], t.Destination[:])
		le.PutUint32(key[keyLabel:], t.Label)
	} else {
		le.PutUint32(key[keyRemote:], be.Uint32(t.Source[:]))
		le.PutUint32(key[keyLocal:], be.Uint32(t.Destination[:]))
	}
	copy(to, key[:])
	return 0, nil
}

func setTunnelKey(vm *VM, pc int, a [5]uint64) (uint64, error) {
	const flags = bpf.FTuninfoIPv6 | bpf.FZeroCsumTX | bpf.FDontFragment | bpf.FSeqNumber | bpf.FNoTunnelKey
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	n := int(uint32(a[2]))
	from, err := vm.readable(pc, a[1], n)
	if err != nil {
		return 0, err
	}
	var key [keySize]byte
	if a[3]&^flags == 0 && isKeySize(n) {
		copy(key[:], from)
	}
	six, label := a[3]&bpf.FTuninfoIPv6 != 0, le.Uint32(key[keyLabel:])
	if a[3]&^flags != 0 || !isKeySize(n) || !six && label != 0 || le.Uint16(key[keyExt:]) != 0 {
		return bpf.EINVAL.Result(), nil
	}
	t := &Tunnel{Set: true, IPv6: six, ID: le.Uint32(key[:]), TOS: key[keyTOS], TTL: key[keyTTL], Flags: tunnelNoCache}
	for _, f := range []struct {
		set  bool
		flag uint16
	}{
		{a[3]&bpf.FDontFragment != 0, tunnelDontFragment},
		{a[3]&bpf.FZeroCsumTX == 0, tunnelCsum},
		{a[3]&bpf.FSeqNumber != 0, tunnelSeq},
		{a[3]&bpf.FNoTunnelKey == 0, tunnelKey},
	} {
		if f.set {
			t.Flags |= f.flag
		}
	}
	if six {
		copy(t.Destination[:], key[keyRemote:])
		copy(t.Source[:], key[keyLocal:])
		t.Label = label & 0xfffff
	} else {
		be.PutUint32(t.Destination[:], le.Uint32(key[keyRemote:]))
		be.PutUint32(t.Source[:], le.Uint32(key[keyLocal:]))
	}
	vm.tunnel = t
	return 0, nil
}

func getTunnelOpt(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	to, err := vm.writable(pc, a[1], int(uint32(a[2])))
	if err != nil {
		return 0, err
	}
	clear(to)
	t := vm.tunnel
	switch {
	case t == nil || t.Flags&tunnelHasOptions == 0:
		return bpf.ENOENT.Result(), nil
	case len(to) < len(t.Options):
		return bpf.ENOMEM.Result(), nil
	}
	return uint64(copy(to, t.Options)), nil
}

func setTunnelOpt(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	from, err := vm.readable(pc, a[1], int(uint32(a[2])))
	if err != nil {
		return 0, err
	}
	switch {
	case vm.tunnel == nil || !vm.tunnel.Set || len(from)%4 != 0:
		return bpf.EINVAL.Result(), nil
	case len(from) > maxTunnelOptions:
		return bpf.ENOMEM.Result(), nil
	}
	vm.tunnel.Options = append([]byte(nil), from...)
	vm.tunnel.Flags |= tunnelHasOptions
	return 0, nil
}
