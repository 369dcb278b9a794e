// SPDX-License-Identifier: Apache-2.0
// Global variables: constants that the loader may set before the program is
// loaded (.rodata), a counter with a start value (.data), a table (.bss) and a
// lookup table (.rodata). Every tenth IP packet is marked in its DSCP.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 every = 10;
const volatile __u8 dscp = 46;
const volatile __u8 drop_version = 6;

__u32 credit = 3;
__u64 by_size[8];
__u64 total;

static const __u8 bucket[16] = {0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7};

SEC("xdp")
int sampler(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 size = (__u32)(end - data) / 32;
	__u32 sum;
	__u8 tos;

	total++;
	by_size[bucket[size & 15] & 7]++;
	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->version == drop_version)
		return XDP_DROP;
	if (credit) {
		credit--;
		return XDP_PASS;
	}
	credit = every - 1;
	tos = dscp << 2 | (ip->tos & 3);
	// The field is the low byte of the first word (RFC 1624).
	sum = (__u16)~bpf_ntohs(ip->check) + (__u16)~ip->tos + tos;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = bpf_htons(~sum);
	ip->tos = tos;
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
