package sys

import (
	"encoding/hex"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Netns identifies a network namespace: device and inode of its file.
type Netns struct{ Dev, Ino uint64 }

// ProgInfo is what the kernel tells about a loaded program.
type ProgInfo struct {
	Type    bpf.ProgType
	ID      uint32
	Tag     string // hexadecimal
	Name    string
	Xlated  uint32        // bytes of verified instructions
	Machine uint32        // bytes of machine code
	Loaded  time.Duration // since boot
	MapIDs  []uint32
	// Ifindex and Netns name the device that the program was loaded for; 0 is
	// the host.
	Ifindex uint32
	Netns   Netns
	BTF     uint32 // id of its type information, 0 for none
	// RunTime and RunCount are 0 unless the kernel keeps run statistics.
	RunTime  time.Duration
	RunCount uint64

	lines, lineSize uint32
}

// attrProgInfo is the leading part of the kernel's struct bpf_prog_info.
type attrProgInfo struct {
	typ                 bpf.ProgType
	id                  uint32
	tag                 [8]byte
	jitedLen, xlatedLen uint32
	jited, xlated       unsafe.Pointer
	loadTime            uint64 // nanoseconds since boot
	_, mapCount         uint32
	mapIDs              unsafe.Pointer
	name                [nameLen]byte
	ifindex, _          uint32
	netns               Netns
	_, _                uint32         // symbols and functions of the machine code
	_, _                unsafe.Pointer // where they go
	btfID, _            uint32         // and the size of a function record
	_                   unsafe.Pointer // function records
	_, lineInfoCount    uint32
	lineInfo, _         unsafe.Pointer // and those of the machine code
	_, lineInfoRecSize  uint32
	_, _                uint32         // size of a record of the machine code, number of tags
	_                   unsafe.Pointer // tags
	runTimeNs, runCount uint64
}

// info fills an information structure, which must be all zero but for the
// buffers it offers.
func info[T any](fd int, into *T) error {
	_, err := call(unix.BPF_OBJ_GET_INFO_BY_FD, &struct {
		fd, length uint32
		info       unsafe.Pointer
	}{uint32(fd), uint32(unsafe.Sizeof(*into)), unsafe.Pointer(into)})
	return err
}

// ReadProg reads a program's information. A program whose device is gone
// answers ENODEV.
func ReadProg(fd int) (*ProgInfo, error) {
	var first, full attrProgInfo
	if err := info(fd, &first); err != nil {
		return nil, err
	}
	ids := make([]uint32, first.mapCount)
	if len(ids) > 0 {
		full.mapCount, full.mapIDs = first.mapCount, unsafe.Pointer(unsafe.SliceData(ids))
	}
	if err := info(fd, &full); err != nil {
		return nil, err
	}
	return &ProgInfo{
		Type: full.typ, ID: full.id, Tag: hex.EncodeToString(full.tag[:]), Name: CString(full.name[:]),
		Xlated: full.xlatedLen, Machine: full.jitedLen, Loaded: time.Duration(full.loadTime),
		MapIDs: ids[:min(len(ids), int(full.mapCount))], Ifindex: full.ifindex, Netns: full.netns, BTF: full.btfID,
		RunTime: time.Duration(full.runTimeNs), RunCount: full.runCount,
		lines: full.lineInfoCount, lineSize: full.lineInfoRecSize,
	}, nil
}

// ReadProgID opens a program by its id and reads its information.
func ReadProgID(id uint32) (*ProgInfo, error) {
	fd, err := OpenID(Progs, id)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return ReadProg(fd)
}

// ReadCode reads the two forms of a program's code: the instructions after
// verification, and the machine code, which the device's driver gives out for
// an offloaded program. Either may be empty.
func ReadCode(fd int) (xlated, machine []byte, err error) {
	var first, full attrProgInfo
	if err := info(fd, &first); err != nil {
		return nil, nil, err
	}
	xlated, machine = make([]byte, first.xlatedLen), make([]byte, first.jitedLen)
	full.xlatedLen, full.xlated = first.xlatedLen, ptr(xlated)
	full.jitedLen, full.jited = first.jitedLen, ptr(machine)
	if err := info(fd, &full); err != nil {
		return nil, nil, err
	}
	if full.xlated == nil { // the kernel clears what the caller may not see
		xlated = nil
	}
	return xlated, machine, nil
}

// ReadLines reads the line records that the kernel keeps with a program, none
// for an offloaded one. p is the program's information.
func ReadLines(fd int, p *ProgInfo) ([]LineRecord, error) {
	if p.lines == 0 || p.lineSize < lineRecordSize {
		return nil, nil
	}
	records := make([]byte, int(p.lines)*int(p.lineSize))
	ask := attrProgInfo{lineInfoCount: p.lines, lineInfoRecSize: p.lineSize, lineInfo: ptr(records)}
	if err := info(fd, &ask); err != nil {
		return nil, err
	}
	var all []LineRecord
	for k := range min(int(ask.lineInfoCount), int(p.lines)) {
		all = append(all, parseLine(records[k*int(p.lineSize):]))
	}
	return all, nil
}

// MapInfo is what the kernel tells about a map. Sizes are in bytes.
type MapInfo struct {
	Type                                      bpf.MapType
	ID, KeySize, ValueSize, MaxEntries, Flags uint32
	Name                                      string
	// Ifindex and Netns name the device that the map lives on; 0 is the host.
	Ifindex uint32
	Netns   Netns
	// BTF is the id of the map's type information, 0 for none; KeyType and
	// ValueType are types in it.
	BTF, KeyType, ValueType uint32
}

// ReadMap reads a map's information. A map whose device is gone answers ENODEV.
func ReadMap(fd int) (*MapInfo, error) {
	var m struct {
		typ                                       bpf.MapType
		id, keySize, valueSize, maxEntries, flags uint32
		name                                      [nameLen]byte
		ifindex, vmlinuxValueType                 uint32
		netns                                     Netns
		btfID, keyType, valueType, _              uint32
		mapExtra                                  uint64
	}
	if err := info(fd, &m); err != nil {
		return nil, err
	}
	return &MapInfo{
		Type: m.typ, ID: m.id, KeySize: m.keySize, ValueSize: m.valueSize, MaxEntries: m.maxEntries, Flags: m.flags,
		Name: CString(m.name[:]), Ifindex: m.ifindex, Netns: m.netns, BTF: m.btfID, KeyType: m.keyType, ValueType: m.valueType,
	}, nil
}

// ReadMapID opens a map by its id and reads its information.
func ReadMapID(id uint32) (*MapInfo, error) {
	fd, err := OpenID(Maps, id)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return ReadMap(fd)
}

// linkXDP is BPF_LINK_TYPE_XDP.
const linkXDP = 6

// XDPLinks returns the programs that bpf_links hold at the XDP hooks of an
// interface of the caller's network namespace.
func XDPLinks(ifindex uint32) (map[uint32]bool, error) {
	ids := map[uint32]bool{}
	err := EachID(Links, func(id uint32) error {
		fd, err := OpenID(Links, id)
		if Gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		var l struct { // the leading part of struct bpf_link_info, with the XDP member of its union
			typ, id, prog, _ uint32
			ifindex          uint32
			_                [60]byte
		}
		if err := info(fd, &l); err != nil {
			if Gone(err) {
				return nil
			}
			return err
		}
		if l.typ == linkXDP && l.ifindex == ifindex {
			ids[l.prog] = true
		}
		return nil
	})
	return ids, err
}
