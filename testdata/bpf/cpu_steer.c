// SPDX-License-Identifier: Apache-2.0
// Spreads flows over the host's processors by their addresses and ports, both
// directions of one to the same; what cannot be told apart stays where it is.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 cpus = 4;

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} chosen SEC(".maps");

SEC("xdp")
int cpu_steer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 mix, cpu;
	__u64 *count;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		mix = ip->saddr ^ ip->daddr ^ ip->protocol;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		mix = ip->nexthdr;
		for (int k = 0; k < 4; k++)
			mix ^= ip->saddr.in6_u.u6_addr32[k] ^ ip->daddr.in6_u.u6_addr32[k];
	} else {
		return XDP_PASS;
	}
	mix *= 0x9e3779b1;
	cpu = (mix >> 16) % (cpus ?: 1);
	count = bpf_map_lookup_elem(&chosen, &cpu);
	if (count)
		*count += 1;
	return bpf_redirect_map(&queues, cpu, XDP_PASS);
}

char _license[] SEC("license") = "Apache-2.0";
