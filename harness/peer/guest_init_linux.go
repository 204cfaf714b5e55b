package peer

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/useipsec/useipsec/harness/lab"
)

// GuestMain turns this process into the agent of a guest when it is the first
// process of one, and then never returns; elsewhere it returns at once. A guest
// runs the very binary that booted it, so every main and every TestMain that
// starts peers must call GuestMain before anything else.
func GuestMain() {
	control := os.Getenv(controlVariable)
	if os.Getpid() != 1 || control == "" {
		return
	}
	err := guestMain(control)
	if err != nil {
		fmt.Println("useipsec guest:", err) // the console
	}
	powerOff()
}

func powerOff() {
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	select {} // the first process must not end
}

func guestMain(control string) error {
	if err := mountGuest(); err != nil {
		return err
	}
	failed := loadModules()
	if err := lab.ConfigureDevice("lo", 0, nil, false); err != nil {
		return err
	}
	if err := lab.ConfigureDevice(guestControl, 0, []netip.Prefix{controlGuest}, false); err != nil {
		return err
	}
	d := net.Dialer{Timeout: 20 * time.Second}
	conn, err := d.Dial("tcp", control)
	if err != nil {
		return err
	}
	a := &agent{failed: failed, apps: lab.SocketApps{}}
	serve(conn, a.handle)
	return nil
}

// mountGuest gives the guest what the host's file system, which is its root and
// read-only, cannot give.
func mountGuest() error {
	for _, m := range []struct {
		kind, at, data string
		flags          uintptr
	}{
		{"proc", "/proc", "", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{"sysfs", "/sys", "", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC},
		{"devtmpfs", "/dev", "mode=0755", unix.MS_NOSUID},
		{"tmpfs", "/run", "mode=0755", unix.MS_NOSUID | unix.MS_NODEV},
	} {
		// The kernel may have mounted /dev itself.
		if err := unix.Mount(m.kind, m.at, m.kind, m.flags, m.data); err != nil && err != unix.EBUSY {
			return fmt.Errorf("mount %s on %s: %w", m.kind, m.at, err)
		}
	}
	return nil
}

// guestKernelModules are what ESP and AH need, in the order of their
// dependencies. Without drbg the kernel refuses every SA.
var guestKernelModules = []string{
	"lib/crc-ccitt", "net/xfrm/xfrm_algo", "crypto/hmac", "crypto/authenc", "crypto/echainiv", "crypto/seqiv",
	"crypto/cbc", "crypto/ctr", "lib/crypto/libdes", "crypto/des_generic", "crypto/camellia_generic",
	"crypto/cast_common", "crypto/cast5_generic", "crypto/blowfish_common", "crypto/blowfish_generic", "crypto/sha512_generic", "crypto/drbg",
	"crypto/ansi_cprng", "crypto/xcbc", "crypto/cmac", "crypto/ccm", "crypto/authencesn", "net/ipv4/tunnel4",
	"net/ipv4/xfrm4_tunnel", "crypto/gf128mul", "crypto/ghash-generic", "crypto/gcm", "crypto/crypto_null",
	"net/xfrm/xfrm_user", "net/ipv4/esp4", "net/ipv4/ah4", "net/ipv6/ipv6", "net/ipv6/esp6", "net/ipv6/ah6",
}

// loadModules loads the modules of the running kernel and returns those that
// exist and did not load. One that does not exist is built in, or its absence
// shows where it is needed.
func loadModules() (failed []string) {
	var uts unix.Utsname
	if unix.Uname(&uts) != nil {
		return []string{"(uname)"}
	}
	dir := filepath.Join(umlModules, unix.ByteSliceToString(uts.Release[:]), "kernel")
	for _, m := range guestKernelModules {
		f, err := os.Open(filepath.Join(dir, m+".ko"))
		if err != nil {
			continue
		}
		if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil && err != unix.EEXIST {
			failed = append(failed, fmt.Sprintf("%s (%v)", filepath.Base(m), err))
		}
		f.Close()
	}
	return failed
}

// guestSysctl writes a value below /proc/sys/net; a key that is not there is
// one the kernel does not have.
func guestSysctl(key, value string) error {
	err := os.WriteFile("/proc/sys/net/"+key, []byte(value), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// upTime is the age of the guest's kernel in seconds.
func upTime() string {
	b, _ := os.ReadFile("/proc/uptime")
	up, _, _ := strings.Cut(string(b), " ")
	return up
}
