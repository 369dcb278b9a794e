package target_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

func TestBuiltinTargetsLoad(t *testing.T) {
	require.Equal(t, []string{"agilio", "skipsw"}, target.Names())
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		require.Equal(t, name, tg.Name)
		again, err := target.Parse("again", tg.Marshal())
		require.NoError(t, err)
		require.Equal(t, tg, again)
		require.Equal(t, tg, tg.Clone())
	}
}

func TestLoadFromDisk(t *testing.T) {
	data, err := target.BuiltinFile("agilio")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "own.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(data), "name: agilio", "name: own", 1)), 0o600))
	tg, err := target.Load(path)
	require.NoError(t, err)
	require.Equal(t, "own", tg.Name)
	require.Equal(t, "agilio", tg.Firmware)
}

// bad is one change of a built-in file and what the error must say.
type bad struct{ name, target, from, to, want string }

var badFiles = []bad{
	{"unknown field", "agilio", "abi: 2", "abi: 2\nspeed: 3", `unknown field "speed"`},
	{"field that is missing", "agilio", "  padding: 8\n", "", "core.padding is missing"},
	{"field of a list that is missing", "skipsw", "size: 0x40000000, ", "", "maps.regions[0].size is missing"},
	{"section that is missing", "skipsw", "adjust_tail: {min_length: 14, end_max: 3648}\n", "", "adjust_tail and helpers.xdp_adjust_tail come together"},
	{"wrong type", "agilio", "abi: 2", "abi: two", "abi: two"},
	{"twice", "agilio", "abi: 2", "abi: 2\nabi: 2", "abi"},
	{"schema", "agilio", "schema: 2", "schema: 3", "schema is 3; this program reads 2"},
	{"no name", "agilio", "name: agilio", `name: ""`, "name is empty"},
	{"code start", "agilio", "code_start: 3072", "code_start: 20000", "core.code_start is 20000"},
	{"code past the end of the control store", "skipsw", "code_start: 16", "code_start: 16383", "core.code_start 16383 and core.code_words 8176 reach past control-store address 16383"},
	{"padding without code", "agilio", "code_words: 2560", "code_words: 8", "core.padding 8 leaves no room"},
	{"end of packet in the code", "skipsw", "done: 1", "done: 100", "core.done 100 is inside the program's code, 16 to 8191"},
	{"contexts", "agilio", "contexts: 4", "contexts: 8", "not supported: core.contexts 8, because the compiler makes code for 4"},
	{"register that the core does not have", "agilio", "stack: A22", "stack: A32", "entry.stack is 32"},
	{"register without bank", "agilio", "stack: A22", "stack: 22", "22"},
	{"register twice", "agilio", "keep_a: []", "keep_a: [20, 20]", "registers.keep_a has 20 twice"},
	{"register beyond those granted", "agilio", "keep_b: []", "keep_b: [25]", "a register of registers.keep_b is 25, must be 0 to 22"},
	{"negative register", "agilio", "keep_b: []", "keep_b: [-1]", "-1"},
	{"signal twice", "skipsw", "signals: [1, 2, 3, 4]", "signals: [1, 2, 3, 3]", "registers.signals has 3 twice"},
	{"no signal", "agilio", "signals: [1]", "signals: []", "registers.signals is empty"},
	{"result among the kept", "skipsw", "kept: [12,", "kept: [1, 12,", "calls.kept has 1, which calls.result 0 takes"},
	{"map register for routines of a map", "skipsw", "  return: B0\n", "  return: B0\n  map: A0\n", "calls.map belongs to maps.kind firmware"},
	{"stack over the packet vector", "agilio", "stack_base: 64", "stack_base: 0", "local_memory.vector, bytes 0 to 63, lies in the stack, bytes 0 to 511"},
	{"stack past the context", "skipsw", "stack: 960", "stack: 1000", "local_memory.stack of 1000 bytes at 64"},
	{"negative stack", "skipsw", "stack: 960", "stack: -4", "local_memory.stack of -4 bytes"},
	{"two fields in one place", "skipsw", "rx_queue: {word: 9", "rx_queue: {word: 8", "packet_vector.rx_queue is in word 8 bits 31:0, which packet_vector.ingress takes"},
	{"field over a part of another", "agilio", "queue: {word: 6", "queue: {word: 0", "packet_vector.queue is in word 0 bits 7:0, which packet_vector.length takes"},
	{"field past its word", "agilio", "{word: 4, low: 4, bits: 1}", "{word: 4, low: 31, bits: 2}", "packet_vector.queue_set reaches past bit 31"},
	{"queue without bit", "agilio", "  queue_set: {word: 4, low: 4, bits: 1}\n", "", "packet_vector.queue and packet_vector.queue_set come together"},
	{"exit kind", "agilio", "kind: code", "kind: odd", `exit.kind is "odd"`},
	{"unknown verdict", "agilio", "XDP_TX: 0x44", "XDP_T: 0x44", "exit.xdp has XDP_T, must be one of XDP_ABORTED, XDP_DROP"},
	{"codes of a target that has none", "skipsw", "kind: value", "kind: value\n  shift: 16", "exit.kind is value"},
	{"map kind", "agilio", "kind: firmware", "kind: none", `maps.kind is "none"`},
	{"unknown map type", "skipsw", "[array, percpu_array,", "[array, percpu_arrays,", `maps.types has "percpu_arrays", which is no map type of the kernel`},
	{"unknown atomic operation", "skipsw", "atomics: [add,", "atomics: [adding,", `maps.atomics has "adding", must be one of add, or`},
	{"negative limit", "skipsw", "max_maps: 64", "max_maps: -1", "maps.max_maps is -1"},
	{"negative count", "skipsw", "max_entries: 16777216", "max_entries: -1", "-1"},
	{"fewer in all than in one", "agilio", "total_entries: 4194304", "total_entries: 4194", "maps.total_entries is 4194, less than maps.max_entries 2048000"},
	{"no map memory", "skipsw", "size: 0x40000000", "size: 0", "maps.regions[0] is 0 bytes"},
	{"map memory past the address space", "skipsw", "base: 0x2000000000", "base: 0xffffffffff", "maps.regions[0] is 1073741824 bytes at 0xffffffffff, must be within 40 address bits"},
	{"map memory that nobody describes", "skipsw", "- {memory: emem,", "- {memory: dram,", `maps.regions[0].memory is "dram", which memories does not have`},
	{"two regions", "skipsw", "  max_maps: 64", "    - {memory: emem, base: 0x3000000000, size: 0x40000000, align: 64}\n  max_maps: 64", "maps.regions[3].base is 0x3000000000, must have the upper part of maps.regions[0].base"},
	{"a first region with copies", "skipsw", "size: 0x40000000, align: 64}", "size: 0x40000000, align: 64, copies: true}", "maps.regions[0].copies is true"},
	{"two regions of a firmware", "agilio", "  max_maps: 128", "    - {memory: emem, base: 0x2040000000, size: 0x40000000, align: 256}\n  max_maps: 128", "not supported: maps.regions of 2 regions"},
	{"unknown helper", "skipsw", "csum_diff: inline", "csum_difference: inline", `helpers has "csum_difference"`},
	{"helper by nobody known", "skipsw", "csum_diff: inline", "csum_diff: outline", `helper by "outline", must be none, inline, routine or firmware ADDRESS`},
	{"firmware's helper where there is no firmware", "skipsw", "csum_diff: inline", "csum_diff: firmware 9000", "not supported: helpers.csum_diff firmware 9000"},
	{"helper beyond the control store", "agilio", "firmware 2000", "firmware 16384", "helpers.map_lookup_elem is 16384, must be 0 to 16383"},
	{"helper beyond addresses", "agilio", "firmware 2000", "firmware 70000", "firmware 70000"},
	{"helper inside the code", "agilio", "firmware 2000", "firmware 4000", "helpers.map_lookup_elem is at 4000, inside the program's code"},
	{"two helpers at one address", "agilio", "firmware 2000", "firmware 2200", "helpers.map_update_elem is at 2200, as helpers.map_lookup_elem"},
	{"no redirect", "skipsw", "  redirect:\n    kind: {word: 12, low: 0, bits: 32}\n    to: {word: 13, low: 0, bits: 32}\n    codes: {port: 1, cpu: 2, socket: 3, all: 4, others: 5}\n", "", "helpers.redirect needs packet_vector.redirect"},
	{"code twice", "skipsw", "cpu: 2", "cpu: 1", "packet_vector.redirect.codes.port is 1, which is the code of cpu"},
	{"code of no redirect", "skipsw", "cpu: 2", "cpu: 0", "packet_vector.redirect.codes.cpu is 0, which is the code of no redirect"},
	{"unknown kind of redirect", "skipsw", "cpu: 2", "host: 2", "packet_vector.redirect.codes has host, must be [port cpu socket all others]"},
	{"kind of redirect that is missing", "skipsw", "cpu: 2, ", "", "packet_vector.redirect.codes lacks cpu"},
	{"no room at the end", "skipsw", ", end_max: 3648", "", "helpers.skb_change_tail needs adjust_tail.end_max"},
	{"head", "agilio", "off_max: 248", "off_max: 10000", "adjust_head.off_max is 10000"},
	{"limits of a helper that is not there", "agilio", "  xdp_adjust_head: inline\n", "", "adjust_head and helpers.xdp_adjust_head come together"},
	{"two arguments in one register", "agilio", "data: 8", "data: 6", "event.data is 6, which event.flags takes"},
	{"memory without latency", "agilio", "{read: 60", "{read: 0", "memories.ctm.read is 0"},
	{"memory that nothing is in", "agilio", "  emem: {read", "  cls: {read: 1, write: 1, atomic: 1, per_word: 0, busy: 0}\n  emem: {read", "not supported: memories cls"},
	{"alignment of nothing", "skipsw", "align: 64", "align: 0", "maps.regions[0].align is 0"},
	{"list in place of a number", "agilio", "done: 1", "done: [1]", "done"},
	{"anchor", "agilio", "name: agilio", "name: &a agilio", "anchors and aliases are not supported"},
}

