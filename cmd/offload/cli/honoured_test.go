package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHonoured tests that flags and inputs that could not be honoured are
// refused as wrong usage, and name what is wrong.
func TestHonoured(t *testing.T) {
	const obj, pcap = "../../../testdata/bpf/count_by_proto.o", "../../../testdata/pcap/count_by_proto.pcap"
	img := filepath.Join(t.TempDir(), "prog.nfp")
	run := func(args ...string) (int, string) {
		var out, says strings.Builder
		c := Default()
		c.Args, c.Stdin, c.Stdout, c.Stderr = args, strings.NewReader(""), &out, &says
		return Main(c), says.String()
	}
	code, says := run("compile", "-o", img, obj)
	require.Zero(t, code, says)
	for _, tt := range []struct {
		args string
		want string
	}{
		{"bogus", `offload: unknown command "bogus"; `},
		{"map bogus", `unknown command "map bogus"; `},
		{"help nosuch", `unknown command "nosuch"; `},
		{"diff --n 0", "--n is a number from 1 to"},
		{"diff --n 1 --packets 1000000000", "--packets is a number from 1 to 10000"},
		{"diff --n 1 --packets 10000 --jobs 1000", "--packets 10000 for --jobs 1000 are more than 100000 packets at once"},
		{"diff --n 1 --near-miss 1000", "--near-miss is a number from 0 to 100"},
		{"diff --n 1 --size -5", "--size is a number from 0"},
		{"diff --n 1 --jobs -1", "--jobs is a number from 0"},
		{"diff --n 1 --isa 9", "--isa is a number from 0 to 4"},
		{"diff --n 1 --shard 1/2x", `--shard "1/2x" is not i/n`},
		{"diff --n 1 --shard 3/2", `--shard "3/2" is not i/n`},
		{"diff --n 1 --target=", "at least one each"},
		{"diff --n 1 --level=", "at least one each"},
		{"compile --shard 1/2 " + obj, "--shard is for a folder, and " + obj + " is none"},
		{"compile --shard 3/2 " + filepath.Dir(obj), `--shard "3/2" is not i/n`},
		{"compile --set a=1 " + filepath.Dir(obj), "--set is for one object, and " + filepath.Dir(obj) + " is a folder"},
		{"compile -o x.nfp " + filepath.Dir(obj), "--output is for one object"},
		{"compile --set port " + obj, `--set takes NAME=VALUE, not "port"`},
		{"check --set a=1 --set a=2 " + obj, "--set a stands twice"},
		{"compile --map-size protos=-1 " + obj, "--map-size protos=-1: a number of entries is from 0 to 4294967295"},
		{"run --set a=1 --pcap " + pcap + " " + img, "--set is for compiling"},
		{"run --hot 2 --json --pcap " + pcap + " " + obj, "leave out --json"},
		{"run --target agilio --pcap " + pcap + " " + img, "--target is for compiling, and " + img + " is an image"},
		{"disasm --type xdp " + img, "--type is for compiling"},
		{"compile --type tc " + obj, "--type tc: the section of program count_by_proto says that it is xdp"},
		{"run --type tc --pcap " + pcap + " " + obj, "--type tc: the section of program count_by_proto says that it is xdp"},
		{"detach sim:card0 --xdp --pref 1", "--pref and --handle are for tc"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			code, says := run(strings.Fields(tt.args)...)
			require.Equal(t, exitUsage, code, says)
			require.Contains(t, says, tt.want)
		})
	}
	code, says = run("attach", "sim:card0", obj, "--pref", "3")
	require.Equal(t, exitInput, code)
	require.Contains(t, says, "are for tc; XDP has a mode only")
	code, _ = run("help", "map", "list")
	require.Equal(t, exitDone, code)
}
