package judge_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/doctable"
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

var update = flag.Bool("update", false, "write the table of helpers to docs/verification.md and, as root, record the kernel's answers anew")

// tableFile has the kernel's answers: a line "HELPER MAP: refused (ERRNO)", or "HELPER MAP:"
// with a line for each call behind it.
const tableFile = "testdata/helpers.txt"

// Keys of the table, by the map's type: in it, not in it, and one that is none.
func tableKeys(t bpf.MapType) map[string][]byte {
	if t == bpf.MapTypeLPMTrie {
		prefix := func(bits uint32, last byte) []byte {
			return append(binary.LittleEndian.AppendUint32(nil, bits), 10, 0, 0, last)
		}
		return map[string][]byte{"present": prefix(32, 2), "absent": prefix(32, 9), "wider": prefix(8, 2), "none": prefix(33, 2)}
	}
	if t == bpf.MapTypeCPUMap {
		return map[string][]byte{"present": {0, 0, 0, 0}, "absent": {9, 0, 0, 0}}
	}
	return map[string][]byte{"present": {2, 0, 0, 0}, "absent": {9, 0, 0, 0}, "far": {0xff, 0xff, 0xff, 0xff}}
}

// fills are how much is in the map: nothing, entries 1 and 2, or all that it has room for.
var fills = []string{"empty", "some", "full"}

// fillsOf are those that a map of a type can have.
func fillsOf(t bpf.MapType) []string {
	switch {
	case keyless(t), oracle.PlainMap(t) && t != bpf.MapTypeArray && t != bpf.MapTypePerCPUArray:
		return fills
	}
	return []string{"some"}
}

func keyless(t bpf.MapType) bool {
	return t == bpf.MapTypeQueue || t == bpf.MapTypeStack || t == bpf.MapTypeBloomFilter
}

// filling returns the entries, and the packets for maps without keys.
func filling(t bpf.MapType, fill string) (with []object.Entry, packets [][]byte) {
	n := map[string]int{"empty": 0, "some": 2, "full": tableEntries}[fill]
	for k := range n {
		key := []byte{byte(k + 1), 0, 0, 0}
		if t == bpf.MapTypeArray || t == bpf.MapTypePerCPUArray {
			key[0] = byte(k)
		}
		if t == bpf.MapTypeLPMTrie {
			key = append([]byte{32, 0, 0, 0}, 10, 0, 0, byte(k+1))
		}
		switch {
		case keyless(t):
			packets = append(packets, tablePacket(nil, 0, byte(0x10+k), true))
		case oracle.PlainMap(t):
			with = append(with, object.Entry{Key: key, Value: []byte{byte(0x10 + k), 0, 0, 0, 0, 0, 0, 0}})
		}
	}
	return with, packets
}

// loose reports a call whose effect on the map nobody promises: which entry a full LRU map gives
// up, and what a Bloom filter says of what it does not hold.
func loose(id bpf.HelperID, t bpf.MapType, fill string) bool {
	return (t == bpf.MapTypeLRUHash || t == bpf.MapTypeLRUPerCPUHash) && fill == "full" && id == bpf.HelperMapUpdateElem
}

