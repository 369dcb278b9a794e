// SPDX-License-Identifier: Apache-2.0
// Ends VXLAN tunnels: takes the outer headers off frames of known networks, drops
// those of others.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 first = 0x100000; // networks that are known
const volatile __u32 last = 0xffffff;

struct vxlan {
	__u8 flags;
	__u8 reserved[3];
	__u8 vni[3];
	__u8 end;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} fates SEC(".maps"); // of tunnelled frames: inside, foreign, broken

static __always_inline int count(__u32 fate, int verdict)
{
	__u64 *n = bpf_map_lookup_elem(&fates, &fate);

	if (n)
		*n += 1;
	return verdict;
}

SEC("xdp")
int vxlan_decap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct vxlan *vx = (void *)(udp + 1);
	__u32 vni;

	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(4789))
		return XDP_PASS;
	if ((void *)(vx + 1) + ETH_HLEN > end || !(vx->flags & 8))
		return count(2, XDP_DROP);
	vni = vx->vni[0] << 16 | vx->vni[1] << 8 | vx->vni[2];
	if (vni < first || vni > last)
		return count(1, XDP_DROP);
	if (bpf_xdp_adjust_head(ctx, (char *)(vx + 1) - (char *)data))
		return count(2, XDP_ABORTED);
	return count(0, XDP_PASS);
}

char _license[] SEC("license") = "Apache-2.0";
