package microcode

import "github.com/skipsw/skipsw/translate/bpf"

// Events go to the host by the firmware.
var _ = register(&Kind{Type: bpf.MapTypePerfEventArray, Firmware: []bpf.HelperID{bpf.HelperPerfEventOutput}})
