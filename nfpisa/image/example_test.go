package image_test

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// An image is written, read back, and moved to another control-store address.
func Example() {
	w, err := nfpisa.Encode(nfpisa.Br(100), nfpisa.Ctx4)
	if err != nil {
		fmt.Println(err)
		return
	}
	im := &image.Image{
		Machine:  image.Machine{CodeStart: 100, Done: 1},
		Programs: []image.Program{{Name: "spin", Type: "xdp"}},
		Words:    []nfpisa.Word{w},
		Relocs:   []image.Reloc{{Word: 0, Kind: image.RelocBranch}},
	}
	file, err := im.Marshal()
	if err != nil {
		fmt.Println(err)
		return
	}
	back, err := image.Read(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	moved, err := back.Relocate(image.Load{Start: 3072, Done: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	i, err := nfpisa.Decode(moved.Words[0], moved.Machine.Mode)
	fmt.Println(back.Programs[0].Name, i, err)
	// Output: spin br[.3072] <nil>
}
