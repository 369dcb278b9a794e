package user

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
)

const mapHash = 1

type Map struct {
	Type bpf.MapType
	Size uint32
}

func word(at maplayout.Offset) int { return int(at / 4) }

func bad(in bpf.Insn, m Map, pc int) bpf.Errno {
	_ = bpf.CallHelper(1)                    // want `1 stands for bpf.HelperMapLookupElem`
	_ = Map{Type: mapHash, Size: 1}          // want `1 stands for bpf.MapTypeHash`
	_ = []bpf.MapType{0x1}                   // want `1 stands for bpf.MapTypeHash`
	_ = map[bpf.HelperID]string{1: "lookup"} // want `1 stands for bpf.HelperMapLookupElem`
	_ = bpf.MapType(1)                       // want `1 stands for bpf.MapTypeHash`
	_ = bpf.MapType(77)                      // want `77 stands for a bpf.MapType; take it from its owner`
	var op bpf.ALUOp = 0                     // want `0 stands for bpf.Add`
	if m.Type == 1 || op == bpf.Add {        // want `1 stands for bpf.MapTypeHash`
		m.Type = mapHash // want `1 stands for bpf.MapTypeHash`
	}
	switch in.Helper() {
	case 1: // want `1 stands for bpf.HelperMapLookupElem`
	}
	_ = target.Calls{Result: 7} // want `7 stands for a target.GPR; take it from its owner`
	_ = word(64)                // want `64 stands for a maplayout.Offset; take it from its owner`

	_ = in.Op & 0xf0         // want `an opcode taken apart or put together by hand`
	_ = uint8(in.Op)>>4 == 1 // want `an opcode taken apart or put together by hand`
	in.Op |= 8               // want `an opcode taken apart or put together by hand`

	_ = pc + 1 + int(in.Off) // want `the target of a jump computed by hand`
	_ = int(in.Imm) + pc + 1 // want `the target of a jump computed by hand`
	to := &in
	to.Off = int16(40 - pc - 1) // want `the target of a jump computed by hand`
	return 22                   // want `22 stands for bpf.EINVAL`
}

func good(in bpf.Insn, m Map, r target.GPR, at maplayout.Offset, n int) bpf.Errno {
	_ = bpf.CallHelper(bpf.HelperMapLookupElem)
	_ = Map{Type: bpf.MapTypeHash, Size: 1}
	_ = m.Type > 63 || 1<<m.Type == 4
	_ = r + 1
	_ = at/4 + 1
	_ = maplayout.Offset(n)
	_ = bpf.AtomicAdd | bpf.AtomicFetch
	_ = bpf.AtomicOp(in.Imm)&bpf.AtomicFetch != 0
	_ = in.Op == 0
	_ = in.JumpTarget(n) + 1
	_ = n + int(in.Off)
	return 0
}
