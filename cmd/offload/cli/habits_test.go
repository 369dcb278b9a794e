package cli

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// TestHabits tests what words become: arguments, and flags that were set.
func TestHabits(t *testing.T) {
	for _, tt := range []struct{ typed, want string }{
		{"attach dev eth0 obj p.o sec s", "attach eth0 p.o --sec=s"},
		{"attach eth0 obj p.o section s", "attach eth0 p.o --sec=s"},
		{"attach dev eth0 xdpoffload obj p.o", "attach eth0 p.o --mode=hw --xdp=true"},
		{"attach dev eth0 xdpgeneric obj p.o verb", "attach eth0 p.o --mode=skb --verbose=true --xdp=true"},
		{"attach dev eth0 xdpdrv pinned /sys/fs/bpf/p", "attach eth0 --mode=drv --pinned=/sys/fs/bpf/p --xdp=true"},
		{"attach dev eth0 ingress pref 1 handle 2 bpf skip_sw da obj p.o sec s", "attach eth0 p.o --handle=2 --mode=hw --pref=1 --sec=s --tc=true"},
		{"attach dev eth0 egress bpf da obj p.o", "attach eth0 p.o --egress=true --tc=true"},
		{"replace dev eth0 ingress prio 1 handle 1 bpf da obj p.o", "replace eth0 p.o --handle=1 --pref=1 --tc=true"},
		{"attach dev p.o", "attach dev p.o"},
		{"attach eth0 p.o", "attach eth0 p.o"},
		{"att eth0 p.o", "attach eth0 p.o"},
		{"detach dev eth0 xdpdrv off", "detach eth0 --mode=drv --xdp=true"},
		{"detach dev eth0 ingress pref 3", "detach eth0 --pref=3 --tc=true"},
		{"show dev eth0", "show eth0"},
		{"list dev eth0", "show eth0"},
		{"show dev", "show dev"},
		{"map show", "map list"},
		{"map show dev eth0", "map list eth0"},
		{"map dump id 5", "map dump 5"},
		{"map dump name flows", "map dump flows"},
		{"map dump pinned /sys/fs/bpf/m", "map dump /sys/fs/bpf/m"},
		{"map lookup id 5 key 1 0 0 0", "map lookup 5 [1 0 0 0]"},
		{"map lookup flows key hex 0a 00 00 01", "map lookup flows hex:0a:00:00:01"},
		{"map update id 5 key 1 0 0 0 value 2 0 0 0 noexist", "map update 5 [1 0 0 0] [2 0 0 0] --noexist=true"},
		{"map delete id 5 key 0x0a 0 0 0", "map delete 5 [0x0a 0 0 0]"},
		{"map update flows 1 2", "map update flows 1 2"},
		{"map update flows -1 -2 --noexist", "map update flows -1 -2 --noexist=true"},
		{"map delete flows -0x10", "map delete flows -0x10"},
		{"map update id 5 key -1 value -2", "map update 5 -1 -2"},
		{"prog show", "prog list"},
		{"prog dump jited id 7", "prog dump nfp 7"},
		{"prog dump xlated id 7 opcodes", "prog dump xlated 7 --opcodes=true"},
		{"prog dump xlated name pass visual", "prog dump xlated pass --visual=true"},
		{"prog dump xlated pass", "prog dump xlated pass"},
		{"dev show", "dev list"},
	} {
		t.Run(tt.typed, func(t *testing.T) {
			got, err := typed(t, tt.typed)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
	for _, tt := range []struct{ typed, want string }{
		{"attach dev eth0 obj", `needs what comes after "obj"`},
		{"attach dev eth0 xdpdrv obj p.o --mode hw", `"xdpdrv" says --mode=drv, and it is hw already`},
		{"attach dev eth0 pref many obj p.o", "pref many: "},
		{"attach dev eth0 obj p.o more", "needs DEV OBJ"},
		{"map lookup id 5 key", `needs what comes after "key"`},
		{"c p.o", `unknown command "c"`}, // card, check, compile, completion, conformance
	} {
		_, err := typed(t, tt.typed)
		require.ErrorContains(t, err, tt.want, tt.typed)
		var u usageError
		require.ErrorAs(t, err, &u, tt.typed)
	}
}

// TestHabitsTable tests that what docs/habits.md lists can be typed.
func TestHabitsTable(t *testing.T) {
	text, err := os.ReadFile("../../../docs/habits.md")
	require.NoError(t, err)
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.Contains(line, "`offload ") {
			continue
		}
		command := strings.Trim(strings.TrimSpace(cells[2]), "`")
		_, err := typed(t, strings.TrimPrefix(command, "offload "))
		require.NoError(t, err, command)
		rows++
	}
	require.Greater(t, rows, 30)
}

// typed returns what a verb gets of a command line, and does not run it.
func typed(t *testing.T, line string) (got string, err error) {
	c := Default()
	a, err := newApp(&c)
	require.NoError(t, err)
	var verbose bool
	root := newVerbs(a, &verbose)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	eachVerb(root, func(verb *cobra.Command) {
		verb.RunE = func(cmd *cobra.Command, args []string) error {
			words := strings.Fields(cmd.CommandPath())[1:]
			for _, a := range args {
				if strings.Contains(a, " ") {
					a = "[" + a + "]"
				}
				words = append(words, a)
			}
			cmd.Flags().Visit(func(f *pflag.Flag) { words = append(words, "--"+f.Name+"="+f.Value.String()) })
			got = strings.Join(words, " ")
			return nil
		}
	})
	teach(root)
	root.SetArgs(shield(root, strings.Fields(line)))
	err = root.Execute()
	return got, err
}
