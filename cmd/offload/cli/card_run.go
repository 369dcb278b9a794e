//go:build linux

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/offload/card/hostnet"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/ports"
	"github.com/skipsw/skipsw/sim/tunnel"
)

// cardRunFlags are those of a card in a process of its own. Some are for one of
// the two kinds of it.
type cardRunFlags struct {
	card  cardFlags
	pci   string
	name  string
	hosts []string
	fast  bool
	until bool
	force bool

	target  string
	restore string
	routes  networkFlags
	limits  card.Limits
	memory  uint64
}

// Flags that are for a card with --pci, and for one without.
var cardAlone = []string{"name", "host", "fast", "until-done", "force", "target", "restore", "routes", "max-clients", "max-maps", "max-programs", "max-memory"}

func newCardRunCmd(a *app) *cobra.Command {
	var f cardRunFlags
	cmd := &cobra.Command{
		Use:   "run --name NAME --port WHAT... | --pci uml:SOCKET|vfio-user:SOCKET",
		Short: "Run a simulated card whose programs real packets pass through, or one for guests",
		Long:  cardRunHelp(),
		Example: `  offload card run --name card0 --port tap:a0 --port tap:a1
  offload card run --name card0 --port unix:/tmp/vm0 --host pcap:,host.pcap
  offload card run --name card0 --port pcap:in.pcap,out.pcap --fast --until-done
  offload card run --name card0 --port tap:a0 --port tap:a1,tunnel=vxlan --routes net.json
  offload card run --name card0 --port netdev:v0 --host tap:h0 --port netdev:v1 --host tap:h1 --routes netlink
  offload card run --pci uml:/tmp/card --port host`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.pci != "" {
				return cardForGuests(cmd, &f)
			}
			return cardProcess(a, cmd, &f)
		},
	}
	f.card.add(cmd)
	fl := cmd.Flags()
	fl.Lookup("port").Usage = "connect the next port to `WHAT`"
	fl.StringVar(&f.pci, "pci", "", "how guests get the card, a `TRANSPORT:SOCKET` whose path must not exist")
	fl.StringVar(&f.name, "name", "", "`NAME` of the card: verbs take it as sim:NAME")
	fl.StringArrayVar(&f.hosts, "host", nil, "what plays the host of the next port, a `WHAT` as for --port, port:N to send by port N what the host gets, or none")
	fl.BoolVar(&f.fast, "fast", false, "let captures and generators be as fast as the card, instead of keeping to their times and rates")
	fl.BoolVar(&f.until, "until-done", false, "end when all captures and generators have ended")
	fl.BoolVar(&f.force, "force", false, "take the interface of the default route, too")
	fl.StringVar(&f.target, "target", "skipsw", "target: "+strings.Join(a.targetNames(), ", ")+" or the path of a target `file`")
	fl.StringVar(&f.restore, "restore", "", "begin with the program and maps of a `CHECKPOINT` that card save has written")
	f.routes.add(cmd)
	fl.Lookup("routes").Usage += "; " + fromKernel + " takes the kernel's own, now and whenever they change"
	fl.IntVar(&f.limits.Clients, "max-clients", 64, "number `N` of clients at a time")
	fl.IntVar(&f.limits.Maps, "max-maps", 256, "number `N` of maps")
	fl.IntVar(&f.limits.Programs, "max-programs", 64, "number `N` of programs")
	fl.Uint64Var(&f.memory, "max-memory", 512, "memory for maps in `MIB`, counted for each program that uses them")
	return cmd
}

// cardRunHelp describes both kinds of card.
func cardRunHelp() string {
	var b strings.Builder
	b.WriteString(`Run a simulated card: the verbs attach programs to sim:NAME, and what comes in at
its ports goes through them. It ends on an interrupt, SIGTERM or card stop, when
the frames that are on it have left.

Ports are:

`)
	for _, k := range ports.Kinds() {
		fmt.Fprintf(&b, "  %s\n        %s\n", k.Form, k.Short)
	}
	b.WriteString(`
With ,tunnel=vxlan[:UDP], ,tunnel=geneve[:UDP] or ,tunnel=ipip behind it a port is
in tunnel mode: what arrives for the addresses in --routes loses its outer
headers, which become the frame's tunnel key, and what a program sends there
gets those that its key asks for, by the routes and neighbours in --routes.

With --routes netlink programs find the links, routes, rules and neighbours of the
card's network namespace, and each change of them. The interface that plays a port's
host (--host tap:NAME), or else that at its wire, is the port's there.

What a program lets pass goes to the host of the port (--host), as does every
packet while nothing is attached. Without --host, a card with two ports has a host
that sends by the one port what it gets from the other; otherwise nobody plays
the host, and what it gets is counted. Captures and generators begin with the
first program.

Ports are opened first; run by root, the card then gives up its rights and
becomes who called sudo, or nobody.

With --pci it is a simulated Agilio card for guests, one after the other; with
each the card is as after power-up. --port is then what card guest has.

  uml:SOCKET        user-mode Linux gets it with the kernel parameter
                    virtio_uml.device=SOCKET:1234
  vfio-user:SOCKET  virtual machines get it by the vfio-user protocol;
                    experimental: no packaged QEMU has tried it`)
	return b.String()
}

