package live

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/useipsec/useipsec/captures"
)

func direction(kind uint8) captures.Dir {
	switch kind {
	case unix.PACKET_OUTGOING:
		return captures.DirOut
	case unix.PACKET_HOST, unix.PACKET_BROADCAST, unix.PACKET_MULTICAST, unix.PACKET_OTHERHOST:
		return captures.DirIn
	}
	return captures.DirUnknown
}

// vlanTag is the tag that the kernel has taken out of a frame; the zero value: none.
type vlanTag struct{ tpid, tci uint16 }

// readControl returns the timestamp and the VLAN tag that came with the frame.
func (t *Tap) readControl() (at time.Time, tag vlanTag) {
	for b := t.control[:t.got.controlLen]; len(b) >= unix.SizeofCmsghdr; {
		h, data, rest, err := unix.ParseOneSocketControlMessage(b)
		if err != nil {
			break
		}
		b = rest
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS:
			at = timespec(data)
		case h.Level == unix.SOL_PACKET && h.Type == unix.PACKET_AUXDATA:
			tag = auxdataTag(data)
		}
	}
	if at.IsZero() {
		at = time.Now()
	}
	return at, tag
}

// timespec reads a struct timespec of the kernel: two longs.
func timespec(b []byte) time.Time {
	ne := binary.NativeEndian
	switch len(b) {
	case 16:
		return time.Unix(int64(ne.Uint64(b)), int64(ne.Uint64(b[8:])))
	case 8:
		return time.Unix(int64(int32(ne.Uint32(b))), int64(int32(ne.Uint32(b[4:]))))
	}
	return time.Time{}
}

// auxdataTag reads a struct tpacket_auxdata.
func auxdataTag(b []byte) vlanTag {
	var aux unix.TpacketAuxdata
	if len(b) < int(unsafe.Sizeof(aux)) {
		return vlanTag{}
	}
	ne := binary.NativeEndian
	status := ne.Uint32(b[unsafe.Offsetof(aux.Status):])
	if status&unix.TP_STATUS_VLAN_VALID == 0 {
		return vlanTag{}
	}
	tag := vlanTag{tpid: unix.ETH_P_8021Q, tci: ne.Uint16(b[unsafe.Offsetof(aux.Vlan_tci):])}
	if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tag.tpid = ne.Uint16(b[unsafe.Offsetof(aux.Vlan_tpid):])
	}
	return tag
}

// insertTag puts a VLAN tag back behind the addresses of the frame buf[:n] and
// returns the new length.
func insertTag(buf []byte, n int, tag vlanTag) int {
	const addresses = 12
	if tag.tpid == 0 || n < addresses {
		return n
	}
	n = min(n+4, len(buf))
	if n < addresses+4 {
		return n
	}
	copy(buf[addresses+4:n], buf[addresses:])
	binary.BigEndian.PutUint16(buf[addresses:], tag.tpid)
	binary.BigEndian.PutUint16(buf[addresses+2:], tag.tci)
	return n
}
