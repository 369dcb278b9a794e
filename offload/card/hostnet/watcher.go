//go:build linux

package hostnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/sim/network"
)

// Watcher reads the tables of one network namespace. Its methods are for one goroutine
// at a time, whatever its thread's namespace.
type Watcher struct {
	handle *netlink.Handle
	plain  *nl.SocketHandle  // for what handle does not ask for
	news   *nl.NetlinkSocket // the kernel's messages about changes
	number Number
	overs  int // times that messages were lost
}

// Number gives an interface of the namespace the number by which programs know it.
type Number func(name string, index uint32) uint32

// groups are what the kernel tells of: all that tables are made of.
var groups = []uint{
	unix.RTNLGRP_LINK, unix.RTNLGRP_NEIGH, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
	unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE, unix.RTNLGRP_IPV4_NETCONF, unix.RTNLGRP_IPV6_NETCONF,
}

// Open watches the network namespace of the calling thread. Rights that are given up
// later are not missed: anybody may read. number may be nil for the kernel's own
// numbers.
func Open(number Number) (w *Watcher, err error) {
	if number == nil {
		number = func(_ string, index uint32) uint32 { return index }
	}
	w = &Watcher{number: number, plain: &nl.SocketHandle{}}
	defer func() {
		if err != nil {
			w.Close()
			w, err = nil, fmt.Errorf("watch routes by netlink: %w", err)
		}
	}()
	if w.handle, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return w, err
	}
	if w.plain.Socket, err = nl.Subscribe(unix.NETLINK_ROUTE); err != nil {
		return w, err
	}
	w.news, err = nl.Subscribe(unix.NETLINK_ROUTE, groups...)
	return w, err
}

// Close gives the sockets back.
func (w *Watcher) Close() {
	if w.handle != nil {
		w.handle.Close()
	}
	for _, s := range []*nl.NetlinkSocket{w.plain.Socket, w.news} {
		if s != nil {
			s.Close()
		}
	}
}

// settle is how long changes are collected before the tables are read: one command of
// ip makes several.
const settle = 5 * time.Millisecond

// Run calls changed with the tables each time that they are others than before, until
// ctx is done; last is what the caller has. When messages were lost because there were
// too many, the tables are read like after any other: what counts is what the kernel has
// then. late is told why the caller has older tables than the kernel: they could not be
// read, a card cannot hold them, or changed has failed; and nil when it has the newest
// again.
func (w *Watcher) Run(ctx context.Context, last *network.Tables, changed func(*network.Tables) error, late func(error)) error {
	changes, failed := make(chan struct{}, 1), make(chan error, 1)
	stop := context.AfterFunc(ctx, w.news.Close)
	defer stop()
	go func() { failed <- w.listen(changes) }()
	for {
		select {
		case <-ctx.Done():
			<-failed
			return nil
		case err := <-failed:
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("watch routes by netlink: %w", err)
		case <-changes:
		}
		select {
		case <-ctx.Done():
			continue
		case <-time.After(settle):
		}
		t, err := w.Tables()
		if err == nil && !reflect.DeepEqual(t, last) {
			if err = changed(t); err == nil {
				last = t
			}
		}
		late(err)
	}
}

// listen notes that there are changes, whatever they are, until the socket is closed.
func (w *Watcher) listen(changes chan<- struct{}) error {
	for {
		_, _, err := w.news.Receive()
		switch {
		case errors.Is(err, unix.ENOBUFS):
			w.overs++
		case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
			continue
		case errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return err
		}
		select {
		case changes <- struct{}{}:
		default:
		}
	}
}

// tries is how often tables that change while they are read are read anew.
const tries = 100

// Tables reads all tables. An error says what of them a card cannot hold.
func (w *Watcher) Tables() (t *network.Tables, err error) {
	for range tries {
		if t, err = w.read(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the kernel's tables: %w", err)
	}
	return t, nil
}

// dump asks for all objects of a type and family.
func (w *Watcher) dump(ask int, answer uint16, family int) ([][]byte, error) {
	req := nl.NewNetlinkRequest(ask, unix.NLM_F_DUMP)
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: w.plain}
	req.AddData(nl.NewIfInfomsg(family))
	return req.Execute(unix.NETLINK_ROUTE, answer)
}