// cardForGuests runs a card as a PCI function.
func cardForGuests(cmd *cobra.Command, f *cardRunFlags) error {
	for _, name := range cardAlone {
		if cmd.Flags().Changed(name) {
			return usagef("--%s is for a card without --pci", name)
		}
	}
	kind, path, _ := strings.Cut(f.pci, ":")
	transport := testbed.Transport(kind)
	if err := transport.Check(); err != nil || path == "" {
		return usagef("--pci %q: the transport is uml:SOCKET or vfio-user:SOCKET", f.pci)
	}
	logf, end, err := f.card.logger()
	if err != nil {
		return err
	}
	defer func() { _ = end() }()
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	plugs := f.card.plugs()
	fmt.Fprintf(cmd.OutOrStdout(), "card with %d ports at %s\n", len(plugs), path)
	return testbed.Serve(ctx, transport, l, plugs, logf)
}

// cardProcess runs a card that programs are attached to by its name.
func cardProcess(a *app, cmd *cobra.Command, f *cardRunFlags) (err error) {
	switch {
	case f.name == "":
		return usagef("%s needs the --name of the card, or --pci for a card that guests get", cmd.CommandPath())
	case len(f.card.ports) == 0:
		return usagef("%s needs a --port", cmd.CommandPath())
	case len(f.hosts) > len(f.card.ports):
		return usagef("%d times --host for %d ports", len(f.hosts), len(f.card.ports))
	case min(f.limits.Clients, f.limits.Maps, f.limits.Programs) < 1 || f.memory < 1 || f.memory > 1<<20:
		return usagef("--max-clients, --max-maps, --max-programs and --max-memory are numbers above 0")
	}
	f.limits.Memory = f.memory << 20
	s := card.Spec{Name: f.name, Limits: f.limits}
	if s.Target, err = a.target(f.target); err != nil {
		return err
	}
	if f.routes.routes != fromKernel {
		if s.Network, err = f.routes.read(&a.streams); err != nil {
			return err
		}
	}
	var saved []byte
	if f.restore != "" {
		if saved, err = infile.Read(f.restore, "a checkpoint", infile.Capture); err != nil {
			return err
		}
	}
	var logs io.Writer = cmd.ErrOrStderr()
	if f.card.log != "" {
		w, err := os.Create(f.card.log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.Close()) }()
		logs = w
	}
	s.Log = card.NewLog(logs)
	me := card.Unprivileged()
	place, err := card.OwnFolder().Claim(f.name, me.UID, me.GID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, place.Release()) }()
	control, err := place.Listen(me.UID, me.GID)
	if err != nil {
		return err
	}
	defer control.Close()
	s.Ports, err = f.open(ports.Options{Paced: !f.fast, Force: f.force, UID: me.UID, GID: me.GID, Log: s.Log.Printf})
	if err != nil {
		return err
	}
	if err := f.checkUntil(s.Ports); err != nil {
		return errors.Join(err, closePorts(s.Ports))
	}
	var host *hostnet.Watcher
	if f.routes.routes == fromKernel {
		if host, err = watchHost(&s); err != nil {
			return errors.Join(err, closePorts(s.Ports))
		}
		defer host.Close()
	}
	if err := me.Become(); err != nil {
		return errors.Join(err, closePorts(s.Ports))
	}
	c, err := card.New(s)
	if err != nil {
		return errors.Join(err, closePorts(s.Ports))
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	following := make(chan error, 1)
	go func() { following <- followHost(ctx, host, c, s.Network) }()
	if saved != nil {
		if err := c.Restore(ctx, saved); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", f.restore, err), closePorts(s.Ports))
		}
	}
	serving := make(chan error, 1)
	go func() { serving <- c.Serve(control, me.UID) }()
	f.ready(cmd, c, me, place)
	err = c.Run(ctx, f.until)
	s.Log.Printf("ends")
	stop()
	return errors.Join(err, <-serving, <-following)
}

