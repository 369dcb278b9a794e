package firmware_test

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/translate/bpf"
)

// acme is a vendor's firmware: entry and exit by the target, and one routine,
// which gives a time.
type acme struct{ *firmware.Convention }

func newAcme(cfg firmware.Config) (firmware.Model, error) {
	v, err := firmware.NewConvention(cfg)
	return acme{v}, err
}

// Call leaves the time in A0 and returns to the address in B0.
func (acme) Call(x *core.Context, helper bpf.HelperID) (uint32, core.Cost, bool) {
	if helper != bpf.HelperKtimeGetNs {
		x.Fail(core.FaultUnsupported, "acme has no routine for %v", helper)
		return 0, core.Cost{}, false
	}
	back, ok := x.Arg(target.Reg{Bank: nfpisa.BankB}, "nobody wrote the return address")
	x.SetReg(target.Reg{}, 1234)
	return back, core.Cost{Busy: 5, Wait: 40}, ok
}

// A vendor's target names a firmware model, and the vendor's binary has it.
func Example() {
	tg := target.MustBuiltin("skipsw")
	tg.Name, tg.Firmware = "acme-25g", "acme"
	const start, routine, done = 16, 9000, 1
	img := &image.Image{
		Target:   tg,
		Machine:  image.Machine{CodeStart: start, Done: done, Helpers: map[uint32]uint16{uint32(bpf.HelperKtimeGetNs): routine}},
		Programs: []image.Program{{Name: "now", Type: "xdp"}},
	}
	for _, in := range []nfpisa.Instr{
		nfpisa.Br(routine).WithDefer(1), nfpisa.Immed(nfpisa.B(0), start+2),
		nfpisa.Br(done),
	} {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		if err != nil {
			panic(err)
		}
		img.Words = append(img.Words, w)
	}

	spec := sim.DefaultSpec()
	_, err := sim.New(img, spec)
	fmt.Println(err)

	spec.Models = firmware.Builtin()
	spec.Models.Register("acme", newAcme)
	m, err := sim.New(img, spec)
	if err != nil {
		panic(err)
	}
	res := m.Run(sim.Input{Packet: make([]byte, 60)})
	fmt.Println(res.Fault, res.Verdict, res.MemWait)
	// Output:
	// sim: not supported: firmware model "acme", because this binary has agilio, skipsw
	// <nil> 1234 40
}
