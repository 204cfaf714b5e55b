package captures_test

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/useipsec/useipsec/captures"
)

// Write a capture and read it back.
func Example() {
	var file bytes.Buffer
	w, err := captures.NewWriter(&file, captures.Section{
		Application: "useipsec",
		Interfaces:  []captures.Interface{{Name: "wire0", Link: captures.LinkRaw}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = w.WritePacket(captures.Packet{
		Time:    time.Date(2007, 2, 1, 0, 0, 0, 1, time.UTC),
		Dir:     captures.DirOut,
		Data:    []byte{0x45, 0, 0, 20, 0, 0, 0, 0, 64, 50, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2},
		Comment: "cited by esp.sequence-starts-at-1",
	})
	if err := errors.Join(err, w.Flush()); err != nil {
		fmt.Println(err)
		return
	}

	r, err := captures.NewReader(&file, captures.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for p, err := range r.Packets() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p.Number, p.Time.Format(time.RFC3339Nano), r.Section().Interfaces[p.Iface].Name, p.Dir, p.Comment)
	}
	// Output: 1 2007-02-01T00:00:00.000000001Z wire0 out cited by esp.sequence-starts-at-1
}

// A capture whose recorder was cut short yields what it has, then one error.
func ExampleReader_Packets_truncated() {
	file := "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x65\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x04\x00\x00\x00\x45\x00\x00\x14" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x04\x00\x00\x00\x45"
	r, err := captures.NewReader(bytes.NewReader([]byte(file)), captures.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for p, err := range r.Packets() {
		if errors.Is(err, captures.ErrTruncated) {
			fmt.Println(err)
			break
		}
		fmt.Printf("frame %d: % x\n", p.Number, p.Data)
	}
	// Output:
	// frame 1: 45 00 00 14
	// captures: truncated: packet needs 20 octets, the file ends after 17; what precedes it is complete: copy the file again once its recorder has stopped (offset 44, after 1 packet)
}

// Frames are stripped to their IP packets.
func ExamplePacket_IP() {
	p := captures.Packet{Link: captures.LinkEthernet, Data: []byte("\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x81\x00\x00\x05\x08\x00\x45\x00\x00\x14")}
	ip, err := p.IP()
	fmt.Printf("% x %v\n", ip, err)
	p.Data = []byte("\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x06\x00\x01")
	_, err = p.IP()
	fmt.Println(err)
	// Output:
	// 45 00 00 14 <nil>
	// captures: frame does not carry IP
}
