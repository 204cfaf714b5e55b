package lab

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// reexecMark is set in the environment of the binary that was started again
// inside a user namespace.
const reexecMark = "USEIPSEC_USER_NAMESPACE"

// CanNetns reports whether this process can build the namespace lab: network
// namespaces and TUN devices. Its error says everything that is missing, and
// whether a user namespace would help.
func CanNetns() error {
	if err := tryUnshare(unix.CLONE_NEWNET); err != nil {
		err = fmt.Errorf("harness/lab: cannot create a network namespace: %w", err)
		if os.Geteuid() == 0 {
			return fmt.Errorf("%w (uid 0 without CAP_SYS_ADMIN; a container needs --privileged, or --cap-add SYS_ADMIN and NET_ADMIN)", err)
		}
		if uerr := CanUserNamespace(); uerr != nil {
			return fmt.Errorf("%w; and %w", err, uerr)
		}
		return fmt.Errorf("%w; run as root or inside a user namespace", err)
	}
	return canTUN()
}

// CanUserNamespace reports whether an unprivileged user may create a user
// namespace with network devices of its own, and if not, what forbids it.
func CanUserNamespace() error {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = userNamespaceAttr()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("harness/lab: cannot create a user namespace: %w%s", err, userNamespaceHint())
	}
	return canTUN()
}

func canTUN() error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	switch {
	case err == nil:
		return unix.Close(fd)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("harness/lab: /dev/net/tun is missing: %w (modprobe tun; a container needs --device /dev/net/tun)", err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("harness/lab: /dev/net/tun may not be opened: %w (chmod 0666 /dev/net/tun, or allow the device in the container)", err)
	default:
		return fmt.Errorf("harness/lab: /dev/net/tun: %w", err)
	}
}

// tryUnshare tries flags on a thread that is thrown away.
func tryUnshare(flags int) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- unix.Unshare(flags)
	}()
	return <-done
}

// userNamespaceHint names the kernel switches that forbid user namespaces here.
func userNamespaceHint() string {
	var hints []string
	for _, s := range []struct{ path, forbids, why string }{
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone is 0"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor restricts user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns is 1"},
		{"/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces is 0"},
	} {
		if b, err := os.ReadFile(s.path); err == nil && strings.TrimSpace(string(b)) == s.forbids {
			hints = append(hints, s.why)
		}
	}
	if len(hints) == 0 {
		return ""
	}
	return " (" + strings.Join(hints, "; ") + ")"
}

func userNamespaceAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
}

// InUserNamespace reports whether ReexecInUserNamespace started this process.
func InUserNamespace() bool { return os.Getenv(reexecMark) != "" }

// ReexecInUserNamespace starts this same binary again with args (without the
// program name) as uid 0 of a new user, network and mount namespace, with the
// same standard files, and returns its exit code. Interrupts and SIGTERM are
// passed on. The binary's main must call
// PrepareUserNamespace before anything else.
func ReexecInUserNamespace(args []string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return -1, fmt.Errorf("harness/lab: own binary: %w", err)
	}
	// The child dies with the thread that starts it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(self, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), reexecMark+"=1")
	cmd.SysProcAttr = userNamespaceAttr()

	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return -1, fmt.Errorf("harness/lab: cannot create a user namespace: %w%s", err, userNamespaceHint())
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				// A terminal's interrupt has reached the child already, and a
				// second one would mean "now!".
				if s == os.Interrupt && inForeground() {
					continue
				}
				_ = cmd.Process.Signal(s)
			case <-ended:
				return
			}
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return cmd.ProcessState.ExitCode(), err
}

// inForeground reports whether this process group is the one its terminal
// interrupts.
func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// PrepareUserNamespace finishes what ReexecInUserNamespace began, inside the
// child: mounts are made private and a tmpfs covers /run, whose files belong to
// a root that this one is not. In any other process it does nothing.
func PrepareUserNamespace() error {
	if !InUserNamespace() {
		return nil
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("harness/lab: make mounts private: %w", err)
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("harness/lab: tmpfs on /run: %w", err)
	}
	return os.MkdirAll(filepath.Join("/run", "lock"), 0o755)
}

// KernelESP reports whether this machine's kernel carries ESP, by adding a
// dummy security association in a namespace made for the question.
func KernelESP() (bool, error) {
	n, err := NewNamespace("esp-probe")
	if err != nil {
		return false, err
	}
	defer n.Close()
	err = n.nl.XfrmStateAdd(&netlink.XfrmState{
		Src: net.IPv4(192, 0, 2, 1), Dst: net.IPv4(192, 0, 2, 2), Spi: 0x1000,
		Proto: netlink.XFRM_PROTO_ESP, Mode: netlink.XFRM_MODE_TRANSPORT,
		Auth:  &netlink.XfrmStateAlgo{Name: "hmac(sha1)", Key: make([]byte, 20), TruncateLen: 96},
		Crypt: &netlink.XfrmStateAlgo{Name: "cbc(aes)", Key: make([]byte, 16)},
	})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.ENOSYS),
		errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOPROTOOPT), errors.Is(err, unix.EOPNOTSUPP):
		return false, nil
	default:
		return false, fmt.Errorf("harness/lab: probe kernel ESP: %w", err)
	}
}
