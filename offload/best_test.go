package offload_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// modal is a device that takes programs in some modes.
type modal struct {
	offload.Device
	refuses  map[offload.Mode]error
	attached []offload.Attachment
}

type modalProgram struct{ offload.Loaded }

func (modalProgram) ID() uint32   { return 1 }
func (modalProgram) Log() string  { return "" }
func (modalProgram) Close() error { return nil }

func (d *modal) Name() string { return "m0" }

func (d *modal) Attached(context.Context) ([]offload.Attachment, error) { return d.attached, nil }

func (d *modal) Load(_ context.Context, _ *offload.Program, m offload.Mode, _ []offload.Map) (offload.Loaded, error) {
	return modalProgram{}, d.refuses[m]
}

func (d *modal) Attach(_ context.Context, _ offload.Loaded, h offload.Hook, _ bool) error {
	d.attached = append(d.attached, offload.Attachment{Hook: h, ID: 1, InHW: h.Mode == offload.Hardware})
	return nil
}

func (d *modal) Replace(_ context.Context, _ offload.Loaded, old offload.Attachment) error {
	return nil
}

func TestBest(t *testing.T) {
	no, odd := offload.NotSupported("it", "of a reason"), errors.New("odd")
	tests := []struct {
		name    string
		typ     object.Type
		refuses map[offload.Mode]error
		want    offload.Mode
		passed  int
		err     string
	}{
		{"the card takes it", object.XDP, nil, offload.Hardware, 0, ""},
		{"the driver takes it", object.XDP, map[offload.Mode]error{offload.Hardware: no}, offload.Driver, 1, ""},
		{"the network core takes it", object.XDP, map[offload.Mode]error{offload.Hardware: no, offload.Driver: odd}, offload.Generic, 2, ""},
		{"the host takes a filter", object.TC, map[offload.Mode]error{offload.Hardware: no}, offload.Software, 1, ""},
		{
			"nobody takes it", object.XDP,
			map[offload.Mode]error{offload.Hardware: no, offload.Driver: odd, offload.Generic: odd},
			0, 0, "no mode takes the program: mode hw: not supported: it, because of a reason; mode drv and skb: odd",
		},
		{"one reason", object.TC, map[offload.Mode]error{offload.Hardware: odd, offload.Software: odd}, 0, 0, "odd"},
		{"a hook that is taken says nothing", object.XDP, map[offload.Mode]error{offload.Hardware: offload.ErrBusy}, 0, 0, "busy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &modal{refuses: tt.refuses}
			r := offload.Request{Program: &offload.Program{Program: &object.Program{Name: "p", Type: tt.typ}}}
			res, err := offload.AttachBest(t.Context(), d, r)
			m, passed, tried := offload.TrialBest(t.Context(), d, r.Program)
			if tt.err != "" {
				require.EqualError(t, err, tt.err)
				require.EqualError(t, tried, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, res.Attachment.Mode)
			require.Len(t, res.Passed, tt.passed)
			require.NoError(t, tried)
			require.Equal(t, tt.want, m)
			require.Len(t, passed, tt.passed)

			again, err := offload.ReplaceBest(t.Context(), d, r)
			require.NoError(t, err)
			require.Equal(t, tt.want, again.Attachment.Mode)
		})
	}
	_, err := offload.ReplaceBest(t.Context(), &modal{}, offload.Request{Program: &offload.Program{Program: &object.Program{Name: "p", Type: object.XDP}}})
	require.EqualError(t, err, "nothing is attached to m0 as xdp, in any mode")
}
