package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/opt"
	"github.com/skipsw/skipsw/translate/internal/pass"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

// text is a back end that keeps the SSA form and writes it down: a machine that
// loads and stores bytes where they are, so that nothing has to be lowered.
type text struct{}

func (b text) Target() string                      { return "text" }
func (b text) Lowering(*verify.Program) []opt.Pass { return nil }
func (b text) Stages() []pass.Info                 { return []pass.Info{writing} }

func (b text) Prepare(u *backend.Unit) error {
	for _, p := range u.Parts {
		p.Env = &ssa.Env{
			Machine: ssa.Machine{Name: "text", Direct: true, Stores: true, LengthBits: 16},
			Maps:    make([]ssa.MapPlace, len(p.Program.Source().Maps)), Helpers: noHelpers{},
		}
	}
	return nil
}

// noHelpers is a table of helpers without rows.
type noHelpers struct{}

func (noHelpers) Leave(*ssa.Builder, ssa.ID) {}

func (noHelpers) Call(b *ssa.Builder, id bpf.HelperID) error {
	return b.Unsupported("helper "+id.String(), "text has none")
}

func (noHelpers) Kfunc(b *ssa.Builder, id bpf.KfuncID) error {
	return b.Unsupported(id.String(), "text has none")
}

var writing = pass.Info{Name: "write", Doc: "write the form down", Required: true}

func (b text) Emit(u *backend.Unit) (string, error) {
	var out string
	f := u.Parts[0].Body
	u.Run.Do(&writing, f, func() bool { out = f.String(); return true })
	u.Report.Words = len(f.Values)
	return out, nil
}

// TestSecondBackend compiles with a back end that has nothing of the NFP's.
func TestSecondBackend(t *testing.T) {
	v, err := verify.Verify(sample(t, "vlan_filter"), verify.Options{})
	require.NoError(t, err)
	var r translate.Report
	got, err := translate.CompileFor[string](v, text{}, translate.Options{Report: &r})
	require.NoError(t, err)
	require.Contains(t, got, "load packet size 2")
	require.NotContains(t, got, "read packet", "only the NFP has commands")
	require.Equal(t, "text", r.Target)
	names := []string{}
	for _, p := range r.Passes {
		names = append(names, p.Name)
	}
	require.Contains(t, names, "fold")
	require.Equal(t, "write", names[len(names)-1])
	require.NotContains(t, names, "select")
	_, err = translate.CompileFor[string](v, text{}, translate.Options{Passes: map[string]bool{"fill-slots": false}})
	require.ErrorIs(t, err, translate.ErrNoPass)
}
