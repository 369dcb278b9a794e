package verify_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// corpus returns the programs that the kernel's driver took, and those that it
// refused.
func corpus(t testing.TB) []peer.Case {
	dir := filepath.Join("..", "..", "testdata", "peer")
	cases, err := peer.Load(dir)
	require.NoError(t, err)
	refused, err := peer.LoadRefused(dir)
	require.NoError(t, err)
	for _, r := range refused {
		cases = append(cases, r.Case)
	}
	return cases
}

// TestCorpus accepts what a kernel accepted: the corpus' programs, and those
// that only the driver of the card refused.
func TestCorpus(t *testing.T) {
	for _, c := range corpus(t) {
		t.Run(c.Name, func(t *testing.T) {
			p, err := c.Program()
			require.NoError(t, err)
			_, err = verify.Verify(p, verify.Options{Offload: true})
			if c.Name == "no_map_fetch_add" {
				// The driver saw the instruction before the kernel's own check.
				require.ErrorContains(t, err, "R2 is read")
				return
			}
			require.NoError(t, err)
		})
	}
}

// TestRefusedObjects refuses what the kernel refuses, in terms of the C source.
func TestRefusedObjects(t *testing.T) {
	for name, want := range map[string]string{
		"loop_forever":    "the loop never ends",
		"no_bounds_check": "packet byte 12 read, no bounds check has proven any of it, at refused/no_bounds_check.c:13",
		"no_verdict":      "R0 is read, but was never set",
		"null_value":      "R0 may be null here, at refused/null_value.c:19",
		"global_null":     "R1 may be null here, at refused/global_null.c:13",
		"constant_key":    "R0 may be null here, at refused/constant_key.c:18",
		"tail_moves":      "R6 was a packet pointer, but a helper called since may have moved the packet, at refused/tail_moves.c:29",
	} {
		t.Run(name, func(t *testing.T) {
			o, err := object.Load(filepath.Join("..", "..", "testdata", "bpf", "refused", name+".o"), object.Options{})
			require.NoError(t, err)
			for _, p := range o.Programs {
				_, err := verify.Verify(p, verify.Options{})
				require.ErrorContains(t, err, want)
				if oracle.KernelAvailable() == nil {
					var reject *oracle.KernelReject
					_, err := oracle.LoadKernel(p, oracle.KernelOptions{})
					require.ErrorAs(t, err, &reject)
				}
			}
		})
	}
}

// TestObjects accepts the sample programs, as the running kernel does.
func TestObjects(t *testing.T) {
	files, err := filepath.Glob("../../testdata/bpf/*.o")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			o, err := object.Load(f, object.Options{})
			require.NoError(t, err)
			for _, p := range o.Programs {
				_, err := verify.Verify(p, verify.Options{})
				require.NoError(t, err, p.Name)
				if oracle.KernelAvailable() != nil {
					continue
				}
				var stages []*object.Program // that the program calls by tail calls
				for _, q := range o.Programs {
					if q != p {
						stages = append(stages, q)
					}
				}
				k, err := oracle.LoadKernel(p, oracle.KernelOptions{Tail: stages})
				require.NoError(t, err, p.Name)
				k.Close()
			}
		})
	}
}
