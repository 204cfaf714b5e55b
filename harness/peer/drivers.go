package peer

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnknownPeer says that no driver has that name.
var ErrUnknownPeer = errors.New("unknown peer")

// Drivers are the real peers the harness can run, by name.
func Drivers() []Driver { return []Driver{StrongSwan{}, Libreswan{}, Vpnc{}} }

// Find gives the driver of a name.
func Find(name string) (Driver, error) {
	var names []string
	for _, d := range Drivers() {
		if d.Name() == name {
			return d, nil
		}
		names = append(names, d.Name())
	}
	return nil, fmt.Errorf("harness/peer: %w %q (there is %s)", ErrUnknownPeer, name, strings.Join(names, ", "))
}
