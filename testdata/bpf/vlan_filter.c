// SPDX-License-Identifier: Apache-2.0
// Lets VLANs 100..199 pass and marks them with priority 5, drops the other
// VLANs and aborts on frames whose outer and inner tag agree. Untagged frames
// pass as they are.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct tag {
	__be16 tci;
	__be16 proto;
};

static __always_inline int tagged(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

SEC("xdp")
int vlan_filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct tag *outer = data + sizeof(*eth);
	struct tag *inner = outer + 1;
	__u16 vid;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (!tagged(eth->h_proto))
		return XDP_PASS;
	if ((void *)(outer + 1) > end)
		return XDP_DROP;
	vid = bpf_ntohs(outer->tci) & 0xfff;
	if (tagged(outer->proto)) {
		if ((void *)(inner + 1) > end)
			return XDP_DROP;
		if ((bpf_ntohs(inner->tci) & 0xfff) == vid)
			return XDP_ABORTED;
	}
	if (vid < 100 || vid > 199)
		return XDP_DROP;
	outer->tci = bpf_htons(vid | 5 << 13);
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
