// Package mapfile reads the contents of maps from JSON, in the forms that
// `offload map dump --json`, `offload run --maps --json` and `bpftool map dump -j`
// write, and in values by their C types as people write them.
//
// A file is the entries of one map, or maps by name:
//
//	[{"key": "0a000001", "value": "0100000000000000"}, ...]
//	{"flows": [{"key": ..., "value": ...}, ...], "ports": [...]}
//
// A key or value is
//
//	"0a000001"             its bytes in hexadecimal, two digits each
//	["0x0a", "0x00", ...]  its bytes, as bpftool has them
//	10, -1, true           a number by the map's C type, else one in the host's order
//	"10.0.0.1", "BLOCK"    text by the C type, as internal/btfvalue reads it
//	{"rate": 5}, [1, 2]    a structure or an array by the C type
//
// It never knows what has the maps. Read is the entry point.
package mapfile
