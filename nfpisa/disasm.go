package nfpisa

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// DisasmOptions are the options of Disassemble. The zero value is for code at
// address 0 of a core with four contexts.
type DisasmOptions struct {
	Mode  Mode
	Start uint16 // control-store address of the first word
	// Label names the place at a control-store address, or returns "".
	Label func(addr int) string
	// Note is a comment for the word at a control-store address, or "".
	Note func(addr int) string
}

// Disassemble writes words as text that Assemble turns back into the same
// words, one a line, with address and word as a comment. A word that is no
// instruction, or that its text would not give back bit by bit, is written as
// .word with the text or the reason as a comment. What the text cannot give
// back: code in which no word has check bits, as a compiler holds it, gets
// them; bits above 51, the driver's relocation tags, are left out and noted.
func Disassemble(w io.Writer, words []Word, o DisasmOptions) error {
	out := bufio.NewWriter(w)
	mode := 4
	if o.Mode == Ctx8 {
		mode = 8
	}
	fmt.Fprintf(out, "\t.ctx %d\n\t.start %d\n", mode, o.Start)
	bare := allBare(words)
	if bare {
		fmt.Fprintln(out, "\t// the words have no check bits")
	}
	for k, word := range words {
		addr := int(o.Start) + k
		if o.Label != nil {
			if name := o.Label(addr); isLabel(name) {
				fmt.Fprintf(out, "%s:\n", name)
			} else if name != "" {
				fmt.Fprintf(out, "// %s\n", clean(name))
			}
		}
		text, remark := disasmWord(word, o.Mode, bare)
		fmt.Fprintf(out, "\t%-52s // %5d  %016x", text, addr, uint64(word))
		if remark != "" {
			fmt.Fprintf(out, "  %s", remark)
		}
		if o.Note != nil {
			if note := o.Note(addr); note != "" {
				fmt.Fprintf(out, "  %s", clean(note))
			}
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

// clean keeps a comment on its line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}

// allBare reports whether no word has the check bits that it needs, though
// some need them.
func allBare(words []Word) bool {
	need := false
	for _, w := range words {
		if w&(1<<wordBits-1) != w.Bare() {
			return false
		}
		need = need || !CheckECC(w.Bare())
	}
	return need
}

// disasmWord returns the line for a word and a remark on it.
func disasmWord(w Word, m Mode, bare bool) (text, remark string) {
	if tag := uint64(w) >> wordBits; tag != 0 {
		text, remark = disasmWord(w&(1<<wordBits-1), m, bare)
		return text, join(fmt.Sprintf("bits 63:52 are %#x", tag), remark)
	}
	raw := fmt.Sprintf(".word %#x", uint64(w))
	fixed, status := Correct(w)
	switch {
	case bare || status == ECCClean:
		fixed = w
	case status == ECCCorrected:
		remark = "one bit flipped"
	default:
		remark = "check bits do not match"
	}
	i, err := Decode(fixed, m)
	if err != nil {
		return raw, join(remark, err.(*DecodeError).Reason)
	}
	text = i.String()
	if remark != "" {
		return raw, join(remark, text)
	}
	if again, err := Parse(text); err == nil {
		if e, err := Encode(again, m); err == nil && e.Bare() == w.Bare() {
			return text, ""
		}
	}
	return raw, text
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// ReadRaw splits a raw file into words: eight bytes each, little-endian, as
// the driver hands them to the device.
func ReadRaw(b []byte) ([]Word, error) {
	const size = 8
	if len(b)%size != 0 {
		return nil, fmt.Errorf("nfpisa: a raw file of %d bytes is not made of 8-byte words", len(b))
	}
	words := make([]Word, len(b)/size)
	for k := range words {
		words[k] = Word(binary.LittleEndian.Uint64(b[k*size:]))
	}
	return words, nil
}

// AppendRaw appends words to b as bare bytes, the reverse of ReadRaw.
func AppendRaw(b []byte, words []Word) []byte {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, uint64(w))
	}
	return b
}
