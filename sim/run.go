package sim

import (
	"bytes"

	"github.com/skipsw/skipsw/nfpisa/image"
)

// Run runs packets one after the other through a program, in a machine of the
// default Spec that is made for them: the one call from an image to results.
// Maps keep what earlier packets left in them. The results' packets stay valid.
func Run(img *image.Image, packets ...[]byte) ([]Result, error) {
	m, err := New(img, DefaultSpec())
	if err != nil {
		return nil, err
	}
	out := make([]Result, len(packets))
	for k, p := range packets {
		out[k] = m.Run(Input{Packet: p})
		out[k].Packet = bytes.Clone(out[k].Packet)
	}
	return out, nil
}
