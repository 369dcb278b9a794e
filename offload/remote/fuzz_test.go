package remote_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/remote"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// message is a message of the protocol.
func message(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// FuzzServe sends any bytes behind a greeting: the server answers or ends the
// connection, and what the client had is given back.
func FuzzServe(f *testing.F) {
	ask := func(op string, args any) []byte { return message(map[string]any{"op": op, "args": args}) }
	m := map[string]any{"Name": "m", "Type": bpf.MapTypeHash, "KeySize": 4, "ValueSize": 8, "MaxEntries": 2}
	f.Add(bytes.Join([][]byte{
		ask("map.new", map[string]any{"map": m}), ask("map.update", map[string]any{"handle": 1, "key": make([]byte, 4), "value": make([]byte, 8)}),
		ask("map.batch", map[string]any{"handle": 1, "first": true}), ask("map.next", map[string]any{"handle": 1, "first": true}), ask("map.list", nil),
	}, nil))
	p := &offload.Program{Program: &object.Program{
		Name: "p", Type: object.XDP, License: "GPL", Insns: []bpf.Insn{bpf.Mov.Imm(bpf.R0, 2), bpf.Return()}, Funcs: []object.Func{{Name: "p"}},
	}}
	cards := simdev.New(simdev.Spec{})
	d, err := cards.Open("fuzz")
	require.NoError(f, err)
	p, err = p.Compiled(d.Target())
	require.NoError(f, err)
	packed, err := remote.Pack(p)
	require.NoError(f, err)
	f.Add(bytes.Join([][]byte{
		ask("load", map[string]any{"program": packed}), ask("attach", map[string]any{"handle": 1, "hook": offload.Hook{Type: object.XDP}}),
		ask("run packet", offload.Packet{Data: make([]byte, 60)}), ask("attached", nil), ask("stats", nil), ask("code", map[string]any{"id": 1}),
		ask("detach", map[string]any{"Type": 1, "ID": 1}), ask("close", map[string]any{"handle": 1}),
	}, nil))
	f.Add([]byte{0, 0, 0, 2, '{', '}'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := simdev.New(simdev.Spec{}).Open("fuzz")
		require.NoError(t, err)
		here, there := net.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- remote.NewServer(d, nil).Serve(there) }()
		go func() { _, _ = io.Copy(io.Discard, here) }()
		_, _ = here.Write(message(map[string]any{"protocol": "skipsw-card", "version": remote.Version}))
		_, _ = here.Write(b)
		require.NoError(t, here.Close())
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Fatal("the server does not end with its client")
		}
		all, err := d.Attached(t.Context())
		require.NoError(t, err)
		maps, err := d.Maps(t.Context(), offload.OnDevice)
		require.NoError(t, err)
		held := 0
		for _, a := range all {
			held += len(a.Maps)
		}
		require.Len(t, maps, held, "maps that nobody holds are gone")
	})
}
