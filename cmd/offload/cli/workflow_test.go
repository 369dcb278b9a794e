package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// command builds the command once and returns the folder that has it.
func command(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "offload"), "../../offload").CombinedOutput()
	require.NoError(t, err, string(out))
	return dir
}

// shell runs a script with the command in its path.
func shell(t *testing.T, bin, dir, script string, env ...string) error {
	t.Helper()
	cmd := exec.Command("bash", "-ec", script)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")), env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	return err
}

// workflow is what the tests read of docs/ci/bench.yml.
type workflow struct {
	Env  map[string]string
	Jobs map[string]struct {
		Steps []struct{ Name, Run string }
	}
}

// TestGate runs the workflow's own step in a repository: green, then red for a
// program that behaves otherwise, and for one that is slower.
func TestGate(t *testing.T) {
	data, err := os.ReadFile("../../../docs/ci/bench.yml")
	require.NoError(t, err)
	var w workflow
	require.NoError(t, yaml.Unmarshal(data, &w))
	script := ""
	for _, s := range w.Jobs["gate"].Steps {
		if s.Name == "run and measure" {
			script = s.Run
		}
	}
	require.NotEmpty(t, script)
	var env []string
	for k, v := range w.Env {
		env = append(env, k+"="+v)
	}
	bin, dir := command(t), t.TempDir()
	for _, d := range []string{"bpf", "test"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, d), 0o777))
	}
	samples, err := filepath.Abs("../../../testdata")
	require.NoError(t, err)
	require.NoError(t, shell(t, bin, dir, `
		cp `+samples+`/bpf/l2_swap_tx.o bpf/x.o
		gzip <`+samples+`/pcap/l2_swap_tx.pcap >test/x.pcap.gz
		offload run --record test/x.want.json --pcap test/x.pcap.gz bpf/x.o
		offload bench --json bpf/x.o >test/x.bench.json`))
	require.NoError(t, shell(t, bin, dir, script, env...))
	require.FileExists(t, filepath.Join(dir, "result", "x.xml"))
	require.NoError(t, shell(t, bin, dir, "cp "+samples+"/bpf/pass.o bpf/x.o"))
	require.Error(t, shell(t, bin, dir, script, env...), "another program")
	require.NoError(t, shell(t, bin, dir, "rm test/x.want.json; cp "+samples+"/bpf/deep_parse.o bpf/x.o"))
	require.Error(t, shell(t, bin, dir, script, env...), "a larger program")
}

// TestIndexedJob runs the pods of docs/scale/job.yaml one after the other, at fewer
// points, and joins what they write.
func TestIndexedJob(t *testing.T) {
	data, err := os.ReadFile("../../../docs/scale/job.yaml")
	require.NoError(t, err)
	var job struct {
		Spec struct {
			Completions int
			Template    struct {
				Spec struct {
					Containers []struct {
						Args []string
						Env  []struct{ Name, Value string }
					}
				}
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(data, &job))
	pod := job.Spec.Template.Spec.Containers[0]
	require.Equal(t, "8", pod.Env[0].Value)
	require.Equal(t, 8, job.Spec.Completions)
	bin, dir := command(t), t.TempDir()
	program, err := filepath.Abs("../../../testdata/bpf/l2_swap_tx.o")
	require.NoError(t, err)
	script := pod.Args[0]
	for from, to := range map[string]string{
		"/programs/prog.o": program, "/results": dir, "offload bench": "offload bench --packets 500", "--sweep flows=1,1000,1000000": "", "cores=1..50": "cores=1,2",
	} {
		require.Contains(t, script, from)
		script = strings.ReplaceAll(script, from, to)
	}
	for k := range job.Spec.Completions {
		require.NoError(t, shell(t, bin, dir, script, "SHARDS=8", "JOB_COMPLETION_INDEX="+string(rune('0'+k))))
	}
	out, err := exec.Command("bash", "-ec", bin+"/offload merge "+dir+"/*.json").Output()
	require.NoError(t, err)
	var whole benchReport
	require.NoError(t, json.NewDecoder(bytes.NewReader(out)).Decode(&whole))
	require.Len(t, whole.Points, 12)
}
