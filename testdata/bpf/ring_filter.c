// SPDX-License-Identifier: Apache-2.0
// Fills records of a ring buffer where they lie: reserves one for each IPv4
// packet, writes what is known of it as the headers are parsed, and discards it
// when the packet turns out to be none of those that the host asked for.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct seen {
	__be32 saddr, daddr;
	__u16 len;
	__u8 ttl, proto;
	__be16 sport, dport;
};

const struct seen *unused __attribute__((unused));

/* The smallest and the greatest TTL that the host wants to see. */
const volatile __u8 ttl_from = 1, ttl_to = 64;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 * 1024);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &what);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("tc")
int ring_filter(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct seen *s;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return 0;
	s = bpf_ringbuf_reserve(&seen, sizeof(*s), 0);
	if (!s) {
		count(2);
		return 0;
	}
	s->saddr = ip->saddr;
	s->daddr = ip->daddr;
	s->len = bpf_ntohs(ip->tot_len);
	s->ttl = ip->ttl;
	s->proto = ip->protocol;
	s->sport = s->dport = 0;
	if (ip->ttl < ttl_from || ip->ttl > ttl_to) {
		bpf_ringbuf_discard(s, 0);
		count(1);
		return 0;
	}
	if (ip->ihl == 5 && (ip->protocol == IPPROTO_UDP || ip->protocol == IPPROTO_TCP) && (void *)(udp + 1) <= end) {
		s->sport = udp->source;
		s->dport = udp->dest;
	}
	bpf_ringbuf_submit(s, 0);
	count(0);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
