// SPDX-License-Identifier: Apache-2.0
// Tail calls in the notation of iproute2, where a section ID/INDEX is the entry
// INDEX of the program array ID, and a map of maps that holds two from the start.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_elf_map {
	__u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

struct bpf_elf_map SEC("maps") jumps = {
	.type = BPF_MAP_TYPE_PROG_ARRAY, .id = 1, .size_key = 4, .size_value = 4, .max_elem = 2,
};

SEC("1/0")
int first(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &jumps, 1);
	return -1;
}

SEC("1/1")
int second(struct __sk_buff *skb)
{
	return 2;
}

SEC("classifier")
int calls_tc(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &jumps, 0);
	return -1;
}

char _license[] SEC("license") = "Apache-2.0";