func TestBadTargets(t *testing.T) {
	for _, c := range badFiles {
		t.Run(c.name, func(t *testing.T) {
			good, err := target.BuiltinFile(c.target)
			require.NoError(t, err)
			require.Contains(t, string(good), c.from)
			_, err = target.Parse("x.yaml", []byte(strings.Replace(string(good), c.from, c.to, 1)))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "x.yaml")
		})
	}
	_, err := target.Builtin("nfp")
	require.ErrorContains(t, err, "agilio, skipsw")
	_, err = target.Load("./nothing.yaml")
	require.ErrorContains(t, err, "nothing.yaml")
}

// TestAllErrorsAtOnce holds that one reading names everything that is wrong.
func TestAllErrorsAtOnce(t *testing.T) {
	good, err := target.BuiltinFile("skipsw")
	require.NoError(t, err)
	text := strings.NewReplacer("code_start: 16", "code_start: 16383", "max_maps: 64", "max_maps: -1", "csum_diff", "csum_dif").Replace(string(good))
	_, err = target.Parse("x.yaml", []byte(text))
	for _, want := range []string{"core.code_start", "maps.max_maps", `helpers has "csum_dif"`} {
		require.ErrorContains(t, err, want)
	}
}

// TestHostileFiles holds that files which are no targets end with an error and
// little work, counted by the memory that it takes in all.
func TestHostileFiles(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"too large", strings.Repeat("#\n", target.MaxFile), "larger than 65536 bytes"},
		{"brackets", strings.Repeat("[", 8000), "nested deeper than 16 levels"},
		{"brackets in lines", strings.Repeat("[\n", 30000), "nested deeper than 16 levels"},
		{"one long line", strings.Repeat("[", 60000), "line 1: longer than 8192 bytes"},
		{"braces", "name: " + strings.Repeat("{a: ", 2000), "nested deeper than 16 levels"},
		{"dashes", strings.Repeat("- ", 4000), "nested deeper than 16 levels"},
		{"indentation", indented(300), "nested deeper than 16 levels"},
		{"zeros", strings.Repeat("\x00", 8000), ""},
		{"colons", strings.Repeat("a: ", 2500), ""},
		{"questions", strings.Repeat("? ", 4000), ""},
		{"empty", "", "name is missing"},
		{"only a word", "target", ""},
		{"null", "null", "null was used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := target.Parse("x.yaml", []byte(c.data))
			runtime.ReadMemStats(&after)
			require.ErrorContains(t, err, c.want)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256<<20))
		})
	}
	_, err := target.Load("/dev/zero")
	require.ErrorContains(t, err, "larger than 65536 bytes")
	_, err = target.Load(t.TempDir())
	require.Error(t, err)
}

