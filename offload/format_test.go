package offload

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/object"
)

func TestHook(t *testing.T) {
	require.Equal(t, "xdp drv", Hook{Type: object.XDP, Mode: Driver}.String())
	require.Equal(t, "tc egress pref 7 handle 0x1 chain 2", Hook{Type: object.TC, Egress: true, Pref: 7, Handle: 1, Chain: 2}.String())
	require.True(t, Hook{Type: object.TC}.Same(Hook{Type: object.TC, Pref: 1, Handle: 1}))
	require.False(t, Hook{Type: object.TC}.Same(Hook{Type: object.TC, Pref: 2, Handle: 1}))
	require.False(t, Hook{Type: object.XDP}.Same(Hook{Type: object.XDP, Mode: Generic}))
	for m := Hardware; m <= Either; m++ {
		back, err := ParseMode(m.String())
		require.NoError(t, err)
		require.Equal(t, m, back)
	}
	_, err := ParseMode("turbo")
	require.ErrorContains(t, err, `unknown mode "turbo"`)
	require.Error(t, Hook{}.Valid())
}

func TestNames(t *testing.T) {
	require.Equal(t, "a_long_name_of_", KernelName("a_long_name_of_a_map"))
	require.Equal(t, "with_dash.x", KernelName("with-dash.x"))
}

func TestJSON(t *testing.T) {
	b, err := json.Marshal(Attachment{Hook: Hook{Type: object.TC, Pref: 1, Handle: 1, Protocol: EthPAll}, ID: 5, InHW: true})
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"tc","mode":"hw","id":5,"in_hw":true,"parent":"ingress","pref":1,"handle":"0x1","protocol":"all","maps":[]}`, string(b))
}
