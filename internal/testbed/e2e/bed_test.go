// Package e2e runs the kernel's own nfp driver on a simulated card: each test in
// a guest kernel of its own, with a card of its own beside it in the test's
// process on the host.
package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
)

// ordersEnv tells the guest where it gives orders to the host's side of a test.
const ordersEnv = "SKIPSW_ORDERS"

// startEnv tells the guest when it was asked for, in nanoseconds since 1970.
const startEnv = "SKIPSW_START"

// orders is the host's side of a test: what the guest can ask for, by name. A
// function gets the order's argument as JSON and returns the answer.
type orders map[string]func(arg json.RawMessage) (any, error)

// order is one order on its way, an answer one back: files in a folder that
// both sides see.
type (
	order struct {
		Name string
		Arg  json.RawMessage
	}
	answer struct {
		Value json.RawMessage
		Error string
	}
)

// inGuest runs the calling test in a guest with a card, and reports whether the
// caller is the copy in the guest. host makes the orders that the guest can give
// when the card is there.
func inGuest(t *testing.T, spec testbed.Spec, host func(b *testbed.Bed) orders, change ...func(g *vm.Guest)) bool {
	t.Helper()
	if vm.InGuest() {
		return true
	}
	log := &cardLog{start: time.Now()}
	spec.Options.Log = log.add
	if spec.Options.Ports == 0 {
		spec.Options.Ports = 2
	}
	b, err := testbed.New(spec)
	require.NoError(t, err)
	dir := t.TempDir()
	var serve orders
	if host != nil {
		serve = host(b)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		serve.run(dir, stop)
	}()
	vmtest.InsideGuest(t, func(g *vm.Guest) {
		require.NoError(t, b.Admit(g))
		g.Share = append(g.Share, dir)
		g.Env = append(g.Env, ordersEnv+"="+dir, fmt.Sprint(startEnv, "=", time.Now().UnixNano()))
		g.Timeout = 20 * time.Minute
		for _, f := range change {
			f(g)
		}
	})
	close(stop)
	<-stopped
	require.NoError(t, b.Close())
	if t.Failed() {
		t.Log(log.tail())
	}
	return false
}

// cardLog keeps what the card did.
type cardLog struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

// logLines is how much of the card's log a failed test shows.
const logLines = 60

func (l *cardLog) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%8.3f  ", time.Since(l.start).Seconds())+fmt.Sprintf(format, args...))
}

func (l *cardLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return "the card's log ends:\n" + strings.Join(l.lines[max(0, len(l.lines)-logLines):], "\n")
}

// pollEvery is how often a side looks whether the other one has written.
const pollEvery = 300 * time.Microsecond

func (o orders) run(dir string, stop <-chan struct{}) {
	for n := 0; ; {
		select {
		case <-stop:
			return
		case <-time.After(pollEvery):
		}
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.order", n)))
		if err != nil {
			continue
		}
		text, _ := json.Marshal(o.serve(b))
		_ = put(filepath.Join(dir, fmt.Sprintf("%d.answer", n)), text)
		n++
	}
}

func (o orders) serve(b []byte) (a answer) {
	var in order
	err := json.Unmarshal(b, &in)
	f := o[in.Name]
	if err == nil && f == nil {
		err = fmt.Errorf("no order %q", in.Name)
	}
	var v any
	if err == nil {
		v, err = f(in.Arg)
	}
	if err == nil {
		a.Value, err = json.Marshal(v)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

// put writes a file that appears whole.
func put(path string, b []byte) error {
	if err := os.WriteFile(path+".part", b, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

var asked int

// ask gives an order from inside the guest and waits for the answer.
func ask(t testing.TB, name string, arg, value any) {
	t.Helper()
	text, err := json.Marshal(arg)
	require.NoError(t, err)
	text, err = json.Marshal(order{name, text})
	require.NoError(t, err)
	path := filepath.Join(os.Getenv(ordersEnv), fmt.Sprint(asked))
	asked++
	require.NoError(t, put(path+".order", text))
	for end := time.Now().Add(answerWait); ; time.Sleep(pollEvery) {
		text, err = os.ReadFile(path + ".answer")
		if err == nil {
			break
		}
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.True(t, time.Now().Before(end), "no answer to order %s", name)
	}
	var a answer
	require.NoError(t, errors.Join(json.Unmarshal(text, &a), os.Remove(path+".answer"), os.Remove(path+".order")))
	require.Empty(t, a.Error, name)
	if value != nil {
		require.NoError(t, json.Unmarshal(a.Value, value))
	}
}
