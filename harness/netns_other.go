//go:build !linux

package harness

import (
	"context"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
)

func (w *worker) playNetns(context.Context, *trial, func() (*host.Host, error)) error {
	return lab.ErrNoNamespaces
}

func (w *worker) playReal(context.Context, *trial, peer.Config) error { return lab.ErrNoNamespaces }