// fromKernel is the word of --routes for the tables that the kernel has now, and from
// then on.
const fromKernel = "netlink"

// watchHost takes the network that the card begins with from the kernel.
func watchHost(s *card.Spec) (*hostnet.Watcher, error) {
	all := s.Ports
	w, err := hostnet.Open(func(name string, index uint32) uint32 { return card.Interface(all, name, index) })
	if err != nil {
		return nil, err
	}
	if s.Network, err = w.Tables(); err != nil {
		w.Close()
		return nil, fmt.Errorf("--routes %s: %w", fromKernel, err)
	}
	return w, nil
}

// followHost lets the card have what changes, until ctx is done.
func followHost(ctx context.Context, w *hostnet.Watcher, c *card.Card, began *network.Tables) error {
	if w == nil {
		return nil
	}
	err := w.Run(ctx, began, c.SetNetwork, c.RoutesLate)
	if err != nil {
		c.Stop() // its routes would be out of date and nobody would know
	}
	return err
}

// ready says that the card can be used.
func (f *cardRunFlags) ready(cmd *cobra.Command, c *card.Card, me card.Identity, place *card.Place) {
	st := c.Status()
	w := cmd.OutOrStdout()
	for _, p := range st.Ports {
		fmt.Fprintf(w, "port %d: %s, host: %s\n", p.Port, p.Wire, p.Host)
	}
	fmt.Fprintf(w, "sim:%s is ready: target %s, rights of %s, control in %s\n", st.Name, st.Target, me.Who, place.Path())
	if err := card.Notify("READY=1"); err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), err)
	}
}

// open opens all ports, or none.
func (f *cardRunFlags) open(o ports.Options) (all []card.Port, err error) {
	for n, words := range f.card.ports {
		p := card.Port{Name: words, Bridge: -1}
		words, mode, is := strings.Cut(words, tunnelSuffix)
		if is {
			if p.Tunnel, err = tunnel.ParsePort(mode); err != nil {
				return nil, errors.Join(usagef("--port %s: %v", p.Name, err), closePorts(all))
			}
		}
		if p.Wire, err = ports.Open(words, o); err != nil {
			return nil, errors.Join(err, closePorts(all))
		}
		all = append(all, p)
		if err := f.openHost(&all[n], n, o); err != nil {
			return nil, errors.Join(err, closePorts(all))
		}
	}
	return all, nil
}

// tunnelSuffix stands between a port's words and its tunnel mode.
const tunnelSuffix = ",tunnel="

// openHost opens the host of a port.
func (f *cardRunFlags) openHost(p *card.Port, n int, o ports.Options) (err error) {
	if f.hosts == nil && len(f.card.ports) == 2 {
		p.Bridge = 1 - n
	}
	if n >= len(f.hosts) || f.hosts[n] == "none" {
		return nil
	}
	p.HostName = f.hosts[n]
	if to, ok := strings.CutPrefix(p.HostName, "port:"); ok {
		if p.Bridge, err = strconv.Atoi(to); err != nil || p.Bridge < 0 || p.Bridge >= len(f.card.ports) {
			return usagef("--host %s: ports are 0 to %d", p.HostName, len(f.card.ports)-1)
		}
		return nil
	}
	p.Host, err = ports.Open(p.HostName, o)
	return err
}

// checkUntil refuses --until-done without anything that ends.
func (f *cardRunFlags) checkUntil(all []card.Port) error {
	for _, p := range all {
		if p.Wire.Finite() || p.Host != nil && p.Host.Finite() {
			return nil
		}
	}
	if f.until {
		return usagef("--until-done is for captures and generators, of which there are none")
	}
	return nil
}

func closePorts(all []card.Port) error {
	var errs []error
	for _, p := range all {
		errs = append(errs, p.Wire.Close())
		if p.Host != nil {
			errs = append(errs, p.Host.Close())
		}
	}
	return errors.Join(errs...)
}

// withCard opens a running card for do. Its name may have the prefix of devices.
func withCard(cmd *cobra.Command, name string, do func(ctx context.Context, c *runningCard) error) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, err := card.Open(ctx, strings.TrimPrefix(name, "sim:"))
	if err != nil {
		return err
	}
	defer c.Close()
	return do(ctx, c)
}
