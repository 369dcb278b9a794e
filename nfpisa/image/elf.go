package image

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The parts of ELF that images use. Sources: the System V ABI; GNU binutils
// include/elf/nfp.h for what is particular to NFP.
const (
	elfHeaderSize  = 64
	elfSectionSize = 64
	elfSymbolSize  = 24

	elfTypeExec   = 2
	elfMachineNFP = 250
	elfFamily6000 = 0x6000 << 8 // e_flags: chip family
	elfVersion    = 1

	shtNull     = 0
	shtProgbits = 1
	shtSymtab   = 2
	shtStrtab   = 3
	// shtNFPInitReg is a table of register values to set before the code
	// runs; objdump takes the context mode from it.
	shtNFPInitReg = 0x70000002

	shfAlloc = 2
	shfExec  = 4

	sttNotype = 0
	sttFunc   = 2
	stvHidden = 2

	wordSize = 8 // bytes of a control-store word
)

// elfMagic is e_ident: 64 bits, little-endian, version 1.
const elfMagic = "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"

var le = binary.LittleEndian

// section is one section, for writing with data, after reading as a view of
// the file.
type section struct {
	name      string
	typ       uint32
	flags     uint64
	addr      uint64
	link      uint32
	info      uint32
	align     uint64
	entrySize uint64
	data      []byte
}

// writeELF lays out the sections after the header, in order, each at its
// alignment, and the section headers at the end. The first section is the null
// section, the last must be the section names, still without data.
func writeELF(entry uint64, ss []section) []byte {
	names := &ss[len(ss)-1]
	offsets := make([]uint32, len(ss))
	for k := range ss {
		offsets[k] = uint32(len(names.data))
		names.data = append(append(names.data, ss[k].name...), 0)
	}
	b := make([]byte, elfHeaderSize)
	at := make([]uint64, len(ss))
	for k := range ss {
		if k == 0 {
			continue
		}
		b = align(b, ss[k].align)
		at[k] = uint64(len(b))
		b = append(b, ss[k].data...)
	}
	b = align(b, 8)
	table := uint64(len(b))
	for k := range ss {
		s := &ss[k]
		b = le.AppendUint32(b, offsets[k])
		b = le.AppendUint32(b, s.typ)
		b = le.AppendUint64(b, s.flags)
		b = le.AppendUint64(b, s.addr)
		b = le.AppendUint64(b, at[k])
		b = le.AppendUint64(b, uint64(len(s.data)))
		b = le.AppendUint32(b, s.link)
		b = le.AppendUint32(b, s.info)
		b = le.AppendUint64(b, s.align)
		b = le.AppendUint64(b, s.entrySize)
	}
	h := append([]byte(nil), elfMagic...)
	h = le.AppendUint16(h, elfTypeExec)
	h = le.AppendUint16(h, elfMachineNFP)
	h = le.AppendUint32(h, elfVersion)
	h = le.AppendUint64(h, entry)
	h = le.AppendUint64(h, 0) // no program headers
	h = le.AppendUint64(h, table)
	h = le.AppendUint32(h, elfFamily6000)
	for _, v := range []int{elfHeaderSize, 0, 0, elfSectionSize, len(ss), len(ss) - 1} {
		h = le.AppendUint16(h, uint16(v))
	}
	copy(b, h)
	return b
}

func align(b []byte, to uint64) []byte {
	for to > 1 && uint64(len(b))%to != 0 {
		b = append(b, 0)
	}
	return b
}

// readELF returns the sections of a file by name; data are views of b.
func readELF(b []byte) (map[string]*section, error) {
	if len(b) < elfHeaderSize || string(b[:4]) != elfMagic[:4] {
		return nil, fmt.Errorf("it is no ELF file")
	}
	if string(b[:len(elfMagic)]) != elfMagic || le.Uint32(b[20:]) != elfVersion {
		return nil, fmt.Errorf("it is not a 64-bit little-endian ELF file of version 1")
	}
	if m := le.Uint16(b[18:]); m != elfMachineNFP {
		return nil, fmt.Errorf("it is for ELF machine %d, not for NFP (%d)", m, elfMachineNFP)
	}
	if f := le.Uint32(b[48:]); f != elfFamily6000 {
		return nil, fmt.Errorf("it is for chip family %#x, not for NFP-6000 (%#x)", f>>8, elfFamily6000>>8)
	}
	table, size := le.Uint64(b[40:]), uint64(le.Uint16(b[58:]))
	count, names := uint64(le.Uint16(b[60:])), uint64(le.Uint16(b[62:]))
	switch {
	case size != elfSectionSize:
		return nil, fmt.Errorf("its section headers have %d bytes, not %d", size, elfSectionSize)
	case table > uint64(len(b)) || count*size > uint64(len(b))-table:
		return nil, fmt.Errorf("its section headers reach past its end")
	case names >= count:
		return nil, fmt.Errorf("it has no section names")
	}
	headers := make([]section, count)
	offsets := make([]uint32, count)
	for k := range headers {
		h := b[table+uint64(k)*size:]
		s := &headers[k]
		offsets[k] = le.Uint32(h)
		s.typ = le.Uint32(h[4:])
		s.flags = le.Uint64(h[8:])
		s.addr = le.Uint64(h[16:])
		off, n := le.Uint64(h[24:]), le.Uint64(h[32:])
		s.link, s.info = le.Uint32(h[40:]), le.Uint32(h[44:])
		s.align, s.entrySize = le.Uint64(h[48:]), le.Uint64(h[56:])
		if s.typ == shtNull {
			continue
		}
		if off > uint64(len(b)) || n > uint64(len(b))-off {
			return nil, fmt.Errorf("section %d reaches past its end", k)
		}
		s.data = b[off : off+n : off+n]
	}
	strtab := string(headers[names].data)
	out := make(map[string]*section, count)
	for k := range headers {
		s := &headers[k]
		if s.typ == shtNull {
			continue
		}
		name, err := nameAt(strtab, offsets[k])
		if err != nil {
			return nil, fmt.Errorf("name of section %d: %w", k, err)
		}
		if out[name] != nil {
			return nil, fmt.Errorf("section %q stands twice", name)
		}
		s.name = name
		out[name] = s
	}
	return out, nil
}

// maxName bounds the search for the end of a name.
const maxName = 4096

// nameAt returns the string at an offset of an ELF string table, as a part of
// it: many names may overlap, so copies could outgrow the file.
func nameAt(table string, at uint32) (string, error) {
	if uint64(at) >= uint64(len(table)) {
		return "", fmt.Errorf("offset %d is outside of the string table", at)
	}
	rest := table[at:]
	end := strings.IndexByte(rest[:min(len(rest), maxName)], 0)
	if end < 0 {
		return "", fmt.Errorf("the string at offset %d does not end within %d bytes", at, maxName)
	}
	return rest[:end], nil
}
