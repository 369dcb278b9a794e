// SPDX-License-Identifier: Apache-2.0
// Reads one entry of a hash and one of an array map, both small enough for
// every offload device.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct stamp {
	__u32 count;
	__u16 port;
	__u8 flags[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct stamp);
	__uint(max_entries, 2);
} by_key SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 2);
} by_index SEC(".maps");

static __always_inline int both(void)
{
	__u32 key = 0;
	struct stamp *s = bpf_map_lookup_elem(&by_key, &key);
	__u64 *v = bpf_map_lookup_elem(&by_index, &key);

	return s && v;
}

SEC("xdp")
int two_maps_xdp(struct xdp_md *ctx)
{
	return both() ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int two_maps_tc(struct __sk_buff *skb)
{
	return both() ? 2 : -1;
}

char _license[] SEC("license") = "Apache-2.0";
