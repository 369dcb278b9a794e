// SPDX-License-Identifier: Apache-2.0
// A map of maps that holds two maps from the start.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} left SEC(".maps"), right SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = {[1] = &left, [3] = &right},
};

SEC("xdp")
int nested(struct xdp_md *ctx)
{
	__u32 key = 1, zero = 0;
	void *inner = bpf_map_lookup_elem(&outer, &key);
	__u64 *v = inner ? bpf_map_lookup_elem(inner, &zero) : 0;

	return v && *v ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
