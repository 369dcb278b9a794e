// SPDX-License-Identifier: Apache-2.0
// A definition of a map that cannot be read, beside one that can.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
	__uint(numa_node, 0);
	__uint(new_field, 1);
} strange SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

SEC("xdp") int uses_strange(struct xdp_md *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&strange, &key) ? XDP_PASS : XDP_DROP;
}

SEC("xdp") int uses_counters(struct xdp_md *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&counters, &key) ? XDP_PASS : XDP_DROP;
}
