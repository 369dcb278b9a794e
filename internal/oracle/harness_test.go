package oracle_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/stretchr/testify/require"
)

// faulty is the interpreter with a planted fault: an instruction that breaks
// picks is executed as another one.
type faulty struct {
	name   string
	breaks func(bpf.Insn) (bpf.Insn, bool)
}

func (f faulty) Name() string { return f.name }

func (f faulty) Load(p *object.Program) (oracle.Loaded, error) {
	q := *p
	q.Insns = append([]bpf.Insn{}, p.Insns...)
	for i := range q.Insns {
		if i > 0 && q.Insns[i-1].Wide() {
			continue
		}
		if in, ok := f.breaks(q.Insns[i]); ok {
			q.Insns[i] = in
		}
	}
	return judge.Interpreter{}.Load(&q)
}

// subForXor takes exclusive or for a subtraction.
var subForXor = faulty{"faulty", func(in bpf.Insn) (bpf.Insn, bool) {
	xor := bpf.Xor.Reg(0, 0).Op
	if in.Op == xor {
		in.Op = bpf.Sub.Reg(0, 0).Op
		return in, true
	}
	return in, false
}}

func TestCampaignFindsAFault(t *testing.T) {
	c := &oracle.Campaign{
		N: 300, Jobs: 1, Frames: gen.PacketOptions{Min: 54},
		Harness: &oracle.Harness{Reference: judge.Interpreter{}, Judges: []oracle.Judge{subForXor, faulty{"same", nothing}}},
	}
	s := c.Run(t.Context())
	require.Equal(t, 300, s.Programs)
	require.Equal(t, 1200, s.Runs["same"])
	require.NotEmpty(t, s.Failures)
	for _, f := range s.Failures {
		require.Empty(t, f.Error)
		for _, m := range f.Mismatches {
			require.Equal(t, "faulty", m.Judge)
		}
	}
	_, err := json.Marshal(s)
	require.NoError(t, err)
}

// TestInterrupted: what an interrupted campaign has done counts, and it says that it
// is a part.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &oracle.Campaign{N: 1 << 20, Jobs: 2, Harness: &oracle.Harness{Reference: judge.Interpreter{}}}
	c.Progress = func(int) { cancel() }
	s := c.Run(ctx)
	require.True(t, s.Partial)
	require.GreaterOrEqual(t, s.Programs, 256)
	require.Less(t, s.Programs, c.N)
	require.Equal(t, s.Programs, s.Accepted)
	c.N, c.Progress = 20, nil
	require.False(t, c.Run(t.Context()).Partial)
}

func nothing(in bpf.Insn) (bpf.Insn, bool) { return in, false }

func TestShardsMakeTheWhole(t *testing.T) {
	run := func(shard, shards int) *oracle.Summary {
		c := &oracle.Campaign{
			N: 60, Shard: shard, Shards: shards, NearMiss: 50,
			Harness: &oracle.Harness{Reference: judge.Interpreter{}, Judges: []oracle.Judge{subForXor}},
		}
		return c.Run(t.Context())
	}
	whole := run(0, 0)
	sum, fails := 0, 0
	for i := 1; i <= 3; i++ {
		s := run(i, 3)
		require.Equal(t, 20, s.Programs)
		sum += s.Accepted
		fails += len(s.Failures)
	}
	require.Equal(t, whole.Accepted, sum)
	require.Equal(t, len(whole.Failures), fails)
	require.Equal(t, whole, run(1, 1))
}

// failing returns a case on which the planted fault shows.
func failing(t *testing.T, h *oracle.Harness) *oracle.Case {
	t.Helper()
	c := &oracle.Campaign{N: 200, Harness: h, Jobs: 1}
	s := c.Run(t.Context())
	require.NotEmpty(t, s.Failures)
	cs, _ := c.Case(int(s.Failures[0].Seed))
	return cs
}

func TestShrink(t *testing.T) {
	h := &oracle.Harness{
		Reference: judge.Interpreter{}, Judges: []oracle.Judge{subForXor},
		Witnesses: []oracle.Judge{judge.Interpreter{Fill: 0xa5}},
	}
	big := failing(t, h)
	small := h.Shrink(big, "faulty", oracle.Differs, 5000)
	rep, err := h.Check(small)
	require.NoError(t, err)
	require.Len(t, rep.Mismatches, 1)
	require.Len(t, small.Packets, 1)
	require.Less(t, len(small.Program.Insns), 8)
	require.LessOrEqual(t, len(small.Program.Insns), len(big.Program.Insns))
}

