// SPDX-License-Identifier: Apache-2.0
// Maps that the kernel does not make, each in a program of its own, and one
// that it makes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAP(name, t, entries, key, value, flags) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##t); \
		__uint(max_entries, entries); \
		__uint(key_size, key); \
		__uint(value_size, value); \
		__uint(map_flags, flags); \
	} name SEC(".maps")

#define USE(name) \
	SEC("xdp") int use_##name(struct xdp_md *ctx) \
	{ \
		__u64 key[2] = {}; \
		return bpf_map_lookup_elem(&name, key) ? XDP_DROP : XDP_PASS; \
	}

MAP(good, ARRAY, 4, 4, 8, 0);
MAP(no_entries, ARRAY, 0, 4, 8, 0);
MAP(no_key, ARRAY, 4, 0, 8, 0);
MAP(long_key, ARRAY, 4, 8, 8, 0);
MAP(unknown_flag, HASH, 4, 4, 8, 0x80000000);
MAP(prealloc_trie, LPM_TRIE, 100, 8, 8, 0);

USE(good)
USE(no_entries)
USE(no_key)
USE(long_key)
USE(unknown_flag)
USE(prealloc_trie)

char _license[] SEC("license") = "GPL";
