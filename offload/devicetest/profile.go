package devicetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
)

// profile watches a program that counts in a map while packets run: the map loses
// nothing, and the words that were executed for each packet say so.
func profile(t *testing.T, d offload.Device) {
	profiler, err := offload.AsProfiler(d)
	if err != nil {
		require.ErrorIs(t, err, offload.ErrNotSupported)
		return
	}
	run, err := offload.AsPacketRunner(d)
	require.NoError(t, err, "what watches words runs packets here")
	_, err = profiler.Profile(t.Context(), time.Millisecond)
	require.Error(t, err, "nothing is attached")
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: counting("first", hash("counts"))})
	require.NoError(t, err)
	store, err := offload.AsMapStore(d)
	require.NoError(t, err)
	m, err := store.OpenMap(t.Context(), res.Attachment.Maps[0].ID)
	require.NoError(t, err)
	defer m.Close()
	require.NoError(t, m.Update(key(0), value(0), newEntry))

	ctx, stop := context.WithCancel(t.Context())
	sent := make(chan uint64)
	go func() {
		n := uint64(0)
		for ctx.Err() == nil {
			if _, err := run.RunPacket(t.Context(), offload.Packet{Data: bytes.Repeat([]byte{8, 0}, 32)}); err != nil {
				break
			}
			n++
		}
		sent <- n
	}()
	p, err := profiler.Profile(t.Context(), 200*time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, res.Attachment.ID, p.Program)
	require.Positive(t, p.Packets)
	require.Len(t, p.Count, len(p.Image.Words))
	require.Equal(t, p.Packets, p.Count[p.Image.Programs[0].Entry], "each packet begins once")
	require.GreaterOrEqual(t, p.Cycles[p.Image.Programs[0].Entry], p.Packets)

	// A replacement ends a profile.
	ended := make(chan error, 1)
	go func() {
		for {
			_, err := profiler.Profile(t.Context(), time.Minute)
			if !errors.Is(err, offload.ErrBusy) {
				ended <- err
				return
			}
			time.Sleep(tickFreed / 4) // the look below was first
		}
	}()
	require.Eventually(t, func() bool {
		_, err := profiler.Profile(t.Context(), time.Millisecond)
		return err != nil
	}, waitFreed, tickFreed, "one watches at a time")
	_, err = offload.Replace(t.Context(), d, offload.Request{Program: counting("second", hash("counts"))})
	require.NoError(t, err)
	require.NoError(t, <-ended)
	stop()
	n := <-sent
	v, err := m.Lookup(key(0))
	require.NoError(t, err)
	require.Equal(t, value(n), v, "every packet is counted")
	_, err = offload.Detach(t.Context(), d, offload.DetachRequest{})
	require.NoError(t, err)
}
