package translate_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
)

// remarksOf compiles a program over the maps of the litmus programs with remarks.
func remarksOf(t *testing.T, body string) []translate.Remark {
	var r translate.Report
	_, err := translate.Compile(litmusProgram(t, body), translate.Options{Target: target.MustBuiltin("skipsw"), Report: &r, Remarks: true})
	require.NoError(t, err)
	return r.Remarks
}

// TestRemarks: what passes did and could not do is said at the instruction, with the
// one that was in the way.
func TestRemarks(t *testing.T) {
	// r0 and r1 after it hold values of m at indexes that are not known.
	const two = `
		r2 = *(u32 *)(r7 +8)
		*(u32 *)(r10 -4) = r2
		r1 = map[m]
		r2 = r10
		r2 += -4
		call map_lookup_elem
		if r0 == 0 goto out
		r9 = r0
		r2 = *(u32 *)(r7 +12)
		*(u64 *)(r10 -16) = r2
		r1 = map[h]
		r2 = r10
		r2 += -16
		call map_lookup_elem
		if r0 == 0 goto out
	`
	for _, c := range []struct {
		name, body, pass, what, why string
		done                        bool
	}{
		{"loads of one value", "r2 = *(u32 *)(r7 +0)\nr3 = *(u32 *)(r7 +4)\nr2 += r3\n*(u32 *)(r7 +8) = r2", "merge-loads", "by one command", "", true},
		{"stores of one value", "r2 = 1\n*(u32 *)(r7 +0) = r2\nr2 = 2\n*(u32 *)(r7 +4) = r2", "merge-stores", "written with another store", "", true},
		{"a stored word read again", "r2 = *(u32 *)(r7 +20)\n*(u32 *)(r7 +0) = r2\nr3 = *(u32 *)(r7 +0)\n*(u32 *)(r7 +32) = r3", "merge-loads", "taken from the register that was stored", "", true},
		{"nobody wants it", "r2 = *(u32 *)(r7 +0)\nr2 *= 3", "dead", "values removed", "", true},
		{"too far apart", "r2 = *(u8 *)(r6 +0)\nif r2 & 1 goto odd\nr2 = 7\nodd:\nr3 = *(u8 *)(r6 +64)\nr2 += r3\n*(u8 *)(r7 +5) = r2", "merge-loads", "not read with other bytes", "span 65 bytes", false},
		{"two stores", two + "r2 = 7\n*(u32 *)(r9 +0) = r2\n*(u32 *)(r0 +0) = r2\n", "merge-stores", "not written with the stores before it", "two stores may alias", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := false
			all := remarksOf(t, c.body)
			for _, m := range all {
				if m.Pass == c.pass && m.Done == c.done && m.Insn >= 0 {
					found = found || strings.Contains(m.What, c.what) && strings.Contains(m.Why, c.why)
				}
			}
			require.True(t, found, "%+v", all)
		})
	}
}

// TestRemarksCostNothing: they change no word, and none is kept that nobody asked
// for.
func TestRemarksCostNothing(t *testing.T) {
	paths, err := filepath.Glob("../testdata/bpf/*.o")
	require.NoError(t, err)
	for _, path := range paths {
		plain, err := translate.Object(path, translate.FileOptions{})
		require.NoError(t, err)
		with, err := translate.Object(path, translate.FileOptions{Options: translate.Options{Remarks: true}})
		require.NoError(t, err)
		again, err := translate.Object(path, translate.FileOptions{Options: translate.Options{Remarks: true}})
		require.NoError(t, err)
		for k := range plain {
			if plain[k].Err != nil {
				continue
			}
			require.Equal(t, plain[k].Image.Words, with[k].Image.Words, path)
			require.Empty(t, plain[k].Report.Remarks, path)
			require.Empty(t, plain[k].Report.Code, path)
			require.Equal(t, with[k].Report.Remarks, again[k].Report.Remarks, path)
			require.Len(t, with[k].Report.Code, with[k].Report.Own, path)
		}
	}
}
