// SPDX-License-Identifier: Apache-2.0
// Uses a looked-up value without asking whether there is one.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 4);
} counters SEC(".maps");

SEC("xdp")
int null_value(struct xdp_md *ctx)
{
	__u32 key = 1;
	__u64 *n = bpf_map_lookup_elem(&counters, &key);

	*n += 1;
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
