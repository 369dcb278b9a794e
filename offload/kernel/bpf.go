package kernel

// Numbers of enum bpf_map_type that have a rule of their own here.
const (
	mapHash           = 1
	mapArray          = 2
	mapPerfEventArray = 4
	mapPercpuHash     = 5
	mapPercpuArray    = 6
	mapLRUPercpuHash  = 10
	mapPercpuStorage  = 21
)

// Program types (enum bpf_prog_type) that the kernel offloads.
const (
	progSchedCls = 3
	progXDP      = 6
)
