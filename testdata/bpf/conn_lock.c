// SPDX-License-Identifier: Apache-2.0
// Follows TCP connections by the state machine of their two sides. Both sides' packets
// change one entry, under its lock. Drops what a connection in its state does not send.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

enum state { SYN_SENT = 1, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSED };

struct conn {
	__be32 low, high;
	__be16 low_port, high_port;
};

struct side {
	__u32 packets;
	__u32 seq; /* of the last one */
	__u64 bytes;
};

struct track {
	__u64 packets; /* of both sides */
	struct bpf_spin_lock lock;
	__u8 state;
	__u8 opener; /* the side that sent the first SYN */
	__u8 closer; /* the side that sent the first FIN */
	__u8 refused;
	struct side side[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct conn);
	__type(value, struct track);
	__uint(max_entries, 16);
} conns SEC(".maps");

struct totals {
	__u32 opened, closed, untracked;
	struct bpf_spin_lock lock;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct totals);
	__uint(max_entries, 1);
} sums SEC(".maps");

/* Is called with the entry's lock held: whether the packet fits the state. */
static __attribute__((noinline)) int advance(struct track *t, __u32 dir, __u32 flags)
{
	if (flags & RST) {
		t->state = CLOSED;
		return 1;
	}
	switch (t->state) {
	case SYN_SENT:
		if (dir == t->opener)
			return (flags & (SYN | ACK)) == SYN;
		if ((flags & (SYN | ACK)) != (SYN | ACK))
			return 0;
		t->state = SYN_RECV;
		return 1;
	case SYN_RECV:
		if (flags & SYN)
			return dir != t->opener;
		if (dir != t->opener || !(flags & ACK))
			return 0;
		t->state = ESTABLISHED;
		return 1;
	case ESTABLISHED:
		if (flags & SYN)
			return 0;
		if (flags & FIN) {
			t->state = FIN_WAIT;
			t->closer = dir;
		}
		return 1;
	case FIN_WAIT:
		if (flags & SYN)
			return 0;
		if (dir == t->closer)
			return 1;
		t->state = flags & FIN ? LAST_ACK : CLOSE_WAIT;
		return 1;
	case CLOSE_WAIT:
		if (flags & SYN)
			return 0;
		if (dir != t->closer && flags & FIN)
			t->state = LAST_ACK;
		return 1;
	case LAST_ACK:
		if (dir != t->closer || (flags & (SYN | ACK)) != ACK)
			return 0;
		t->state = TIME_WAIT;
		return 1;
	}
	/* TIME_WAIT: the same ports may be used again. */
	if ((flags & (SYN | ACK)) != SYN)
		return flags & ACK && !(flags & SYN);
	t->state = SYN_SENT;
	t->opener = dir;
	return 1;
}

static void count(__u32 opened, __u32 closed, __u32 untracked)
{
	__u32 zero = 0;
	struct totals *s = bpf_map_lookup_elem(&sums, &zero);

	if (!s)
		return;
	bpf_spin_lock(&s->lock);
	s->opened += opened;
	s->closed += closed;
	s->untracked += untracked;
	bpf_spin_unlock(&s->lock);
}

SEC("xdp")
int conn_lock(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct track *t, fresh = { .packets = 1, .state = SYN_SENT };
	struct conn key = {};
	struct tcphdr *tcp;
	struct side *side;
	__u32 dir, flags, fits, state;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x1fff))
		return XDP_PASS;
	tcp = (void *)ip + ip->ihl * 4;
	if ((void *)(tcp + 1) > end)
		return XDP_DROP;
	dir = ip->saddr < ip->daddr || (ip->saddr == ip->daddr && tcp->source < tcp->dest);
	if (dir) {
		key.low = ip->saddr;
		key.high = ip->daddr;
		key.low_port = tcp->source;
		key.high_port = tcp->dest;
	} else {
		key.low = ip->daddr;
		key.high = ip->saddr;
		key.low_port = tcp->dest;
		key.high_port = tcp->source;
	}
	flags = ((__u8 *)tcp)[13];
	t = bpf_map_lookup_elem(&conns, &key);
	if (!t) {
		if ((flags & (SYN | ACK | RST | FIN)) != SYN)
			return XDP_DROP;
		fresh.opener = dir;
		fresh.side[dir & 1].packets = 1;
		fresh.side[dir & 1].seq = bpf_ntohl(tcp->seq);
		fresh.side[dir & 1].bytes = end - data;
		if (bpf_map_update_elem(&conns, &key, &fresh, BPF_NOEXIST))
			count(0, 0, 1);
		else
			count(1, 0, 0);
		return XDP_PASS;
	}
	bpf_spin_lock(&t->lock);
	fits = advance(t, dir, flags);
	if (fits) {
		side = &t->side[dir & 1];
		side->packets++;
		side->seq = bpf_ntohl(tcp->seq);
		side->bytes += end - data;
		t->packets++;
	} else {
		t->refused++;
	}
	state = t->state;
	bpf_spin_unlock(&t->lock);
	if (state == CLOSED) {
		bpf_map_delete_elem(&conns, &key);
		count(0, 1, 0);
	}
	return fits ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Apache-2.0";
