package check

import (
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// RFC 2409 5.5: the key exchange of quick mode.

func quickPFS(o *observer, m *dissect.ISAKMP) {
	if !quick(o, m, 1, 2) {
		return
	}
	with, without := 0, 0
	var group uint64
	differ := false
	if !forEachTransform(m, func(p wire.Proposal, t wire.Transform) {
		if a, ok := t.Attr(wire.P2Group); ok {
			with++
			n, _ := a.Uint()
			differ = differ || with > 1 && n != group
			group = n
		} else if p.Protocol == wire.ProtoESP || p.Protocol == wire.ProtoAH {
			without++
		}
	}) {
		return
	}
	_, ke := first[*wire.KE](m)
	switch {
	case ke && without > 0:
		o.fail(m.Frame, m.Src.Addr(), "message %d has a KE payload, and %s without a group", m.Index, count(without, "transform"))
	case ke && differ:
		o.fail(m.Frame, m.Src.Addr(), "message %d has a KE payload, and transforms with different groups", m.Index)
	case !ke && with > 0:
		o.fail(m.Frame, m.Src.Addr(), "message %d names group %v and has no KE payload", m.Index, keymat.Group(group))
	case m.Index == 2 && m.Quick.Offered != nil && ke != (len(m.Quick.KEi) > 0):
		o.fail(m.Frame, m.Src.Addr(), "message 1 %s a KE payload, message 2 %s", has(len(m.Quick.KEi) > 0), has(ke))
	case m.Index == 1 && !o.s.Foreign() && !configuredGroup(o.s.peer.Child.PFS, ke, group):
		o.fail(m.Frame, m.Src.Addr(), "%s where the scenario configures %s", pfsText(ke, group), orElse(o.s.peer.Child.PFS, "no perfect forward secrecy"))
	default:
		o.pass(m.Frame, "%s", pfsText(ke, group))
	}
}

func configuredGroup(slug string, ke bool, group uint64) bool {
	if slug == "" {
		return !ke
	}
	return ke && keymat.Group(group).String() == slug
}

func pfsText(ke bool, group uint64) string {
	if !ke {
		return "no KE payload"
	}
	return "a KE payload for " + keymat.Group(group).String()
}

func has(b bool) string {
	if b {
		return "has"
	}
	return "has not"
}
