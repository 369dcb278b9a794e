package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/translate/bpf"
)

// ProgSpec says what program to load.
type ProgSpec struct {
	Type          bpf.ProgType
	Insns         []byte // 8 bytes an instruction, in the host's byte order
	License, Name string // the name is made fit by ObjName
	Flags         uint32 // BPF_F_*
	Attach        bpf.AttachType
	Ifindex       int // the device it is loaded for; 0 is the host
	// BTF is the descriptor of the program's type information, 0 for none.
	// Funcs and Lines are its records, see FuncRecord and LineRecord.
	BTF          int
	Funcs, Lines []byte
	// Log takes the verifier's log at LogLevel. A log that is too small fails
	// the load with ENOSPC.
	LogLevel uint32
	Log      []byte
}

// LoadProg loads a program and returns its descriptor. CString gives the text
// of the log.
func LoadProg(s *ProgSpec) (fd int, err error) {
	license := append([]byte(s.License), 0)
	attr := struct {
		progType               bpf.ProgType
		insnCount              uint32
		insns, license         unsafe.Pointer
		logLevel, logSize      uint32
		log                    unsafe.Pointer
		kernVersion, flags     uint32
		name                   [nameLen]byte
		ifindex, attachType    uint32
		btf, funcSize          uint32
		funcs                  unsafe.Pointer
		funcCount, lineSize    uint32
		lines                  unsafe.Pointer
		lineCount, attachBTFID uint32
	}{
		progType: s.Type, insnCount: uint32(len(s.Insns) / 8), insns: ptr(s.Insns), license: ptr(license),
		logLevel: s.LogLevel, flags: s.Flags, name: cName(s.Name), ifindex: uint32(s.Ifindex),
		attachType: uint32(s.Attach),
	}
	if s.LogLevel > 0 {
		attr.logSize, attr.log = uint32(len(s.Log)), ptr(s.Log)
	}
	if s.BTF > 0 && len(s.Funcs) > 0 {
		attr.btf = uint32(s.BTF)
		attr.funcSize, attr.funcs, attr.funcCount = funcRecordSize, ptr(s.Funcs), uint32(len(s.Funcs)/funcRecordSize)
	}
	if attr.btf != 0 && len(s.Lines) > 0 {
		attr.lineSize, attr.lines, attr.lineCount = lineRecordSize, ptr(s.Lines), uint32(len(s.Lines)/lineRecordSize)
	}
	return call(unix.BPF_PROG_LOAD, &attr)
}

// TestRun is a run of a program on one packet.
type TestRun struct {
	Data, Context []byte // what goes in; Context may be nil
	DataOut       []byte // room for the packet afterwards
	Repeat        int    // number of runs
}

// TestResult is what a test run gave.
type TestResult struct {
	Return   uint32
	Size     int // bytes of DataOut
	Context  []byte
	Duration time.Duration // of one run, the mean
}

// RunProg runs a program with BPF_PROG_TEST_RUN.
func RunProg(fd int, r TestRun) (TestResult, error) {
	var ctx []byte
	attr := struct {
		fd, retval          uint32
		sizeIn, sizeOut     uint32
		dataIn, dataOut     unsafe.Pointer
		repeat, duration    uint32
		ctxIn, ctxOut       uint32
		ctxInPtr, ctxOutPtr unsafe.Pointer
	}{
		fd: uint32(fd), sizeIn: uint32(len(r.Data)), dataIn: ptr(r.Data),
		sizeOut: uint32(len(r.DataOut)), dataOut: ptr(r.DataOut), repeat: uint32(r.Repeat),
	}
	if r.Context != nil {
		ctx = make([]byte, len(r.Context))
		attr.ctxIn, attr.ctxInPtr = uint32(len(r.Context)), ptr(r.Context)
		attr.ctxOut, attr.ctxOutPtr = uint32(len(ctx)), ptr(ctx)
	}
	if _, err := call(unix.BPF_PROG_TEST_RUN, &attr); err != nil {
		return TestResult{}, err
	}
	return TestResult{Return: attr.retval, Size: int(attr.sizeOut), Context: ctx, Duration: time.Duration(attr.duration)}, nil
}
