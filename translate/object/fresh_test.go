package object_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/object"
)

// manifest reads what make wrote: the compiler's version, and the hash of each
// file that went in or came out.
func manifest(t *testing.T) (compiler string, sums map[string]string) {
	f, err := os.Open(filepath.Join(samples, "MANIFEST"))
	require.NoError(t, err)
	defer f.Close()
	sums = make(map[string]string)
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if v, ok := strings.CutPrefix(sc.Text(), "compiler: "); ok {
			compiler = v
			continue
		}
		sum, name, ok := strings.Cut(sc.Text(), "  ")
		require.True(t, ok, sc.Text())
		sums[name] = sum
	}
	return compiler, sums
}

// TestManifest fails when a C source, the Makefile or an object changed alone,
// or is not in the manifest. It needs no compiler.
func TestManifest(t *testing.T) {
	_, sums := manifest(t)
	found := 0
	err := filepath.WalkDir(samples, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(samples, path)
		if err != nil || d.IsDir() || name == "MANIFEST" {
			return err
		}
		b, err := os.ReadFile(path)
		sum := sha256.Sum256(b)
		require.Equal(t, sums[name], hex.EncodeToString(sum[:]), "%s is not what the manifest says: run make -C testdata/bpf", name)
		found++
		return err
	})
	require.NoError(t, err)
	require.Len(t, sums, found, "the manifest names files that are not there")
}

// TestObjectsUpToDate compiles the sources again where there is clang and
// compares programs and maps with the committed objects: byte for byte if it
// is the compiler of the manifest, else names, types and maps.
func TestObjectsUpToDate(t *testing.T) {
	if _, err := exec.LookPath("clang"); err != nil {
		t.Logf("no clang: only the manifest was checked (TestManifest)")
		return
	}
	compiler, sums := manifest(t)
	version, err := exec.Command("clang", "--version").Output()
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(version), "\n")
	same := line == compiler
	t.Logf("compiler %q, the manifest's: %v", line, same)

	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(samples)))
	args := []string{"-B", "-j2", "-C", dir}
	// Debug information may stay in; only the object that is there to have no
	// symbols cannot be made without the tool.
	if _, err := exec.LookPath("llvm-strip"); err != nil {
		args = append(args, "STRIP=:")
		delete(sums, "odd/stripped.o")
	}
	out, err := exec.Command("make", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	for name := range sums {
		if !strings.HasSuffix(name, ".o") {
			continue
		}
		want, err := object.Load(filepath.Join(samples, name), object.Options{})
		got, err2 := object.Load(filepath.Join(dir, name), object.Options{})
		if err != nil {
			require.EqualError(t, err2, err.Error())
			continue
		}
		require.NoError(t, err2)
		if same {
			require.Equal(t, want, got, name)
			continue
		}
		require.Equal(t, shape(want), shape(got), name)
	}
}

// shape is what does not depend on the compiler's version.
func shape(o *object.Object) []string {
	var out []string
	for _, p := range o.Programs {
		out = append(out, p.Name+" "+p.Section+" "+p.Type.String())
	}
	for _, m := range o.Maps {
		if !strings.HasPrefix(m.Name, ".") {
			out = append(out, m.Name)
		}
	}
	return out
}

// TestSamplesDocumented compares the table in the documentation with the
// objects.
func TestSamplesDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/samples.md")
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(samples, "*.o"))
	require.NoError(t, err)
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".o")
		if strings.HasSuffix(name, "_v1") {
			continue
		}
		p, err := load(t, name+".o").Program(name)
		require.NoError(t, err, "a sample's program has the name of its file")
		require.Contains(t, string(doc), fmt.Sprintf("| `%s` | %d |", name, len(p.Insns)))
	}
}
