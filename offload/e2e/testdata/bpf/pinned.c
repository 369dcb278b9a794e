// SPDX-License-Identifier: Apache-2.0
// Maps that ask to be pinned, in the notation of libbpf and of iproute2; SIZE
// makes one of another shape, VALUE one of another type.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef SIZE
#define SIZE 2
#endif

#ifndef VALUE
#define VALUE __u64
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, VALUE);
	__uint(max_entries, SIZE);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared SEC(".maps");

struct bpf_elf_map {
	__u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

struct bpf_elf_map SEC("maps") global = {
	.type = BPF_MAP_TYPE_ARRAY, .size_key = 4, .size_value = 8, .max_elem = 2, .pinning = 2,
};

struct bpf_elf_map SEC("maps") own = {
	.type = BPF_MAP_TYPE_ARRAY, .size_key = 4, .size_value = 8, .max_elem = 2, .pinning = 1,
};

static __always_inline int all(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&shared, &key) && bpf_map_lookup_elem(&global, &key) && bpf_map_lookup_elem(&own, &key);
}

SEC("xdp")
int pinned_xdp(struct xdp_md *ctx)
{
	return all() ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int pinned_tc(struct __sk_buff *skb)
{
	return all() ? 2 : -1;
}

char _license[] SEC("license") = "Apache-2.0";
