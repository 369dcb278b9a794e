package judge

import (
	"errors"
	"sync"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Verifier is our verifier as a judge: it tells good programs from bad ones
// and runs none. It remembers its last proofs, which the compiling judges ask
// for.
type Verifier struct {
	mu   sync.Mutex
	seen map[*object.Program]*proof
}

type proof struct {
	once sync.Once
	p    *verify.Program
	err  error
}

// Name returns "verifier".
func (v *Verifier) Name() string { return "verifier" }

// Proves marks the judge as an oracle.Prover.
func (v *Verifier) Proves() {}

// maxProofs bounds the memory for proofs.
const maxProofs = 256

// Verify proves a program, once.
func (v *Verifier) Verify(p *object.Program) (*verify.Program, error) {
	v.mu.Lock()
	if len(v.seen) >= maxProofs {
		v.seen = nil
	}
	if v.seen == nil {
		v.seen = map[*object.Program]*proof{}
	}
	f := v.seen[p]
	if f == nil {
		f = &proof{}
		v.seen[p] = f
	}
	v.mu.Unlock()
	f.once.Do(func() {
		f.p, f.err = verify.Verify(p, verify.Options{CPUs: oracle.KernelCPUs()})
	})
	return f.p, f.err
}

// Load proves the program and those that it reaches by tail calls.
func (v *Verifier) Load(p *object.Program) (oracle.Loaded, error) {
	_, err := v.Verify(p)
	if err == nil {
		_, err = translate.VerifyCalled(p, v.Verify)
	}
	if err != nil {
		return nil, refusal(err)
	}
	return proven{}, nil
}

// refusal turns the verifier's answer into a *oracle.Refusal.
func refusal(err error) error {
	var e *verify.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Class == verify.Unsupported, e.Class == verify.TooComplex:
		return &oracle.Refusal{Kind: oracle.NotSupported, Err: err}
	}
	return &oracle.Refusal{Kind: oracle.Rejected, Err: err}
}

type proven struct{}

func (proven) Close() {}

func (proven) Run([]byte) (oracle.Run, error) { return oracle.Run{}, oracle.ErrCannotRun }
