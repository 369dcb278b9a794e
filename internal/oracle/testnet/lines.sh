# Interfaces with addresses, routes of every kind and neighbours, for tests: v2 does
# not forward. tables.json is what ip prints of them, with what ip leaves out.
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
ip link set lo up
for n in 0 1 2 3; do
  ip link add name v$n index 1${n}2 address 02:00:00:00:0$n:0a type veth peer name p$n index 1${n}3 address 02:00:00:00:0$n:0b
  ip link set dev v$n addrgenmode none
  ip link set dev p$n addrgenmode none
  ip link set dev p$n up
  ip link set dev v$n up
  ip addr add 10.$n.0.1/24 dev v$n
  ip -6 addr add 2001:db8:$n::1/64 dev v$n nodad
done
ip link set dev v1 mtu 1400
ip link set dev v3 mtu 9000
echo 0 > /proc/sys/net/ipv4/conf/v2/forwarding
echo 0 > /proc/sys/net/ipv6/conf/v2/forwarding
ip addr add 10.0.0.9/24 dev v0
ip route add 10.9.0.0/16 via 10.1.0.7 mtu lock 1300 metric 5
ip route add 10.9.0.0/16 via 10.0.0.7 metric 6
ip route add 10.9.1.0/24 via 10.0.0.8 mtu 1200
ip route add 10.9.2.0/24 via 10.0.0.77
ip route add 10.8.0.0/16 via inet6 2001:db8:1::7 dev v1
ip route add 10.8.1.0/24 via inet6 2001:db8:1::77 dev v1
ip route add 10.9.3.0/24 dev v1 src 10.0.0.9
ip route add 10.7.0.0/16 dev v3
ip route add blackhole 10.66.0.0/16
ip route add unreachable 10.67.0.0/16
ip route add prohibit 10.68.0.0/16 metric 7
ip route add throw 10.69.0.0/16
ip route add default via 10.0.0.7
ip route add 10.66.1.0/24 via 10.1.0.7 table 100
ip route add default via 10.1.0.7 table 100
ip -6 route add 2001:db8:9::/48 via 2001:db8:1::7
ip -6 route add 2001:db8:9:1::/64 via 2001:db8:0::8 metric 7
ip -6 route add 2001:db8:9:2::/64 via 2001:db8:0::77
ip -6 route add 2001:db8:9:3::/64 dev v1 src 2001:db8:0::1
ip -6 route add 2001:db8:9:4::/64 via 2001:db8:1::7 mtu lock 1290
ip -6 route add unreachable 2001:db8:67::/48
ip -6 route add prohibit 2001:db8:68::/48
ip -6 route add blackhole 2001:db8:66::/48
ip -6 route add throw 2001:db8:69::/48
ip -6 route add default via 2001:db8:0::7
ip -6 route add default via 2001:db8:1::7 table 100
for n in 0 1 3; do
  for k in 7 8; do
    ip neigh add 10.$n.0.$k lladdr 02:00:00:00:$n$k:07 dev v$n
    ip -6 neigh add 2001:db8:$n::$k lladdr 02:00:00:00:$n$k:06 dev v$n
  done
done
ip neigh change 10.1.0.8 lladdr 02:00:00:00:18:07 dev v1 nud stale
ip neigh change 10.0.0.8 dev v0 nud failed
