package oracle

import (
	"errors"
	"regexp"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Asked is the running kernel as a judge of safety alone: it is asked about a
// program, which it does not load where that can be (AskVerifier), and runs none.
// A harness with it needs a second judge, and can ask about far more programs than
// one with Kernel.
type Asked struct {
	// First, if not nil, is asked before: the kernel is not asked about what First
	// does not take, which counts as not supported. Then only what First takes and
	// the kernel refuses is found, and long walks are left out.
	First Judge
}

// Name returns "kernel".
func (Asked) Name() string { return "kernel" }

// Proves marks the kernel as a Prover.
func (Asked) Proves() {}

// Load asks about the program.
func (j Asked) Load(p *object.Program) (Loaded, error) {
	if j.First != nil {
		l, err := j.First.Load(p)
		if err != nil {
			return nil, &Refusal{Kind: NotSupported, Err: err}
		}
		l.Close()
	}
	ask := loadAndDrop
	if keepsEnd() {
		ask = AskVerifier
	}
	err := ask(p)
	var rej *KernelReject
	switch {
	case err == nil:
		return asked{}, nil
	case errors.Is(err, ErrHarmsKernel):
		return nil, &Refusal{Kind: NotSupported, Err: err}
	case !errors.As(err, &rej):
		return nil, err
	case rej.Errno == unix.E2BIG, rej.Errno == unix.ENOMEM, rej.Errno == unix.EFAULT, gaveUp.MatchString(lastLine(rej.Log)):
		return nil, &Refusal{Kind: NotSupported, Err: rej}
	}
	return nil, &Refusal{Kind: Rejected, Err: rej}
}

// gaveUp is the last line of the log of a program that is too complex for the
// kernel's verifier, or on which it found itself at fault. Neither says anything
// about safety.
var gaveUp = regexp.MustCompile(`^BPF program is too large|^The sequence of \d+ jumps is too complex|verifier (bug|internal error)`)

type asked struct{}

func (asked) Close() {}

func (asked) Run([]byte) (Run, error) { return Run{}, ErrCannotRun }

// keepsEnd reports whether the kernel keeps the end of a log that is too long,
// which AskVerifier needs: it asks about a safe and an unsafe program of many
// instructions.
var keepsEnd = sync.OnceValue(func() bool {
	var code []bpf.Insn
	for r := range uint8(8) {
		code = append(code, bpf.Mov.Imm(r, 1), bpf.Add.Imm(r, 1))
	}
	p := &object.Program{Name: "ask", Type: object.XDP, License: "GPL", Insns: append(code, bpf.Return())}
	safe := AskVerifier(p)
	p.Insns = append(code, bpf.Load(bpf.SizeW, bpf.R0, bpf.R1, 0), bpf.Return())
	return safe == nil && AskVerifier(p) != nil
})
