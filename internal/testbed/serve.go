package testbed

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/skipsw/skipsw/sim/pcie"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/sim/pcie/uml"
	"github.com/skipsw/skipsw/sim/pcie/vfiouser"
)

// Transport is how guests get a card.
type Transport string

// The transports.
const (
	UML      Transport = "uml"       // user-mode Linux
	VFIOUser Transport = "vfio-user" // virtual machines; experimental
)

// transports serve a function to one guest on a connection.
var transports = map[Transport]func(*net.UnixConn, pcie.Function, func(string, ...any)) error{
	UML: uml.Serve, VFIOUser: vfiouser.Serve,
}

// Check reports whether there is such a transport.
func (t Transport) Check() error {
	if transports[t] == nil {
		return fmt.Errorf("no transport %q; there are %s and %s", string(t), UML, VFIOUser)
	}
	return nil
}

// Serve runs a card for the guests that come to a socket, one after the other,
// until ctx is done.
func Serve(ctx context.Context, t Transport, l *net.UnixListener, ports []Plug, logf func(format string, args ...any)) error {
	if err := t.Check(); err != nil {
		return err
	}
	plugs, err := NewPlugs(ports)
	if err != nil {
		return err
	}
	c, _, err := newCard(Spec{Options: nfp.Options{Ports: len(ports), Log: logf, Changed: plugs.Changed}})
	if err != nil {
		return errors.Join(err, plugs.Close())
	}
	defer c.Close()
	plugs.Attach(c)
	err = serveAll(ctx, t, l, c, logf)
	return errors.Join(err, plugs.Close())
}

// serveAll connects a function to each guest that comes to a socket, until ctx is
// done or the listener closes. It returns nil then, and the errors of guests to
// logf.
func serveAll(ctx context.Context, t Transport, l *net.UnixListener, f pcie.Function, logf func(format string, args ...any)) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		conn, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		end := context.AfterFunc(ctx, func() { _ = conn.Close() })
		if err := transports[t](conn, f, logf); err != nil && logf != nil {
			logf("%v", err)
		}
		end()
	}
}
