package translate_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// sample returns the first program of a sample object.
func sample(t testing.TB, name string) *object.Program {
	obj, err := object.Load(filepath.Join("..", "testdata", "bpf", name+".o"), object.Options{})
	require.NoError(t, err)
	return obj.Programs[0]
}

// TestEachSwitchSwitches holds the words of samples and corpus with a pass left
// out against those with it: each switch changes some program. That the programs
// still mean the same is TestPassesAlone's, beside the interpreter.
func TestEachSwitchSwitches(t *testing.T) {
	var progs []*verify.Program
	for _, p := range samplePrograms(t) {
		if v, err := verify.Verify(p, verify.Options{}); err == nil {
			progs = append(progs, v)
		}
	}
	for _, cc := range loadCorpus(t) {
		if v, err := verify.Verify(cc.program(t), verify.Options{}); err == nil {
			progs = append(progs, v)
		}
	}
	words := func(v *verify.Program, tg *target.Target, off string) []nfpisa.Word {
		o := translate.Options{Target: tg}
		if off != "" {
			o.Passes = map[string]bool{off: false}
		}
		img, err := translate.Compile(v, o)
		if err != nil {
			return nil
		}
		return img.Words
	}
	for _, p := range translate.Passes() {
		if p.Required {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			for _, name := range target.Names() {
				for _, v := range progs {
					tg := target.MustBuiltin(name)
					if fmt.Sprint(words(v, tg, "")) != fmt.Sprint(words(v, tg, p.Name)) {
						return
					}
				}
			}
			t.Error("no program changes")
		})
	}
}

// samplePrograms returns the programs of all sample objects.
func samplePrograms(t *testing.T) []*object.Program {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "bpf", "*.o"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var out []*object.Program
	for _, file := range files {
		obj, err := object.Load(file, object.Options{})
		require.NoError(t, err)
		out = append(out, obj.Programs...)
	}
	return out
}

func TestPassNames(t *testing.T) {
	v, err := verify.Verify(small(nil, movR0(2), exitInsn), verify.Options{})
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		on   map[string]bool
		want string
	}{
		{"unknown", map[string]bool{"flod": false}, `no such pass: "flod"; there are build, fold, share, known-ways, dead`},
		{"required", map[string]bool{"dead": false}, "pass dead cannot be switched off"},
		{"required and on", map[string]bool{"dead": true}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := translate.Compile(v, translate.Options{Passes: c.on})
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestReport checks that a report says what an image holds.
func TestReport(t *testing.T) {
	var r translate.Report
	v, err := verify.Verify(sample(t, "flow_track"), verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{Report: &r})
	require.NoError(t, err)
	require.Len(t, img.Words, r.Words)
	sum := r.Own
	for _, l := range r.Routines {
		sum += l.Words
	}
	require.Equal(t, r.Words, sum)
	require.Len(t, r.Maps, len(img.Maps))
	require.Equal(t, img.Maps[0].Base, r.Maps[0].Base)
	require.Equal(t, len(v.Source().Insns), r.Insns)
	require.Equal(t, "build", r.Passes[0].Name)
}
