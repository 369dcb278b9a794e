package translate_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// printer makes a program with constant data.
func printer(t *testing.T, data, text string) *object.Program {
	m := &object.Map{
		Name: ".rodata", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: uint32(len(data)), MaxEntries: 1, Flags: bpf.FRdonlyProg, Frozen: true,
		Initial: []object.Entry{{Key: make([]byte, 4), Value: []byte(data)}},
	}
	buffer := &object.Map{Name: "text", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 108, MaxEntries: 1}
	l, err := bpf.Parse(strings.ReplaceAll(text, ";", "\n"), m.Name, buffer.Name)
	require.NoError(t, err)
	return &object.Program{
		Name: "printer", Section: "xdp", Type: object.XDP, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "printer"}}, Maps: []*object.Map{m, buffer},
	}
}

// TestPrints compares what programs print on the card with the interpreter.
func TestPrints(t *testing.T) {
	const data = "len %d%%\x00plain\n\x00%c %lx %u %d\x00%s\x00"
	const registers = `
		r6 = *(u32 *)(r1 +4)
		r2 = *(u32 *)(r1 +0)
		r6 -= r2
		r1 = map[.rodata] value +0
		r2 = 9
		r3 = r6
		call trace_printk
		r1 = map[.rodata] value +9
		r2 = 7
		call trace_printk
		r0 = 2
		exit`
	const array = `
		r6 = *(u32 *)(r1 +4)
		r2 = *(u32 *)(r1 +0)
		r6 -= r2
		*(u64 *)(r10 -32) = 65
		*(u64 *)(r10 -24) = r6
		*(u64 *)(r10 -16) = -1
		*(u64 *)(r10 -8) = -1
		r1 = map[.rodata] value +16
		r2 = 13
		r3 = r10
		r3 += -32
		r4 = 32
		call trace_vprintk
		r0 = 2
		exit`
	const stack = `
		r3 = *(u32 *)(r1 +4)
		r2 = *(u32 *)(r1 +0)
		r3 -= r2
		r1 = 0x00007525206e6920 ll
		*(u64 *)(r10 -8) = r1
		r1 = r10
		r1 += -8
		r2 = 8
		call trace_printk
		r0 = 2
		exit`
	const shown = "%s at %pI4\x00name\x00%12s|%pks|%d\x00long \x00%s\x00%pi6\x00"
	const constants = `
		r1 = map[.rodata] value +0; r2 = 11
		r3 = map[.rodata] value +11
		r6 = 0x0100007f
		*(u32 *)(r10 -4) = r6
		r4 = r10; r4 += -4
		call trace_printk
		r0 = 2; exit`
	const texts = `
		r6 = 0x0000006e6f ll
		*(u64 *)(r10 -16) = r6
		r1 = map[.rodata] value +16; r2 = 13
		r3 = map[.rodata] value +29
		r4 = r10; r4 += -16
		r5 = 5
		call trace_printk
		r0 = 2; exit`
	const written = `
		r6 = *(u32 *)(r1 +4)
		r2 = *(u32 *)(r1 +0)
		r6 -= r2
		r7 = map[text] value +0
		r6 &= 127
		r6 |= 32
		*(u8 *)(r7 +3) = r6
		*(u8 *)(r7 +100) = 65
		r8 = map[text] value +3
		r1 = map[.rodata] value +35; r2 = 3
		r3 = r8
		call trace_printk
		r1 = map[.rodata] value +35; r2 = 3
		r3 = map[text] value +100
		call trace_printk
		r0 = 2; exit`
	const packet = `
		r6 = *(u32 *)(r1 +0)
		r2 = *(u32 *)(r1 +4)
		r3 = r6
		r3 += 40
		if r3 > r2 goto out
		r1 = map[.rodata] value +38; r2 = 5
		r3 = r6
		r3 += 20
		call trace_printk
		out: r0 = 2; exit`
	for name, text := range map[string]string{
		"registers": registers, "array": array, "format on the stack": stack, "string and address": constants, "strings": texts,
		"strings that change": written, "address in the packet": packet,
	} {
		t.Run(name, func(t *testing.T) {
			data := data
			if text == constants || text == texts || text == written || text == packet {
				data = shown
			}
			p := printer(t, data, text)
			v, err := verify.Verify(p, verify.Options{})
			require.NoError(t, err)
			img, err := translate.Compile(v, translate.Options{CheckAllocation: true})
			require.NoError(t, err)
			require.Equal(t, maplayout.PrintsMap, img.Maps[len(img.Maps)-1].Name)
			m, err := sim.New(img, sim.DefaultSpec())
			require.NoError(t, err)
			vm, err := ebpf.New(p, ebpf.Options{})
			require.NoError(t, err)
			var packets []pcap.Packet
			var want []packetrun.Print
			for k := range 3 {
				packets = append(packets, pcap.Packet{Data: bytes.Repeat([]byte{byte(40 * k)}, 60+100*k)})
				r, err := vm.Run(ebpf.Input{Packet: packets[k].Data})
				require.NoError(t, err)
				for _, s := range r.Prints {
					want = append(want, packetrun.Print{Packet: k + 1, Text: s})
				}
			}
			sum, err := packetrun.Run(t.Context(), m, img, &packetrun.List{Packets: packets}, packetrun.Options{})
			require.NoError(t, err)
			require.NotEmpty(t, want)
			require.Equal(t, want, sum.Prints)
			require.Empty(t, sum.Events)
		})
	}
	for name, c := range map[string]struct{ text, want string }{
		"memory":             {"r1 = map[.rodata] value +29; r2 = 3; r3 = r10; call trace_printk; r0 = 2; exit", "only 0 bytes of it are known to be there"},
		"number as memory":   {"r1 = map[.rodata] value +29; r2 = 3; r3 = 7; call trace_printk; r0 = 2; exit", "not known to be in one object"},
		"too many values":    {"r1 = map[.rodata] value +16; r2 = 13; r3 = 1; r4 = 2; r5 = 3; call trace_printk; r0 = 2; exit", "it has more values than the call"},
		"result":             {"r1 = map[.rodata] value +9; r2 = 7; call trace_printk; exit", "the result of helper trace_printk"},
		"pointer":            {"r1 = map[.rodata] value +0; r2 = 9; r3 = r10; call trace_printk; r0 = 2; exit", "a pointer in R3"},
		"unset":              {"r1 = map[.rodata] value +0; r2 = 9; call trace_printk; r0 = 2; exit", "never set"},
		"no end":             {"r1 = map[.rodata] value +0; r2 = 4; call trace_printk; r0 = 2; exit", "no 0 byte ends it"},
		"format of a packet": {"r3 = *(u32 *)(r1 +16); *(u64 *)(r10 -8) = r3; r1 = r10; r1 += -8; r2 = 8; call trace_printk; r0 = 2; exit", "a format that is no constant"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := verify.Verify(printer(t, data, c.text), verify.Options{})
			require.NoError(t, err)
			_, err = translate.Compile(v, translate.Options{Target: target.MustBuiltin("skipsw")})
			require.ErrorIs(t, err, translate.ErrNotSupported)
			require.ErrorContains(t, err, c.want)
		})
	}
}
