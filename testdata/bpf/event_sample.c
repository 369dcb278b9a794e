// SPDX-License-Identifier: Apache-2.0
// Sends the first bytes of packets with TCP SYN to the host through a perf
// event array. The kernel gives the helper to programs that say to be
// GPL-compatible.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct event {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u32 len;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

SEC("xdp")
int event_sample(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u64 len = end - data;
	struct event e;

	if ((void *)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP || !tcp->syn)
		return XDP_PASS;
	e.saddr = ip->saddr;
	e.daddr = ip->daddr;
	e.sport = tcp->source;
	e.dport = tcp->dest;
	e.len = len;
	if (len > 64)
		len = 64;
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU | len << 32, &e, sizeof(e));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
