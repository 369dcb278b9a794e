//go:build linux

package cli

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/internal/vm"
)

func newCardCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "card",
		Short: "Run simulated cards: as processes, or before the kernel's own nfp driver",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCardGuestCmd(), newCardRunCmd(a), newCardListCmd(), newCardStatusCmd(a), newCardStopCmd(a), newCardLogCmd(a), newCardCaptureCmd(a), newCardSaveCmd(a), newCardMetricsCmd())
	return cmd
}

// cardFlags are those of every card.
type cardFlags struct {
	ports []string
	log   string
}

const portHelp = "plug `WHAT` into the next port: none, host[:ADDR], cable, pcap:IN[,OUT] or gen:COUNT[,BYTES] (default two ports with a host)"

func (f *cardFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.ports, "port", nil, portHelp)
	cmd.Flags().StringVar(&f.log, "log", "", "write what the card does to `FILE`")
}

func (f *cardFlags) plugs() []testbed.Plug {
	if len(f.ports) == 0 {
		return []testbed.Plug{"host", "host"}
	}
	var out []testbed.Plug
	for _, p := range f.ports {
		out = append(out, testbed.Plug(p))
	}
	return out
}

// logger opens the log; end closes it.
func (f *cardFlags) logger() (logf func(string, ...any), end func() error, err error) {
	if f.log == "" {
		return nil, func() error { return nil }, nil
	}
	w, err := os.Create(f.log)
	if err != nil {
		return nil, nil, err
	}
	var mu sync.Mutex
	start := time.Now()
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(w, "%9.3f  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}, w.Close, nil
}

type cardGuestFlags struct {
	card    cardFlags
	share   []string
	rw      bool
	faults  []string
	memory  int
	timeout time.Duration
}

func newCardGuestCmd() *cobra.Command {
	var f cardGuestFlags
	cmd := &cobra.Command{
		Use:   "guest [flags] -- COMMAND [ARG]...",
		Short: "Boot a test kernel with a simulated card in it and run a command there",
		Long: `Boot a user-mode Linux kernel with a simulated Agilio card, which the kernel's
own nfp driver brings up as eth0, eth1 and so on, run COMMAND in it as root, and
end with its exit status.

The command sees the host's programs and libraries, and the folders that --share
names; its working folder is the first of them. Run by root, the kernel has the
rights of who called sudo, or of nobody. It is a test bed and no boundary: what
gets the better of the guest's kernel has these rights on the host.

The first call builds the kernel, some minutes on two cores, from Debian's kernel
source package. A build of this command with shared libraries (CGO_ENABLED=1)
needs Go and the source of the module for the guest's first process, too.`,
		Example: `  offload card guest -- ip -br link
  offload card guest --share . -- ./offload attach eth0 prog.o
  offload card guest --port cable --port cable -- sh -c 'ip link set eth0 up; ip link set eth1 up'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("%s needs a command; `%s --help` shows the usage", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return cardGuest(cmd, args, f) },
	}
	f.card.add(cmd)
	cmd.Flags().StringArrayVar(&f.share, "share", nil, "let the guest see the folder `DIR`, at its own path")
	cmd.Flags().BoolVar(&f.rw, "rw", false, "let the guest write to the shared folders")
	cmd.Flags().StringArrayVar(&f.faults, "fault", nil, "let the card go wrong from the start on, for tests: `FAULT` is "+testbed.FaultHelp)
	cmd.Flags().IntVar(&f.memory, "memory", 256, "memory of the guest in `MIB`")
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Hour, "end the guest after this time")
	return cmd
}

func cardGuest(cmd *cobra.Command, args []string, f cardGuestFlags) error {
	dirs, err := testbed.Folders(f.share)
	if err != nil {
		return usageError{err}
	}
	if f.rw && len(dirs) == 0 {
		return usagef("--rw is about the folders of --share, of which there are none")
	}
	faults, err := testbed.NewFaultPlan(f.faults)
	if err != nil {
		return usageError{err}
	}
	logf, end, err := f.card.logger()
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	init, err := testbed.OwnInit()
	if err != nil {
		return err
	}
	g := &testbed.Guest{Ports: f.card.plugs(), Log: logf, Init: init, Faults: faults, Guest: vm.Guest{
		Args: args, Dir: "/", Env: guestEnv(), Memory: f.memory, Timeout: f.timeout,
		Stdout: raw(cmd.OutOrStdout()), Stderr: raw(cmd.ErrOrStderr()),
	}}
	if len(dirs) > 0 {
		g.Dir = dirs[0]
	}
	if f.rw {
		g.Share = dirs
	} else {
		g.See = dirs
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = testbed.RunGuest(ctx, g)
	var exit *vm.ExitError
	if errors.As(err, &exit) {
		return statusError(exit.Status)
	}
	return err
}

// guestEnv is the environment of a command in a guest: the caller's language and
// terminal, and where programs are.
func guestEnv() []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); name == "TERM" || name == "LANG" || strings.HasPrefix(name, "LC_") {
			env = append(env, kv)
		}
	}
	return env
}
