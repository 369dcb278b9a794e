// SPDX-License-Identifier: Apache-2.0
// Finds flows that send much: a count-min sketch of four rows, whose places stand
// in an array on the stack, behind a Bloom filter that keeps flows out of it
// which come once.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ROWS 4
#define COLUMNS 64
#define FILTER 512 // bits
#define HEAVY 6

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, ROWS * COLUMNS);
} sketch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, FILTER / 64);
} filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u64);
	__type(value, __u32);
	__uint(max_entries, 512);
} heavy SEC(".maps");

// known puts bits in the filter and tells whether all were there.
static __always_inline int known(const __u32 *hash)
{
	int all = 1;

#pragma clang loop unroll(disable)
	for (int r = 0; r < ROWS; r++) {
		__u32 bit = hash[r] % FILTER, key = bit / 64;
		__u64 *word = bpf_map_lookup_elem(&filter, &key), mask = 1ULL << (bit % 64);

		if (!word)
			return 0;
		if (!(*word & mask))
			all = 0;
		*word |= mask;
	}
	return all;
}

SEC("xdp")
int heavy_sketch(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 hash[ROWS], least = ~0, h;
	__u64 flow;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	flow = (__u64)ip->saddr << 32 | ip->daddr;
	h = ip->saddr * 0x9e3779b1 ^ ip->daddr * 0x85ebca77 ^ ip->protocol;
#pragma clang loop unroll(disable)
	for (int r = 0; r < ROWS; r++) {
		h ^= h >> 15;
		h *= 0x2c1b3c6d;
		h ^= h >> 12;
		hash[r] = h;
	}
	if (!known(hash))
		return XDP_PASS;
#pragma clang loop unroll(disable)
	for (int r = 0; r < ROWS; r++) {
		__u32 key = r * COLUMNS + hash[r] % COLUMNS, *count = bpf_map_lookup_elem(&sketch, &key);

		if (!count)
			return XDP_ABORTED;
		*count += 1;
		if (*count < least)
			least = *count;
	}
	if (least < HEAVY)
		return XDP_PASS;
	bpf_map_update_elem(&heavy, &flow, &least, BPF_ANY);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
