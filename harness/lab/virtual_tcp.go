package lab

import (
	"fmt"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// TCP flags a conn sends (RFC 9293 3.1).
const (
	flagFIN = 1 << iota
	flagSYN
	flagPSH
	flagACK
)

// conn is one TCP connection of the virtual lab: stop and wait, one segment in flight. The
// client sends its payload in one segment, the server returns what it gets; then both close.
type conn struct {
	apps   *virtualApps
	key    connKey
	client bool
	iss    uint32
	sent   uint32 // octets of sequence space used, SYN and FIN included
	acked  uint32 // and acknowledged
	rcv    uint32 // next sequence number expected
	open   bool
	want   []byte // what the client sends
	got    []byte
	fin    bool // the other side closed
	finned bool // we closed
	closed bool
	err    error

	queue  []segment // not yet sent
	flight *segment  // sent and not acknowledged
	tries  int
	timer  int // generation; an older timer does nothing
}

type segment struct {
	flags int
	data  []byte
	seq   uint32
}

func (s segment) space() uint32 {
	n := uint32(len(s.data))
	if s.flags&(flagSYN|flagFIN) != 0 {
		n++
	}
	return n
}

// transmit queues a segment that takes sequence space, and sends it when its turn has come.
func (c *conn) transmit(flags int, data []byte) {
	c.queue = append(c.queue, segment{flags: flags, data: data})
	c.pump()
}

func (c *conn) pump() {
	if c.flight != nil || len(c.queue) == 0 {
		return
	}
	s := c.queue[0]
	c.queue = c.queue[1:]
	s.seq = c.iss + c.sent
	c.sent += s.space()
	c.flight, c.tries = &s, 0
	c.put(s)
	c.arm(rto)
}

func (c *conn) put(s segment) {
	t := &layers.TCP{
		SrcPort: layers.TCPPort(c.key.local.Port()), DstPort: layers.TCPPort(c.key.remote.Port()),
		Seq: s.seq, Window: 64240, SYN: s.flags&flagSYN != 0, FIN: s.flags&flagFIN != 0, PSH: s.flags&flagPSH != 0,
	}
	if c.open || s.flags&flagACK != 0 {
		t.ACK, t.Ack = true, c.rcv
	}
	if p := c.apps.serialize(c.key, t, s.data); p != nil {
		c.apps.send(p)
	}
}

// arm starts the retransmission timer.
func (c *conn) arm(d time.Duration) {
	c.timer++
	gen := c.timer
	v := c.apps.node.lab
	v.at(v.now.Add(d), func() {
		if gen != c.timer || c.flight == nil || c.closed || c.err != nil {
			return
		}
		if c.tries++; c.tries > tcpTries {
			c.err = fmt.Errorf("%w: no acknowledgement after %d retransmissions", ErrConnection, tcpTries)
			return
		}
		c.put(*c.flight)
		c.arm(d * 2)
	})
}

// segment takes what came from the other side.
func (c *conn) segment(t *layers.TCP) {
	if t.RST {
		c.err = fmt.Errorf("%w: reset", ErrConnection)
		return
	}
	if t.SYN {
		c.handshake(t)
		return
	}
	if !t.ACK {
		return
	}
	c.acknowledge(t.Ack)
	if !c.open && !c.client && c.acked >= 1 {
		c.open = true
	}
	if len(t.Payload) > 0 || t.FIN {
		c.take(t)
	}
	c.closed = c.finned && c.fin && c.flight == nil
	c.pump()
}

func (c *conn) handshake(t *layers.TCP) {
	c.rcv = t.Seq + 1
	switch {
	case c.client && t.ACK && !c.open:
		c.acknowledge(t.Ack)
		c.open = true
		c.put(segment{seq: c.iss + c.sent})
		c.transmit(flagPSH, c.want)
	case c.client: // its SYN and ACK again: our ACK was lost
		c.put(segment{seq: c.iss + c.sent})
	case c.sent == 0:
		c.transmit(flagSYN|flagACK, nil)
	case c.flight != nil:
		c.put(*c.flight)
	}
}

// acknowledge takes the flight off when ack covers it.
func (c *conn) acknowledge(ack uint32) {
	if f := c.flight; f != nil && ack == f.seq+f.space() {
		c.acked = ack - c.iss
		c.flight = nil
		c.timer++
	}
}

// take accepts data and FIN in sequence; anything else is acknowledged again.
func (c *conn) take(t *layers.TCP) {
	if t.Seq != c.rcv {
		c.put(segment{seq: c.iss + c.sent})
		return
	}
	c.rcv += uint32(len(t.Payload))
	c.got = append(c.got, t.Payload...)
	if t.FIN {
		c.rcv++
		c.fin = true
	}
	c.put(segment{seq: c.iss + c.sent})
	switch {
	case !c.client && len(t.Payload) > 0:
		c.transmit(flagPSH, append([]byte(nil), t.Payload...))
	case c.client && len(c.got) >= len(c.want) && !c.finned, !c.client && c.fin && !c.finned:
		c.finned = true
		c.transmit(flagFIN, nil)
	}
}
