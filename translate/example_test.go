package translate_test

import (
	"fmt"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
)

// From an object file to results: one call to an image, one from the image.
func Example() {
	img, err := translate.File("../testdata/bpf/drop_udp_port.o", translate.FileOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	short, arp := make([]byte, 10), make([]byte, 60)
	arp[12], arp[13] = 0x08, 0x06
	results, err := sim.Run(img, short, arp)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		fmt.Println(bpf.XDPAction(r.Verdict), r.Fault)
	}
	// Output:
	// pass <nil>
	// pass <nil>
}

// One call takes an object file to images of all its programs.
func ExampleObject() {
	programs, err := translate.Object("../testdata/bpf/vlan_filter.o", translate.FileOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range programs {
		fmt.Println(p.Program.Name, len(p.Image.Words), "words for", p.Report.Target, p.Err)
	}
	// Output: vlan_filter 40 words for skipsw <nil>
}
