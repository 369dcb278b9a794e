package kernel

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/bpf"
)

// newestISA is the newest version of the instruction set that clang makes.
const newestISA = 4

// unknownInsn are the kernel's words for instructions that it does not know.
var unknownInsn = []string{"reserved fields", "unknown opcode", "unrecognized bpf_ld", "invalid BPF_"}

// olderISA explains a refusal of an instruction that is newer than the kernel,
// "" for another one.
func olderISA(words string) string {
	for _, s := range unknownInsn {
		if !strings.Contains(words, s) {
			continue
		}
		if known := kernelISA(); known < newestISA {
			return fmt.Sprintf("this kernel knows instruction set v%d; compile with -mcpu=v%d", known, known)
		}
	}
	return ""
}

// isaProbes are programs with an instruction that came with a version of the
// instruction set: a jump on less, a jump on 32 bits, a signed division.
var isaProbes = map[int]bpf.Insn{
	2: bpf.JLt.Imm(bpf.R0, 1, 0),
	3: bpf.JEq.Imm32(bpf.R0, 1, 0),
	4: {Op: bpf.Div.Imm(bpf.R0, 3).Op, Dst: bpf.R0, Off: 1, Imm: 3},
}

// kernelISA returns the version of the instruction set that the kernel takes.
func kernelISA() int {
	known := 1
	for v, probe := range isaProbes {
		code := bpf.Encode(nil, []bpf.Insn{bpf.Mov.Imm(bpf.R0, 0), probe, bpf.Return()})
		fd, err := sys.LoadProg(&sys.ProgSpec{Type: bpf.ProgTypeXDP, Insns: code, License: "GPL", Name: "probe"})
		if err == nil {
			unix.Close(fd)
			known = max(known, v)
		}
	}
	return known
}
