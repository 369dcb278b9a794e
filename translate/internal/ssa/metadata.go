package ssa

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// Metadata returns the bytes of metadata in front of an XDP frame: none in front of
// one that has just arrived, or where nobody makes any.
func (b *Builder) Metadata() ID {
	if !b.makesMetadata() {
		return b.Const(0)
	}
	return b.read(varMeta)
}

// makesMetadata reports whether the program, or one of its chain, makes metadata on
// a target that has it.
func (b *Builder) makesMetadata() bool {
	switch c := b.Env.Chain; {
	case b.Env.Machine.Metadata == nil:
		return false
	case c != nil:
		return c.Metadata
	}
	return MakesMetadata(b.Prog)
}

// SetMetadata says how many bytes of metadata there are from here on. The packet
// vector is changed by TellMetadata.
func (b *Builder) SetMetadata(n ID) { b.write(varMeta, n) }

// TellMetadata writes the bytes of metadata to the packet vector.
func (b *Builder) TellMetadata(n ID) { b.setVec(b.Env.Machine.Metadata.Word, n) }

// HasMetadata reports whether the program, or one before it in a chain, may have
// made metadata.
func (b *Builder) HasMetadata() bool {
	if b.Env.Machine.Metadata == nil {
		return false
	}
	return MakesMetadata(b.Prog) || b.Env.Chain != nil && b.Env.Chain.Metadata
}

// startMetadata says how much metadata there is where a program begins: in a chain
// whose programs make some, the one before may have.
func (b *Builder) startMetadata() {
	n := b.Const(0)
	if c := b.Env.Chain; c != nil && c.Metadata {
		n = b.vecWord(b.Env.Machine.Metadata.Word)
	}
	b.SetMetadata(n)
}

// MakesMetadata reports whether a program calls bpf_xdp_adjust_meta.
func MakesMetadata(p *verify.Program) bool {
	for pc, in := range p.Source().Insns {
		if p.Reached(pc) && in.IsCallOf(bpf.HelperXDPAdjustMeta) {
			return true
		}
	}
	return false
}