// indented returns maps in maps, n deep.
func indented(n int) string {
	var b strings.Builder
	for k := range n {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", k))
	}
	return b.String()
}

func TestExitCodes(t *testing.T) {
	tg, err := target.Builtin("agilio")
	require.NoError(t, err)
	codes, other := tg.Exit.Codes(false)
	require.Equal(t, []uint8{0x82, 0x22, 0x11, 0x44}, codes)
	require.Equal(t, uint8(0x82), other)
	codes, other = tg.Exit.Codes(true)
	require.Equal(t, []uint8{0x11, 0x11, 0x22, 0x11, 0x02, 0x02, 0x11, 0x44}, codes)
	require.Equal(t, uint8(0x11), other)
	v, ok := tg.Exit.Verdict(true, 0x02)
	require.True(t, ok)
	require.Equal(t, uint32(4), v)
	_, ok = tg.Exit.Verdict(false, 0x02)
	require.False(t, ok)
}

func TestPlaces(t *testing.T) {
	tg, err := target.Builtin("agilio")
	require.NoError(t, err)
	require.Equal(t, uint32(0x3fff), tg.PacketVector.Length.Mask())
	require.Equal(t, uint32(0xffffffff), tg.PacketVector.Pointer.Mask())
	require.Equal(t, uint32(1), tg.PacketVector.QueueSet.Get(0x1f))
	require.Equal(t, uint32(0x1fff), tg.Packet.OffsetMask())
	require.Equal(t, uint32(0x20000000), tg.Maps.Region().High())
	require.Equal(t, nfpisa.A(22), tg.Entry.Stack.Operand())
	require.Equal(t, nfpisa.B(0), tg.Calls.Return.Operand())
	require.Equal(t, target.Helper{By: target.HelperFirmware, Address: 2000}, tg.Helper("map_lookup_elem"))
	require.False(t, tg.HasHelper("redirect"))
}

func FuzzParse(f *testing.F) {
	for _, n := range target.Names() {
		data, err := target.BuiltinFile(n)
		require.NoError(f, err)
		f.Add(data)
		for _, c := range badFiles {
			if c.target == n {
				f.Add([]byte(strings.Replace(string(data), c.from, c.to, 1)))
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if tg, err := target.Parse("fuzz", data); err == nil {
			require.NotEmpty(t, tg.Name)
			again, err := target.Parse("again", tg.Marshal())
			require.NoError(t, err)
			require.Equal(t, tg.Marshal(), again.Marshal())
		}
	})
}

func ExampleBuiltin() {
	t, err := target.Builtin("agilio")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Name, t.Core.CodeStart, t.Core.CodeWords)
	// Output: agilio 3072 2560
}
