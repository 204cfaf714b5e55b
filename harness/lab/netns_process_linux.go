package lab

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
)

// Process is a program running in a namespace, in a process group of its own.
// The kernel kills it when this process dies.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // valid once done is closed
}

// Start starts cmd inside the namespace and waits for it in the background; the
// caller must not call cmd.Wait. Process group and parent-death signal are set,
// other SysProcAttr fields are kept. A cmd made with exec.CommandContext is
// killed when its context ends.
func (n *Namespace) Start(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	p := &Process{cmd: cmd, done: make(chan struct{})}
	n.addChild(p) // before the start: Close cannot slip between
	if err := n.Do(cmd.Start); err != nil {
		n.removeChild(p)
		return nil, fmt.Errorf("harness/lab: start %s in %s: %w", cmd.Path, n.name, err)
	}
	go p.wait(func() { n.removeChild(p) })
	return p, nil
}

// StartProcess starts cmd where this process is, in a process group of its own,
// and waits for it in the background as Namespace.Start does. It outlives this
// process: it is for a guest, which ends with its first process anyway.
func StartProcess(cmd *exec.Cmd) (*Process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("harness/lab: start %s: %w", cmd.Path, err)
	}
	p := &Process{cmd: cmd, done: make(chan struct{})}
	go p.wait(func() {})
	return p, nil
}

func (p *Process) wait(ended func()) {
	p.err = p.cmd.Wait()
	ended()
	close(p.done)
}

// Run runs cmd inside the namespace to its end and returns what it wrote to
// standard output and standard error.
func (n *Namespace) Run(cmd *exec.Cmd) ([]byte, error) {
	var out boundedBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := n.Start(cmd)
	if err != nil {
		return nil, err
	}
	<-p.Done()
	return out.b, p.Err()
}

// boundedBuffer keeps the first MiB a program writes and drops the rest.
type boundedBuffer struct{ b []byte }

func (w *boundedBuffer) Write(p []byte) (int, error) {
	const limit = 1 << 20
	w.b = append(w.b, p[:min(len(p), limit-len(w.b))]...)
	return len(p), nil
}

func (n *Namespace) addChild(p *Process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.children[p] = struct{}{}
}

func (n *Namespace) removeChild(p *Process) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.children, p)
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended and has been waited for.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns how the process ended, as exec.Cmd.Wait does. It is nil before
// Done is closed.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Signal sends s to the process alone. A process that has ended is no error.
func (p *Process) Signal(s syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, syscall.ESRCH) && p.Err() == nil {
		return fmt.Errorf("harness/lab: signal %s to %d: %w", s, p.PID(), err)
	}
	return nil
}

// Kill ends the process group and returns when the process is gone.
func (p *Process) Kill() {
	select {
	case <-p.done:
	default:
		// The leader has not been reaped, so its group id cannot be another's.
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
		<-p.done
	}
}

// Stop asks the process to end with SIGTERM and kills its group when ctx ends
// first, which it reports.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("harness/lab: %s did not end on SIGTERM: %w", p.cmd.Path, ctx.Err())
	}
}