// cell runs all calls of a helper on a map of a type: a line for each.
func cell(t *testing.T, r tableRunner, id bpf.HelperID, typ bpf.MapType, flags []uint64) (lines []string) {
	keys := tableKeys(typ)
	var names []string
	for n := range keys {
		names = append(names, n)
	}
	slices.Sort(names)
	if keyless(typ) || typ == bpf.MapTypeRingbuf {
		names = []string{"present"}
	}
	for _, fill := range fillsOf(typ) {
		with, packets := filling(typ, fill)
		for _, key := range names {
			for _, f := range flags {
				where := fmt.Sprintf("%v on %v, %s, key %s, flags %#x", id, typ, fill, key, f)
				require.NoError(t, r.reset(with), where)
				for _, p := range packets {
					_, _, err := r.run(p)
					require.NoError(t, err, where)
				}
				verdict, out, err := r.run(tablePacket(keys[key], f, 0x77, false))
				require.NoError(t, err, where)
				require.GreaterOrEqual(t, len(out), tableLen, where)
				line := fmt.Sprintf("  %s %s %#x: %s", fill, key, f, result(binary.LittleEndian.Uint64(out[atResult:])))
				if given := binary.LittleEndian.Uint64(out[atOut:]); given != 0 {
					line += fmt.Sprintf(" gives %#x", given)
				}
				if verdict != uint32(bpf.XDPPass) {
					line += fmt.Sprintf(" verdict %d", verdict)
				}
				entries, err := r.entries()
				require.NoError(t, err, where)
				if len(entries) > 0 && !loose(id, typ, fill) {
					line += " holds"
					for _, e := range entries {
						line += fmt.Sprintf(" %s=%s", hex.EncodeToString(e.Key), short(e.Value))
					}
				}
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// result names a return value: an error number by its name.
func result(r0 uint64) string {
	if e := -int64(r0); e > 0 && e < 4096 {
		return bpf.Errno(e).String()
	}
	return fmt.Sprintf("%#x", r0)
}

// short is a value without the zeros behind it.
func short(v []byte) string {
	for len(v) > 1 && v[len(v)-1] == 0 {
		v = v[:len(v)-1]
	}
	return hex.EncodeToString(v)
}

// asked is what the kernel says of a cell.
func asked(t *testing.T, p *object.Program, id bpf.HelperID, typ bpf.MapType, flags []uint64) (refused string, lines []string) {
	k, err := oracle.LoadKernel(p, oracle.KernelOptions{NoLog: true})
	var no *oracle.KernelReject
	if errors.As(err, &no) {
		return fmt.Sprint(bpf.Errno(no.Errno)), nil
	}
	require.NoError(t, err)
	defer k.Close()
	restore, err := oracle.StayOnFirstCPU()
	require.NoError(t, err)
	defer restore()
	return "", cell(t, tableKernel{k, p.Maps[0]}, id, typ, flags)
}

// readTable reads the recorded answers.
func readTable(t *testing.T) map[string][]string {
	b, err := os.ReadFile(tableFile)
	require.NoError(t, err)
	out, at := map[string][]string{}, ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "  "):
			out[at] = append(out[at], line)
		default:
			name, rest, _ := strings.Cut(line, ":")
			at = name
			out[at] = []string{strings.TrimSpace(rest)}
		}
	}
	return out
}

// TestHelperTable calls every helper that works on maps on a map of every type, with flags right
// and wrong, keys there and not, and maps empty and full: what it returns, what it gives and what
// the map holds must be what the kernel said, in the interpreter and on the cards; what the kernel's
// verifier refuses ours must refuse, and what it takes ours takes or refuses by name.
func TestHelperTable(t *testing.T) {
	kernel := oracle.KernelAvailable() == nil
	asks := *update && kernel
	recorded := map[string][]string{}
	if !asks {
		recorded = readTable(t)
	}
	var file strings.Builder
	file.WriteString("# What the kernel does with each helper on a map of each type, as TestHelperTable asks it.\n")
	marks := map[string]string{} // of the cells, by HELPER MAP
	calls := 0
	for _, h := range tableHelpers {
		for _, typ := range tableTypes {
			name := fmt.Sprintf("%v %v", h.id, typ)
			t.Run(name, func(t *testing.T) {
				p, err := tableProgram(h.id, typ)
				require.NoError(t, err)
				if kernel {
					refused, lines := asked(t, p, h.id, typ, h.flags)
					now := append([]string{""}, lines...)
					if refused != "" {
						now = []string{"refused (" + refused + ")"}
					}
					if asks {
						recorded[name] = now
						fmt.Fprintf(&file, "%s\n", strings.Join(append([]string{strings.TrimSpace(name + ": " + now[0])}, lines...), "\n"))
					}
					require.Equal(t, recorded[name], now, "the kernel says something else than when it was asked")
				}
				want := recorded[name]
				require.NotEmpty(t, want, "nobody has asked the kernel: go test ./internal/oracle/judge -run TestHelperTable -update")
				_, err = verify.Verify(p, verify.Options{})
				byName := errors.Is(err, translate.ErrNotSupported)
				if want[0] != "" {
					require.Error(t, err, "the kernel refuses it")
					marks[name] = "-"
					return
				}
				if err != nil {
					require.True(t, byName, "the kernel takes it: %v", err)
					marks[name] = "n"
					return
				}
				vm, err := ebpf.New(p, ebpf.Options{})
				if err != nil && strings.Contains(err.Error(), "not supported") {
					t.Logf("interpreter: %v", err)
					marks[name] = "k"
					return
				}
				require.NoError(t, err)
				same(t, "interpreter", name, want[1:], cell(t, tableInterpreter{vm, p.Maps[0]}, h.id, typ, h.flags))
				calls += len(want) - 1
				marks[name] = "i"
				for _, tn := range target.Names() {
					tg, err := target.Load(tn)
					require.NoError(t, err)
					for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
						r, err := tableOn(p, tg, level)
						if errors.Is(err, translate.ErrNotSupported) {
							t.Logf("%s: %v", tn, err)
							continue
						}
						require.NoError(t, err)
						same(t, tn, name, want[1:], cell(t, r, h.id, typ, h.flags))
						calls += len(want) - 1
						if tn == "skipsw" {
							marks[name] = "="
						}
					}
				}
			})
		}
	}
	t.Logf("%d calls compared", calls)
	if asks && !t.Failed() {
		require.NoError(t, os.MkdirAll(filepath.Dir(tableFile), 0o755))
		require.NoError(t, os.WriteFile(tableFile, []byte(file.String()), 0o644))
	}
	documentTable(t, marks)
}

// same compares the lines of a cell, but for the differences that are known.
func same(t *testing.T, judge, name string, want, got []string) {
	require.Len(t, got, len(want), judge)
	for i := range want {
		call, _, _ := strings.Cut(want[i], ": ")
		if why := known(judge, name, call); why != "" {
			continue
		}
		if want[i] != got[i] {
			t.Errorf("%s: %s\n kernel %s\n    got %s", judge, name, want[i], got[i])
		}
	}
}

// tableDifferences are the calls that a judge may answer otherwise, with the reason.
var tableDifferences = []struct{ judge, name, call, why string }{}

func known(judge, name, call string) string {
	for _, d := range tableDifferences {
		if strings.HasPrefix(judge, d.judge) && (d.name == "" || d.name == name) && strings.Contains(call+":", d.call) {
			return d.why
		}
	}
	return ""
}

// documentTable compares the table in the documentation, or writes it.
func documentTable(t *testing.T, marks map[string]string) {
	var b strings.Builder
	b.WriteString("| |")
	for _, h := range tableHelpers {
		fmt.Fprintf(&b, " %s |", strings.ReplaceAll(strings.TrimPrefix(h.id.String(), "map_"), "_", " "))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(tableHelpers)) + "\n")
	for _, typ := range tableTypes {
		fmt.Fprintf(&b, "| %v |", typ)
		for _, h := range tableHelpers {
			fmt.Fprintf(&b, " %s |", marks[fmt.Sprintf("%v %v", h.id, typ)])
		}
		b.WriteString("\n")
	}
	doctable.Hold(t, "../../../docs/verification.md", "helpers and maps", b.String(), *update, "go test ./internal/oracle/judge -run TestHelperTable -update")
}
