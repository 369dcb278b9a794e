package kernel

import (
	"bytes"
	"encoding/hex"
	"unsafe"

	"golang.org/x/sys/unix"
)

// progInfo is the leading part of the kernel's struct bpf_prog_info.
type progInfo struct {
	Type, ID                                     uint32
	Tag                                          [8]byte
	JitedLen, XlatedLen                          uint32
	Jited, Xlated                                unsafe.Pointer
	LoadTime                                     uint64 // nanoseconds since boot
	UID, MapCount                                uint32
	MapIDs                                       unsafe.Pointer
	Name                                         [16]byte
	Ifindex                                      uint32
	GPL                                          uint32
	NetnsDev, NetnsIno                           uint64
	JitedKsymsCount, JitedFuncCount              uint32
	JitedKsyms, JitedFuncLens                    unsafe.Pointer
	BTFID, FuncInfoRecSize                       uint32
	FuncInfo                                     unsafe.Pointer
	FuncInfoCount, LineInfoCount                 uint32
	LineInfo                                     unsafe.Pointer
	JitedLineInfo                                unsafe.Pointer
	JitedLineInfoCount                           uint32
	LineInfoRecSize, JitedLineInfoRecSize, NTags uint32
	Tags                                         unsafe.Pointer
	RunTimeNs, RunCount                          uint64
}

// mapInfo is the leading part of the kernel's struct bpf_map_info.
type mapInfo struct {
	Type, ID, KeySize, ValueSize, MaxEntries, Flags uint32
	Name                                            [16]byte
	Ifindex                                         uint32
	BTFVmlinuxValueType                             uint32
	NetnsDev, NetnsIno                              uint64
	BTFID, BTFKeyType, BTFValueType                 uint32
	_                                               uint32
	MapExtra                                        uint64
}

// objInfo fills info, which must be all zero but for the buffers it offers.
func objInfo(fd int, info unsafe.Pointer, size uintptr) error {
	attr := infoAttr{FD: uint32(fd), Len: uint32(size), Info: info}
	_, err := bpfCall(unix.BPF_OBJ_GET_INFO_BY_FD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	return err
}

// program is what the kernel tells about a loaded program.
type program struct {
	progInfo
	mapIDs []uint32
}

func (p *program) name() string { return cString(p.Name[:]) }
func (p *program) tag() string  { return hex.EncodeToString(p.Tag[:]) }

// readProg reads a program's information. A program whose device is gone
// answers ENODEV.
func readProg(fd int) (*program, error) {
	var first progInfo
	if err := objInfo(fd, unsafe.Pointer(&first), unsafe.Sizeof(first)); err != nil {
		return nil, err
	}
	p := &program{}
	if first.MapCount > 0 {
		p.mapIDs = make([]uint32, first.MapCount)
		p.progInfo.MapCount = first.MapCount
		p.MapIDs = unsafe.Pointer(&p.mapIDs[0])
	}
	if err := objInfo(fd, unsafe.Pointer(&p.progInfo), unsafe.Sizeof(p.progInfo)); err != nil {
		return nil, err
	}
	if int(p.MapCount) < len(p.mapIDs) {
		p.mapIDs = p.mapIDs[:p.MapCount]
	}
	p.MapIDs = nil
	return p, nil
}

// progByID opens a program and reads its information.
func progByID(id uint32) (*program, error) {
	fd, err := fdByID(unix.BPF_PROG_GET_FD_BY_ID, id)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return readProg(fd)
}

// readCode reads the two forms of a program's code: the instructions after
// verification, and the machine code, which the device's driver gives out for
// an offloaded program. Either may be empty.
func readCode(fd int) (xlated, jited []byte, err error) {
	var first progInfo
	if err := objInfo(fd, unsafe.Pointer(&first), unsafe.Sizeof(first)); err != nil {
		return nil, nil, err
	}
	var p progInfo
	if first.XlatedLen > 0 {
		xlated = make([]byte, first.XlatedLen)
		p.XlatedLen, p.Xlated = first.XlatedLen, unsafe.Pointer(&xlated[0])
	}
	if first.JitedLen > 0 {
		jited = make([]byte, first.JitedLen)
		p.JitedLen, p.Jited = first.JitedLen, unsafe.Pointer(&jited[0])
	}
	if err := objInfo(fd, unsafe.Pointer(&p), unsafe.Sizeof(p)); err != nil {
		return nil, nil, err
	}
	if p.Xlated == nil { // the kernel clears what the caller may not see
		xlated = nil
	}
	return xlated, jited, nil
}

func readMap(fd int) (*mapInfo, error) {
	m := new(mapInfo)
	if err := objInfo(fd, unsafe.Pointer(m), unsafe.Sizeof(*m)); err != nil {
		return nil, err
	}
	return m, nil
}

func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
