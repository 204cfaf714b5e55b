package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/useipsec/useipsec/harness/host"
)

// virtualApps are the applications of a host in a virtual lab: TCP just big enough for an
// echo of a few octets with a handshake, retransmission and an orderly end, which is what
// an analyser has to see. Where a kernel is at hand its TCP is used instead.
type virtualApps struct {
	node   *virtualNode
	addrs  []netip.Addr
	listen map[string]bool // "tcp 192.0.2.1:179"
	conns  map[connKey]*conn
	echoes map[connKey][]byte // datagrams sent, nil until their echo is there
	port   uint16             // the last ephemeral port
	ident  uint16
}

type connKey struct{ local, remote netip.AddrPort }

func newVirtualApps(n *virtualNode, addrs []netip.Addr) *virtualApps {
	return &virtualApps{node: n, addrs: addrs, listen: map[string]bool{}, conns: map[connKey]*conn{}, echoes: map[connKey][]byte{}, port: 49151}
}

// rto is how long a segment waits for its acknowledgement, and tries how often it is repeated (RFC 6298 has 1 s).
const (
	rto      = time.Second
	tcpTries = 6
)

// ErrConnection says that a connection was refused or given up.
var ErrConnection = errors.New("harness/lab: no connection")

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

func (a *virtualApps) Listen(_ context.Context, proto string, at netip.AddrPort) (io.Closer, error) {
	if proto != "tcp" && proto != "udp" {
		return nil, fmt.Errorf("%w, not %q", ErrUnsupportedTransport, proto)
	}
	key := listenKey(proto, at)
	a.listen[key] = true
	return closerFunc(func() error { delete(a.listen, key); return nil }), nil
}

func listenKey(proto string, at netip.AddrPort) string { return proto + " " + at.String() }

func (a *virtualApps) SendUDP(_ context.Context, local, remote netip.AddrPort, payload []byte) error {
	a.ident++
	a.send(host.UDPPacket(a.ident, local, remote, payload))
	return nil
}

func (a *virtualApps) Exchange(ctx context.Context, proto string, local, remote netip.AddrPort, payload []byte) ([]byte, error) {
	if local.Port() == 0 {
		a.port++
		local = netip.AddrPortFrom(local.Addr(), a.port)
	}
	switch proto {
	case "tcp":
	case "udp":
		return a.echo(ctx, connKey{local, remote}, payload)
	default:
		return nil, fmt.Errorf("%w, not %q", ErrUnsupportedTransport, proto)
	}
	c := &conn{apps: a, key: connKey{local, remote}, iss: 1000, want: payload, client: true}
	a.conns[c.key] = c
	defer delete(a.conns, c.key)
	c.transmit(flagSYN, nil)
	err := a.node.lab.run(ctx, func() bool { return c.closed || c.err != nil })
	if err == nil {
		err = c.err
	}
	if err == nil && !bytes.Equal(c.got, payload) {
		err = fmt.Errorf("%w: echo of %d octets differs", ErrConnection, len(c.got))
	}
	if err != nil {
		return nil, fmt.Errorf("harness/lab: exchange with %v: %w", remote, err)
	}
	return c.got, nil
}

// echo sends a datagram until its echo comes.
func (a *virtualApps) echo(ctx context.Context, key connKey, payload []byte) ([]byte, error) {
	a.echoes[key] = nil
	defer delete(a.echoes, key)
	var again func()
	again = func() {
		if got, waiting := a.echoes[key]; waiting && got == nil {
			_ = a.SendUDP(ctx, key.local, key.remote, payload)
			a.node.lab.at(a.node.lab.now.Add(EchoInterval), again)
		}
	}
	again()
	if err := a.node.lab.run(ctx, func() bool { return a.echoes[key] != nil }); err != nil {
		return nil, fmt.Errorf("harness/lab: exchange with %v: %w", key.remote, err)
	}
	return a.echoes[key], nil
}

// datagram takes a UDP datagram: an echo we wait for, or something to echo.
func (a *virtualApps) datagram(key connKey, payload []byte) {
	if _, waiting := a.echoes[key]; waiting {
		a.echoes[key] = bytes.Clone(payload)
	} else if a.listen[listenKey("udp", key.local)] {
		a.ident++
		a.send(host.UDPPacket(a.ident, key.local, key.remote, payload))
	}
}

// send gives a packet to the host's IPsec.
func (a *virtualApps) send(ip []byte) { a.node.output(a.node.host.FromApp(a.node.lab.now, ip)) }

// receive takes a packet that IPsec let through.
func (a *virtualApps) receive(ip []byte) {
	first := layers.LayerTypeIPv4
	if len(ip) > 0 && ip[0]>>4 == 6 {
		first = layers.LayerTypeIPv6
	}
	p := gopacket.NewPacket(ip, first, gopacket.NoCopy)
	t, isTCP := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	u, isUDP := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
	net := p.NetworkLayer()
	if !isTCP && !isUDP || net == nil {
		return
	}
	src, _ := netip.AddrFromSlice(net.NetworkFlow().Src().Raw())
	dst, _ := netip.AddrFromSlice(net.NetworkFlow().Dst().Raw())
	if !a.owns(dst) {
		return
	}
	if isUDP {
		a.datagram(connKey{netip.AddrPortFrom(dst, uint16(u.DstPort)), netip.AddrPortFrom(src, uint16(u.SrcPort))}, u.Payload)
		return
	}
	key := connKey{netip.AddrPortFrom(dst, uint16(t.DstPort)), netip.AddrPortFrom(src, uint16(t.SrcPort))}
	c := a.conns[key]
	if c == nil && t.SYN && !t.ACK && a.listen[listenKey("tcp", key.local)] {
		c = &conn{apps: a, key: key, iss: 5000}
		a.conns[key] = c
	}
	if c != nil {
		c.segment(t)
	}
}

func (a *virtualApps) owns(addr netip.Addr) bool {
	for _, x := range a.addrs {
		if x == addr {
			return true
		}
	}
	return false
}

// serialize makes an IP packet with a TCP segment.
func (a *virtualApps) serialize(key connKey, t *layers.TCP, data []byte) []byte {
	a.ident++
	var ip gopacket.SerializableLayer
	if src, dst := key.local.Addr(), key.remote.Addr(); src.Is4() {
		v4 := &layers.IPv4{Version: 4, TTL: 64, Id: a.ident, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolTCP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		_ = t.SetNetworkLayerForChecksum(v4)
		ip = v4
	} else {
		v6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		_ = t.SetNetworkLayerForChecksum(v6)
		ip = v6
	}
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, ip, t, gopacket.Payload(data)); err != nil {
		return nil
	}
	return buf.Bytes()
}
