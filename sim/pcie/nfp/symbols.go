package nfp

// appBPF is the number of the BPF NIC among the driver's applications.
const appBPF = 2

// symbol is one entry of the run-time symbol table.
type symbol struct {
	name     string
	absolute bool
	addr     uint64 // the value of an absolute symbol
	size     uint64
}

// initSymbols writes the MIP, which describes the firmware, and the symbols that
// the driver looks for.
func (c *Card) initSymbols(capsSize int) {
	symbols := []symbol{
		{name: "_pf0_net_app_id", absolute: true, addr: appBPF},
		{name: "nfd_cfg_pf0_num_ports", absolute: true, addr: uint64(c.opt.Ports)},
		{name: "nfd_vf_cfg_max_vfs", absolute: true},
		{name: "_pf0_net_bar0", addr: portsBase, size: uint64(c.opt.Ports) * controlBytes},
		{name: "_pf0_net_ctrl_bar", addr: controlBase, size: controlBytes},
		{name: "_abi_bpf_capabilities", addr: capsBase, size: uint64(capsSize)},
	}
	var table, names []byte
	for _, s := range symbols {
		table = append(table, s.encode(len(names))...)
		names = append(names, s.name+"\x00"...)
	}
	for len(names)%8 != 0 {
		names = append(names, 0)
	}
	c.mem.put(symbolBase, table)
	c.mem.put(stringBase, names)
	c.mem.put(mipBase, mip(len(table), len(names)))
}

// encode returns the table's entry: type, target, island, address, offset of
// the name, microengine, size.
func (s *symbol) encode(name int) []byte {
	const object, absolute, noEngine = 1, 3, 0xff
	e := make([]byte, 16)
	e[0], e[1], e[2] = object, targetMU, ememIsland
	if s.absolute {
		e[0], e[1], e[2] = absolute, 0, 0
	}
	e[3] = byte(s.addr >> 32)
	le.PutUint32(e[4:], uint32(s.addr))
	le.PutUint16(e[8:], uint16(name))
	e[10], e[11] = noEngine, byte(s.size>>32)
	le.PutUint32(e[12:], uint32(s.size))
	return e
}

// mip describes the firmware: name, version, and where its symbols are.
func mip(table, names int) []byte {
	const signature, version, size, firmware, build = "MIP\x00", 1, 96, 0x0200_0000, 1
	b := make([]byte, size)
	copy(b, signature)
	le.PutUint32(b[4:], version)
	le.PutUint32(b[8:], size)
	le.PutUint32(b[16:], firmware)
	le.PutUint32(b[20:], build)
	le.PutUint32(b[32:], symbolBase)
	le.PutUint32(b[36:], uint32(table))
	le.PutUint32(b[40:], stringBase)
	le.PutUint32(b[44:], uint32(names))
	copy(b[48:63], "skipsw-bpf")
	copy(b[64:95], "skipsw")
	return b
}
