package offload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Entry is one entry of a map.
type Entry struct{ Key, Value []byte }

// Dump reads all entries of a map, in the map's order. An entry that goes away
// while dumping is left out.
func Dump(m Map) ([]Entry, error) {
	var all []Entry
	var key []byte
	for limit := int(m.Info().MaxEntries) + 1; limit > 0; limit-- {
		next, err := m.Next(key)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		key = next
		v, err := m.Lookup(key)
		if err == nil {
			all = append(all, Entry{Key: key, Value: v})
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return all, nil
}

// mapTypes are the kernel's names of enum bpf_map_type.
var mapTypes = [...]string{
	"unspec", "hash", "array", "prog_array", "perf_event_array", "percpu_hash", "percpu_array", "stack_trace",
	"cgroup_array", "lru_hash", "lru_percpu_hash", "lpm_trie", "array_of_maps", "hash_of_maps", "devmap", "sockmap",
	"cpumap", "xskmap", "sockhash", "cgroup_storage", "reuseport_sockarray", "percpu_cgroup_storage", "queue", "stack",
	"sk_storage", "devmap_hash", "struct_ops", "ringbuf", "inode_storage", "task_storage", "bloom_filter",
	"user_ringbuf", "cgrp_storage", "arena",
}

// LastMapType is the last map type that has a name here.
const LastMapType = uint32(len(mapTypes) - 1)

// programTypes are the kernel's names of enum bpf_prog_type.
var programTypes = [...]string{
	"unspec", "socket_filter", "kprobe", "sched_cls", "sched_act", "tracepoint", "xdp", "perf_event", "cgroup_skb",
	"cgroup_sock", "lwt_in", "lwt_out", "lwt_xmit", "sock_ops", "sk_skb", "cgroup_device", "sk_msg", "raw_tracepoint",
	"cgroup_sock_addr", "lwt_seg6local", "lirc_mode2", "sk_reuseport", "flow_dissector", "cgroup_sysctl",
	"raw_tracepoint_writable", "cgroup_sockopt", "tracing", "struct_ops", "ext", "lsm", "sk_lookup", "syscall", "netfilter",
}

// MapTypeName returns the kernel's name of a map type: "hash", "percpu_array".
func MapTypeName(t uint32) string { return typeName(mapTypes[:], t) }

// ProgramTypeName returns the kernel's name of a program type: "xdp",
// "sched_cls".
func ProgramTypeName(t uint32) string { return typeName(programTypes[:], t) }

func typeName(names []string, t uint32) string {
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("type_%d", t)
}
