package card_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/offload/remote"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/translate/object"
)

// checkpointOf returns the checkpoint of a card that runs a sample, as a card
// writes it.
func checkpointOf(t testing.TB, sample, program string) map[string]any {
	d, err := simdev.New(simdev.Spec{}).Open("saved")
	require.NoError(t, err)
	p, err := offload.ReadProgram(filepath.Join("..", "..", "testdata", "bpf", sample+".o"), "", program, object.Options{})
	require.NoError(t, err)
	_, err = offload.Attach(t.Context(), d, offload.Request{Program: p})
	require.NoError(t, err)
	s, err := d.State()
	require.NoError(t, err)
	packed, err := remote.Pack(s.Program)
	require.NoError(t, err)
	b, err := json.Marshal(map[string]any{
		"format": "skipsw card checkpoint", "version": 1, "card": "saved", "target": d.Target().Name, "program": packed, "hook": s.Hook, "maps": s.Maps,
	})
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

// FuzzRestore gives a card what claims to be a checkpoint: any text, and one of a
// card with other words, instructions or entries. It is restored or refused; what is
// restored takes a packet.
func FuzzRestore(f *testing.F) {
	samples := []map[string]any{checkpointOf(f, "count_by_proto", ""), checkpointOf(f, "tail_dispatch", "tail_dispatch"), checkpointOf(f, "acl", "")}
	for k, s := range samples {
		b, err := json.Marshal(s)
		require.NoError(f, err)
		f.Add(b, uint8(0), []byte(nil), uint16(0), uint32(0))
		f.Add([]byte(nil), uint8(1+k), []byte{1, 2, 3, 4}, uint16(700), uint32(1<<31))
		f.Add([]byte(nil), uint8(1+k), []byte{0xff}, uint16(64), uint32(3))
	}
	f.Add([]byte(`{"format": "skipsw card checkpoint", "version": 1, "program": {}, "maps": [[{}]]}`), uint8(0), []byte(nil), uint16(0), uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, of uint8, patch []byte, at uint16, number uint32) {
		if of > 0 {
			b = patched(t, samples[int(of-1)%len(samples)], int(of)/len(samples), patch, int(at), number)
		}
		c, err := card.New(card.Spec{Name: "fuzz", Limits: card.Limits{Memory: 1 << 20}})
		require.NoError(t, err)
		if err := c.Restore(t.Context(), b); err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		run, err := offload.AsPacketRunner(c.Device())
		require.NoError(t, err)
		_, _ = run.RunPacket(t.Context(), offload.Packet{Data: make([]byte, 64)})
		_, err = c.Device().Attached(t.Context())
		require.NoError(t, err)
	})
}

// patched returns a checkpoint with a part replaced.
func patched(t *testing.T, sample map[string]any, part int, patch []byte, at int, number uint32) []byte {
	b, err := json.Marshal(sample)
	require.NoError(t, err)
	var k struct {
		Format  string            `json:"format"`
		Version int               `json:"version"`
		Program *remote.Program   `json:"program"`
		Hook    json.RawMessage   `json:"hook"`
		Maps    [][]offload.Entry `json:"maps"`
	}
	require.NoError(t, json.Unmarshal(b, &k))
	over := func(b []byte) []byte {
		b = bytes.Clone(b)
		if len(b) > 0 {
			copy(b[at%len(b):], patch)
		}
		return b
	}
	p := k.Program
	m := p.Maps[at%len(p.Maps)]
	switch part % 8 {
	case 0:
		p.Image = over(p.Image)
	case 1:
		p.Insns = over(p.Insns)
	case 2:
		m.MaxEntries = number
	case 3:
		m.KeySize, m.ValueSize = number&0xff, number>>8
	case 4:
		k.Maps[at%len(k.Maps)] = []offload.Entry{{Key: patch, Value: over(make([]byte, number&0xff))}}
	case 5:
		m.Name = string(patch)
	case 6:
		p.Maps = p.Maps[:at%(len(p.Maps)+1)]
	case 7:
		p.Image = p.Image[:int(number)%(len(p.Image)+1)]
	}
	b, err = json.Marshal(&k)
	require.NoError(t, err)
	return b
}
