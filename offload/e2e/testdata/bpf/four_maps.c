// SPDX-License-Identifier: Apache-2.0
// Has four maps of the same types; the names of two begin with the same 15
// bytes, and one has three underscores.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct a {
	__u32 x;
};

struct b {
	__u16 y, z;
};

#define MAP(name) \
	struct { \
		__uint(type, BPF_MAP_TYPE_HASH); \
		__uint(max_entries, 2); \
		__type(key, struct a); \
		__type(value, struct b); \
	} name SEC(".maps")

MAP(first);
MAP(one___two);
MAP(connection_table_v4);
MAP(connection_table_v6);

SEC("xdp")
int four_maps(struct xdp_md *ctx)
{
	struct a k = {1};

	return bpf_map_lookup_elem(&first, &k) || bpf_map_lookup_elem(&one___two, &k) ||
	       bpf_map_lookup_elem(&connection_table_v4, &k) || bpf_map_lookup_elem(&connection_table_v6, &k);
}

char _license[] SEC("license") = "Apache-2.0";
