// SPDX-License-Identifier: Apache-2.0
// Classifies what comes through Geneve tunnels by network and options, whether a
// tunnel device has taken the outer headers off or they are still there: then
// it notes them as the frame's tunnel key first.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define GENEVE 6081
#define OPTIONS 64 // bytes
#define CRITICAL 0x80
#define OUR_CLASS 0x0102
#define PRIORITY 1 // type of an option: priority in the first word

struct geneve {
	__u8 length; // version and words of options
	__u8 flags;
	__be16 protocol;
	__be32 network; // and a byte that is reserved
} __attribute__((packed));

struct option {
	__be16 class;
	__u8 type, length; // words that follow
};

struct outer {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct geneve geneve;
} __attribute__((packed));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} networks SEC(".maps");

enum { PLAIN, NOTED, UNREADABLE = -1 };

// note makes a tunnel key of the outer headers.
static __always_inline int note(struct __sk_buff *skb, __u8 *options)
{
	void *end = (void *)(long)skb->data_end;
	struct outer *o = (void *)(long)skb->data;
	struct bpf_tunnel_key key = {};
	__u64 n;

	if ((void *)(o + 1) > end || o->eth.h_proto != bpf_htons(ETH_P_IP) || o->ip.ihl != 5)
		return PLAIN;
	if (o->ip.protocol != IPPROTO_UDP || o->udp.dest != bpf_htons(GENEVE))
		return PLAIN;
	if (o->geneve.length >> 6)
		return UNREADABLE; // version
	n = (o->geneve.length & 63) * 4;
	key.tunnel_id = bpf_ntohl(o->geneve.network) >> 8;
	key.local_ipv4 = bpf_ntohl(o->ip.saddr); // what is read as the far end
	key.tunnel_tos = o->ip.tos;
	key.tunnel_ttl = o->ip.ttl;
	if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 0))
		return UNREADABLE;
	asm volatile("" : "+r"(n)); // so that one register has been compared
	if (n < sizeof(struct option))
		return NOTED;
	if (n > OPTIONS || bpf_skb_load_bytes(skb, sizeof(*o), options, n))
		return UNREADABLE;
	if (bpf_skb_set_tunnel_opt(skb, options, n))
		return UNREADABLE;
	return NOTED;
}

SEC("tc")
int geneve_class(struct __sk_buff *skb)
{
	__u8 options[OPTIONS] = {};
	struct bpf_tunnel_key key = {};
	__u64 one = 1, *seen;
	struct option *o;
	int kind;
	long n;

	if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0)) {
		kind = note(skb, options);
		if (kind == PLAIN)
			return TC_ACT_OK;
		if (kind != NOTED || bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0))
			return TC_ACT_SHOT;
	}
	seen = bpf_map_lookup_elem(&networks, &key.tunnel_id);
	if (seen)
		__sync_fetch_and_add(seen, 1);
	else if (bpf_map_update_elem(&networks, &key.tunnel_id, &one, BPF_NOEXIST))
		return TC_ACT_SHOT; // more networks than there are
	skb->mark = key.tunnel_id;
	skb->queue_mapping = key.remote_ipv4 & 7;
	n = bpf_skb_get_tunnel_opt(skb, options, sizeof(options));
	if (n < 0)
		return TC_ACT_OK; // there are none
#pragma clang loop unroll(disable)
	for (__u64 at = 0; at < n; at += 4 + (o->length & 31) * 4) {
		asm volatile("" : "+r"(at)); // so that one register is compared
		if (at > OPTIONS - 8)
			break; // no room for a word behind it
		o = (void *)(options + at);
		if (o->class == bpf_htons(OUR_CLASS) && o->type == PRIORITY && o->length == 1)
			skb->priority = bpf_ntohl(*(__be32 *)(o + 1));
		else if (o->type & CRITICAL)
			return TC_ACT_SHOT; // its sender wants it understood
	}
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
