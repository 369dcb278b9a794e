// SPDX-License-Identifier: Apache-2.0
// Spreads flows over processors by the hash that network cards use for it (Toeplitz): a loop
// over the bits of a tuple on the stack, beside a window of the key that moves.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CPUS 4
#define WORDS 9 // addresses of IPv6 and the ports

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, CPUS);
} packets SEC(".maps");

// The key that drivers come with, for 40 bytes.
static const __u32 key[WORDS + 1] = {
	0x6d5a56da, 0x255b0ec2, 0x4167253d, 0x43a38fb0, 0xd0ca2bcb, 0xae7b30b4, 0x77cb2da3, 0x8030f20c, 0x6a42b73b, 0xbeac01fa,
};

SEC("xdp")
int rss_toeplitz(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 tuple[WORDS] = {}, n = 0, hash = 0, cpu;
	__be32 *ports = 0;
	__u64 *count;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		tuple[0] = bpf_ntohl(ip->saddr);
		tuple[1] = bpf_ntohl(ip->daddr);
		n = 2;
		if (ip->ihl == 5 && ip->protocol == IPPROTO_TCP)
			ports = (void *)(ip + 1);
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
#pragma clang loop unroll(full)
		for (int i = 0; i < 4; i++) {
			tuple[i] = bpf_ntohl(ip->saddr.s6_addr32[i]);
			tuple[4 + i] = bpf_ntohl(ip->daddr.s6_addr32[i]);
		}
		n = 8;
		if (ip->nexthdr == IPPROTO_TCP)
			ports = (void *)(ip + 1);
	} else {
		return XDP_PASS;
	}
	if (ports && (void *)(ports + 1) <= end) {
		tuple[n] = bpf_ntohl(*ports);
		n++;
	}
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < WORDS && i < n; i++) {
		__u64 window = (__u64)key[i] << 32 | key[i + 1];
		__u32 word = tuple[i];

#pragma clang loop unroll(disable)
		for (__u32 bit = 0; bit < 32; bit++) {
			__u32 mask = word >> 31;

			// Without a branch, which verifiers would follow both ways each time.
			asm volatile("" : "+r"(mask));
			hash ^= (window >> 32) * mask;
			word <<= 1;
			window <<= 1;
		}
	}
	cpu = hash % CPUS;
	count = bpf_map_lookup_elem(&packets, &cpu);
	if (count)
		__sync_fetch_and_add(count, 1);
	return hash & 0x40000000 ? XDP_TX : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
