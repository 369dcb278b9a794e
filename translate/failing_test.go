package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestAlwaysFailing: calls that no packet can make succeed are told, others are not.
func TestAlwaysFailing(t *testing.T) {
	tail, head := bpf.HelperXDPAdjustTail, bpf.HelperXDPAdjustHead
	random := func(mask int32) []bpf.Insn {
		return []bpf.Insn{bpf.CallHelper(bpf.HelperGetPrandomU32), bpf.Mov.Reg(2, 0), bpf.And.Imm(2, mask)}
	}
	for _, c := range []struct {
		name   string
		amount []bpf.Insn // in R2
		call   bpf.HelperID
		want   map[string]string // by target
	}{
		{"longer", []bpf.Insn{bpf.Mov.Imm(2, 16)}, tail, map[string]string{
			"agilio": "bpf_xdp_adjust_tail by 16 always fails on target agilio: packets cannot grow at their end there",
		}},
		{"shorter", []bpf.Insn{bpf.Mov.Imm(2, -16)}, tail, nil},
		{"shorter, a number of 32 bits", []bpf.Insn{bpf.Mov.Imm32(2, -16)}, tail, nil},
		{"as it is", []bpf.Insn{bpf.Mov.Imm(2, 0)}, tail, nil},
		{"longer or not", random(7), tail, nil},
		{"longer by a number that is not known", append(random(7), bpf.Add.Imm(2, 1)), tail, map[string]string{
			"agilio": "bpf_xdp_adjust_tail by 1 to 8 always fails on target agilio: packets cannot grow at their end there",
		}},
		{"longer than the buffer", []bpf.Insn{bpf.Mov.Imm(2, 9000)}, tail, map[string]string{
			"agilio": "bpf_xdp_adjust_tail by 9000 always fails on target agilio: packets cannot grow at their end there",
			"skipsw": "bpf_xdp_adjust_tail by 9000 always fails on target skipsw: packets end at byte 3648 of their buffer at most",
		}},
		{"far head", []bpf.Insn{bpf.Mov.Imm(2, -256)}, head, map[string]string{
			"agilio": "bpf_xdp_adjust_head by -256 always fails on target agilio: a packet's start moves by 204 bytes at most",
			"skipsw": "bpf_xdp_adjust_head by -256 always fails on target skipsw: a packet's start moves by 204 bytes at most",
		}},
		{"far head, a number of 32 bits", []bpf.Insn{bpf.Mov.Imm32(2, -256)}, head, map[string]string{
			"skipsw": "bpf_xdp_adjust_head by -256 always fails on target skipsw: a packet's start moves by 204 bytes at most",
			"agilio": "bpf_xdp_adjust_head by -256 always fails on target agilio: a packet's start moves by 204 bytes at most",
		}},
		{"near head", []bpf.Insn{bpf.Mov.Imm(2, -20)}, head, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			insns := append([]bpf.Insn{bpf.Mov.Reg(6, 1)}, c.amount...)
			insns = append(insns, bpf.Mov.Reg(1, 6), bpf.CallHelper(c.call), bpf.Mov.Imm(0, 2), bpf.Return())
			p, err := verify.Verify(&object.Program{Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}}, Insns: insns}, verify.Options{})
			require.NoError(t, err)
			for _, name := range target.Names() {
				tg, err := target.Builtin(name)
				require.NoError(t, err)
				var r translate.Report
				_, err = translate.Compile(p, translate.Options{Target: tg, Report: &r})
				require.NoError(t, err)
				if want := c.want[name]; want == "" {
					require.Empty(t, r.Failing)
				} else {
					require.Equal(t, []string{want}, r.Failing)
				}
			}
		})
	}
}
