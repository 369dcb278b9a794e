// SPDX-License-Identifier: Apache-2.0
// Spreads flows over the host's processors, and asks there, where there is time for
// it: a program in the entries of the CPU map drops what comes from blocked networks,
// sends VXLAN tunnels out of a port, and gives the rest to the host.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 cpus = 2;

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} tunnels SEC(".maps");

struct network {
	__u32 length;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 256);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct network);
	__type(value, __u8);
} blocked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} guarded SEC(".maps"); // passed, blocked, to the tunnels' port

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&guarded, &what);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline struct iphdr *ipv4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return 0;
	return ip;
}

SEC("xdp")
int cpu_guard(struct xdp_md *ctx)
{
	struct iphdr *ip = ipv4(ctx);
	__u32 mix;

	if (!ip)
		return XDP_PASS;
	mix = (ip->saddr ^ ip->daddr ^ ip->protocol) * 0x9e3779b1;
	return bpf_redirect_map(&queues, (mix >> 16) % (cpus ?: 1), XDP_PASS);
}

SEC("xdp/cpumap")
int guard(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = ipv4(ctx);
	struct network from = {.length = 32};
	struct udphdr *udp;

	if (!ip)
		return XDP_PASS;
	from.address = ip->saddr;
	if (bpf_map_lookup_elem(&blocked, &from)) {
		count(1);
		return XDP_DROP;
	}
	udp = (void *)(ip + 1);
	if (ip->ihl == 5 && ip->protocol == IPPROTO_UDP && (void *)(udp + 1) <= end && udp->dest == bpf_htons(4789)) {
		count(2);
		return bpf_redirect_map(&tunnels, 0, XDP_DROP);
	}
	count(0);
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
