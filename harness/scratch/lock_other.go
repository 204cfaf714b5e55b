//go:build !unix

package scratch

import "os"

// own does nothing: there are no real peers on such a system, and with them no secrets.
func own(*os.File) error { return nil }

// adopt adopts nothing.
func adopt(string) *os.File { return nil }
