// SPDX-License-Identifier: Apache-2.0
// Answers DNS queries for addresses on the card: "www" gets one, put behind the
// query, which makes the frame longer; other names do not exist.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct dns {
	__u16 id, flags, questions, answers, authorities, more;
};

struct record { // what answers a question for an address
	__u16 name, type, class;
	__u16 ttl[2], length, address[2];
};

static __always_inline void back(struct ethhdr *eth, struct iphdr *ip, struct udphdr *udp)
{
	__u8 mac[ETH_ALEN];
	__u32 from = ip->saddr;
	__u16 port = udp->source;

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	ip->saddr = ip->daddr;
	ip->daddr = from;
	udp->source = udp->dest;
	udp->dest = port;
	udp->check = 0;
}

SEC("xdp")
int dns_answer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct dns *dns = (void *)(udp + 1);
	__u8 *name = (void *)(dns + 1);
	struct record *answer;
	__u32 length, sum;

	if ((void *)(name + 4) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(53))
		return XDP_PASS;
	if (dns->flags & bpf_htons(0xf800) || dns->questions != bpf_htons(1) || dns->answers)
		return XDP_PASS;
	length = bpf_ntohs(ip->tot_len);
	if (length > 200 || (void *)ip + length != end)
		return XDP_PASS; // padded, or broken
	if (name[0] != 3 || name[1] != 'w' || name[2] != 'w' || name[3] != 'w') {
		dns->flags = bpf_htons(0x8403); // there is no such name
		back(eth, ip, udp);
		return XDP_TX;
	}
	if (bpf_xdp_adjust_tail(ctx, sizeof(*answer)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	ip = (void *)(eth + 1);
	udp = (void *)(ip + 1);
	dns = (void *)(udp + 1);
	answer = (void *)ip + length;
	if ((void *)(dns + 1) > end || (void *)(answer + 1) > end)
		return XDP_ABORTED;
	dns->flags = bpf_htons(0x8400);
	dns->answers = bpf_htons(1);
	answer->name = bpf_htons(0xc00c); // that of the question
	answer->type = bpf_htons(1);
	answer->class = bpf_htons(1);
	answer->ttl[0] = 0;
	answer->ttl[1] = bpf_htons(60);
	answer->length = bpf_htons(4);
	answer->address[0] = bpf_htons(0xc000);
	answer->address[1] = bpf_htons(0x0207);
	back(eth, ip, udp);
	sum = ip->check + bpf_htons(0xffff - sizeof(*answer));
	ip->check = sum + (sum >> 16);
	ip->tot_len = bpf_htons(length + sizeof(*answer));
	udp->len = bpf_htons(bpf_ntohs(udp->len) + sizeof(*answer));
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
