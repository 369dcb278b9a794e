package oracle

import (
	"fmt"
	"sync"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/translate/bpf"
)

// kernelTypes is the BTF of the running kernel.
var kernelTypes = sync.OnceValues(btf.LoadKernelSpec)

// kernelFunction returns the running kernel's number of one of its functions, that of
// the function's type. One that nobody knows has one that it has not.
func kernelFunction(id bpf.KfuncID) (int32, error) {
	if !id.Known() {
		return 1 << 30, nil
	}
	spec, err := kernelTypes()
	if err != nil {
		return 0, fmt.Errorf("kernel function %s: %w", id, err)
	}
	var f *btf.Func
	if err := spec.TypeByName(id.String(), &f); err != nil {
		return 0, fmt.Errorf("kernel function %s: %w", id, err)
	}
	n, err := spec.TypeID(f)
	return int32(n), err
}
