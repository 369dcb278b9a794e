package e2e

import (
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/offload/kernel"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// faults is hosts, with a card that goes wrong on demand.
func faults(b *testbed.Bed) orders {
	o := hosts(b)
	o["faults"] = func(arg json.RawMessage) (any, error) {
		var f nfp.Faults
		err := json.Unmarshal(arg, &f)
		b.Card.SetFaults(f)
		return nil, err
	}
	o["events"] = func(arg json.RawMessage) (any, error) {
		var n int
		err := json.Unmarshal(arg, &n)
		b.Card.SendEvents(nfp.Event{Map: 1, Data: make([]byte, 64)}, n)
		return nil, err
	}
	return o
}

// command runs a program of the host and returns what it prints.
func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.Join(strings.Fields(string(out)), " ")
}

// counter returns a counter of eth0.
func counter(t testing.TB, name string) uint64 {
	t.Helper()
	d, err := kernel.Open("eth0", kernel.Options{})
	require.NoError(t, err)
	defer d.Close()
	all, err := d.Stats(t.Context())
	require.NoError(t, err)
	var names []string
	for _, c := range all {
		if c.Name == name {
			return c.Value
		}
		names = append(names, c.Name+"="+strconv.FormatUint(c.Value, 10))
	}
	require.Fail(t, "no counter "+name, strings.Join(names, " "))
	return 0
}
