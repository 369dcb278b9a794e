package uml

import (
	"context"
	"errors"
	"net"

	"github.com/skipsw/skipsw/sim/pcie"
)

// ServeAll connects a function to each guest that comes to a socket, one after
// the other, until ctx is done or the listener closes. It returns nil then, and
// the errors of guests to logf.
func ServeAll(ctx context.Context, l *net.UnixListener, f pcie.Function, logf func(format string, args ...any)) error {
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
		if err := Serve(conn, f, logf); err != nil && logf != nil {
			logf("%v", err)
		}
		end()
	}
}
