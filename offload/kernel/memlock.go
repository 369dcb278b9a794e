package kernel

import (
	"sync"

	"github.com/cilium/ebpf/rlimit"
)

// liftMemlock takes the limit on locked memory from the process where the kernel
// counts maps and programs against it, which those before 5.11 do. Who may not
// change it keeps it, and is told by the kernel (EPERM) when it is too low.
var liftMemlock = sync.OnceFunc(func() { _ = rlimit.RemoveMemlock() })
