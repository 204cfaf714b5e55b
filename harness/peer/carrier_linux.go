package peer

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/useipsec/useipsec/harness/lab"
)

const guestInstall = "apt-get install user-mode-linux"

var kernelESP = sync.OnceValues(lab.KernelESP)

// carrierHere says whether this machine has a carrier, apart from what it takes
// of the peer, or what it lacks.
func carrierHere(peer string, c Carrier) error {
	lacks := func(install, format string, args ...any) error {
		return &UnavailableError{Peer: peer, Reason: fmt.Sprintf(format, args...), Install: install}
	}
	if err := lab.CanNetns(); err != nil {
		return lacks("", "%v", err)
	}
	switch c {
	case CarrierNamespace:
	case CarrierKernel:
		switch has, err := kernelESP(); {
		case err != nil:
			return lacks("", "%v", err)
		case !has:
			return lacks("", "this kernel has no ESP")
		}
	case CarrierGuest:
		if raceDetector {
			return lacks("", "a program built with the race detector cannot run in a guest")
		}
		if _, err := os.Stat(umlPath); err != nil {
			return lacks(guestInstall, "transport mode needs ESP in a kernel, this one has none and %s is missing", umlPath)
		}
		if found, _ := filepath.Glob(filepath.Join(umlModules, "*", "kernel")); len(found) == 0 {
			return lacks(guestInstall, "the modules of User-mode Linux are missing below %s", umlModules)
		}
	default:
		return lacks("", "unknown carrier %v", c)
	}
	return nil
}
