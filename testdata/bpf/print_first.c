// SPDX-License-Identifier: Apache-2.0
// A first program that prints: what comes in, as the kernel's trace pipe or
// "offload run" shows it.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int print_first(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(eth + 1) > end) {
		bpf_printk("short: %d bytes", (int)(end - data));
		return XDP_DROP;
	}
	if (eth->h_proto != bpf_htons(ETH_P_IP) || (void *)(ip + 1) > end) {
		bpf_printk("type %04x", bpf_ntohs(eth->h_proto));
		return XDP_PASS;
	}
	bpf_printk("IPv4 protocol %u, %u bytes, ttl %u", ip->protocol, bpf_ntohs(ip->tot_len), ip->ttl);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
