// SPDX-License-Identifier: Apache-2.0
// Maps of maps by BTF, with initial contents.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 4);
} left SEC(".maps"), right SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 4);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { [1] = &left, [2] = &right },
};

SEC("xdp")
int nested(struct xdp_md *ctx)
{
	__u32 which = ctx->rx_queue_index + 1, zero = 0;
	void *m = bpf_map_lookup_elem(&outer, &which);
	__u64 *n;

	if (!m)
		return XDP_DROP;
	n = bpf_map_lookup_elem(m, &zero);
	if (n)
		++*n;
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
