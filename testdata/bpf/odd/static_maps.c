// SPDX-License-Identifier: Apache-2.0
// Maps that are static by mistake, in both notations, beside good ones: they
// refuse the programs that use them.
#include "legacy.h"

static struct bpf_elf_map SEC("maps") hidden_legacy = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u32),
	.max_elem = 2,
};

struct bpf_elf_map SEC("maps") seen_legacy = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u32),
	.max_elem = 2,
};

static struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 2);
} hidden SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 2);
} seen SEC(".maps");

SEC("xdp")
int uses_hidden(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&hidden, &zero) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int uses_hidden_legacy(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&hidden_legacy, &zero) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int uses_seen(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&seen, &zero) && bpf_map_lookup_elem(&seen_legacy, &zero) ? XDP_PASS : XDP_DROP;
}