func TestCaseFile(t *testing.T) {
	h := &oracle.Harness{Reference: judge.Interpreter{}, Judges: []oracle.Judge{subForXor}}
	for seed := range uint64(40) {
		c := &oracle.Case{Program: gen.Program(seed, gen.Options{}), Packets: gen.Packets(seed, 3, gen.PacketOptions{})}
		rep, err := h.Check(c)
		require.NoError(t, err)
		path, err := oracle.WriteCase(t.TempDir(), "case", "a planted fault", c, rep)
		require.NoError(t, err)
		r, err := oracle.ReadCase(path)
		require.NoError(t, err)
		require.Equal(t, c.Program.Insns, r.Program.Insns)
		require.Equal(t, c.Packets, r.Packets)
		for k, run := range r.Runs {
			if run != nil {
				require.Equal(t, rep.Runs[k].Redirect, run.Redirect)
				for m, records := range rep.Runs[k].Events {
					require.Len(t, run.Events[m], len(records))
				}
			}
		}
		require.Len(t, r.Program.Funcs, len(c.Program.Funcs))

		// The recorded answers judge as the reference does.
		back := oracle.Harness{Reference: oracle.Replay{Recorded: r}, Judges: []oracle.Judge{judge.Interpreter{}}}
		got, err := back.Check(&r.Case)
		require.NoError(t, err)
		require.Empty(t, got.Mismatches, "seed %d", seed)
	}
}

func TestCaseFileErrors(t *testing.T) {
	good := "name: x\nfound: x\ntype: xdp\naccept: true\ninsns: [b700000000000000, '9500000000000000 | 1 exit']\npackets: []\n"
	tests := []struct{ name, text, want string }{
		{"unknown field", good + "colour: red\n", "colour"},
		{"type", "name: x\nfound: x\ntype: usb\naccept: true\ninsns: []\npackets: []\n", `"usb"`},
		{"short instruction", "name: x\nfound: x\ntype: tc\naccept: true\ninsns: [b7]\npackets: []\n", "instruction 0"},
		{"packet", "name: x\nfound: x\ntype: tc\naccept: true\ninsns: []\npackets: [{in: zz, run: false, verdict: 0, out: ''}]\n", "packet 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yaml")
			require.NoError(t, os.WriteFile(path, []byte(tt.text), 0o644))
			_, err := oracle.ReadCase(path)
			require.ErrorContains(t, err, tt.want)
		})
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(path, []byte(good), 0o644))
	_, err := oracle.ReadCase(path)
	require.NoError(t, err)
}

// panicking is a judge that breaks.
type panicking struct{}

func (panicking) Name() string { return "panicking" }

func (panicking) Load(*object.Program) (oracle.Loaded, error) { panic("out of luck") }

// unable is a judge that cannot do anything.
type unable struct{}

func (unable) Name() string { return "unable" }

func (unable) Load(*object.Program) (oracle.Loaded, error) {
	return nil, &oracle.Refusal{Kind: oracle.NotSupported, Err: errors.New("not supported: anything")}
}

func TestBadJudges(t *testing.T) {
	c := &oracle.Campaign{
		N: 3, Harness: &oracle.Harness{Reference: judge.Interpreter{}, Judges: []oracle.Judge{panicking{}, unable{}}},
	}
	s := c.Run(t.Context())
	require.Len(t, s.Failures, 3)
	require.NotEmpty(t, s.Failures[0].Mismatches)
	require.Equal(t, oracle.Broken, s.Failures[0].Mismatches[0].Kind)
	require.Contains(t, s.Failures[0].String(), "out of luck")
	require.Equal(t, 3, s.NotSupported["unable"]["not supported: anything"])
	require.Zero(t, s.Took["unable"])
}

func FuzzReadCase(f *testing.F) {
	f.Add([]byte("name: x\nfound: x\ntype: xdp\naccept: true\ninsns: [b700000000000000]\npackets: []\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		require.NoError(t, os.WriteFile(path, b, 0o644))
		_, _ = oracle.ReadCase(path)
	})
}
