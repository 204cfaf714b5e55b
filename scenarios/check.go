package scenarios

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/useipsec/useipsec/scenarios/profile"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// checker finds what the types alone cannot: what is left out or contradicts
// itself.
type checker struct {
	doc *strict.Document
	s   *Scenario
}

var (
	idSyntax  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)+$`)
	tagSyntax = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	refSyntax = regexp.MustCompile(`^(RFC[1-9][0-9]*|draft-[a-z0-9]+(-[a-z0-9]+)*)(/[0-9A-Za-z]+(\.[0-9]+)*)?$`)
)

func (c checker) check() {
	s := c.s
	if s.ID != "" && !idSyntax.MatchString(s.ID) {
		c.doc.Errorf("id", "id %q is not a path such as main/psk/aes128-sha1-modp1024: small letters, digits and single dashes", s.ID)
	}
	for i, tag := range s.Tags {
		if tag != "" && !tagSyntax.MatchString(tag) {
			c.doc.Errorf(fmt.Sprintf("tags[%d]", i), "tag %q is not small letters, digits and single dashes", tag)
		}
	}
	for i, ref := range s.Refs {
		if ref != "" && !refSyntax.MatchString(ref) {
			c.doc.Errorf(fmt.Sprintf("refs[%d]", i), "reference %q is not one such as RFC2409/5.4", ref)
		}
	}
	c.filled("items", len(s.Items))
	c.filled("refs", len(s.Refs))
	c.filled("peer_plays", len(s.PeerPlays))
	c.checkBase()
	c.checkIKE("ike", s.IKE)
	c.checkChild("child", s.Child, s.Child.Protocol)
	c.checkPeer()
	c.checkWire()
	c.checkScript()
	for i, spec := range s.Deviations {
		var d Deviations
		if err := d.Set(spec); err != nil {
			c.doc.Errorf(fmt.Sprintf("deviations[%d]", i), "%v", err)
		}
	}
	c.checkExpect("expect", s.Expect)
	for i, q := range s.Expect.Tolerated {
		c.checkQuirk(fmt.Sprintf("expect.tolerated[%d]", i), q)
	}
}

// filled reports an empty list.
func (c checker) filled(path string, n int) {
	if n == 0 && c.doc.Has(path) {
		c.doc.Errorf(path, "%s is an empty list", path)
	}
}

// need reports a key that is left out.
func (c checker) need(path, why string) {
	if c.doc.Complete(parent(path)) && !c.doc.Has(path) && c.doc.Has(parent(path)) {
		c.doc.Errorf(path, "missing key %q in %s%s", path[strings.LastIndexByte(path, '.')+1:], parent(path), why)
	}
}

func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '.'))] }

// checkBase: what both ends have is stated, only differences may be partial.
func (c checker) checkBase() {
	c.need("ike.proposals", "")
	c.need("child.mode", ": transport or tunnel")
	c.need("child.proposals", "")
	if c.s.Child.PFS == "none" {
		c.doc.Errorf("child.pfs", `"none" only has a meaning under peer; leave the key out`)
	}
}

func (c checker) checkIKE(path string, k IKE) {
	c.filled(path+".proposals", len(k.Proposals))
	c.filled(path+".natt_versions", len(k.NATTVersions))
	for _, r := range []Role{Initiator, Responder} {
		at := fmt.Sprintf("%s.identities.%s", path, r)
		if form := k.Identities.Of(r); form != "" && !c.doc.Mistaken(at) && IdentityText(r, form) == "" {
			c.doc.Errorf(at, "scenarios have no names of the form %s; leave the key out for the address", form)
		}
	}
	if k.Authentication = cmp.Or(k.Authentication, c.s.IKE.Authentication, DefaultAuthentication); c.doc.Has(path+".certificate") && k.Method().PSK() {
		c.doc.Errorf(path+".certificate", "contradiction: the authentication has no certificates")
	}
	if k.ModeConfig != NoModeConfig && c.s.Harness().Child.Mode == "transport" {
		c.doc.Errorf(path+".mode_config", "contradiction: an address inside needs tunnel mode")
	}
}

// checkChild checks a child configuration or the differences of one, for the
// protocol that it results in.
func (c checker) checkChild(path string, k Child, protocol string) {
	c.filled(path+".proposals", len(k.Proposals))
	for i, p := range k.Proposals {
		at := fmt.Sprintf("%s.proposals[%d]", path, i)
		switch {
		case protocol == "ah" && p.Encryption != "":
			c.doc.Errorf(at+".encryption", "contradiction: AH does not encrypt")
		case protocol == "ah":
		case !c.doc.Has(at + ".encryption"):
			c.need(at+".encryption", `; with ESP it is there, be it "null"`)
		case p.Encryption == "" || p.Integrity == "": // could not be read
		case profile.AEAD(p.Encryption) && p.Integrity != "none":
			c.doc.Errorf(at+".integrity", `contradiction: %s has its integrity built in and goes with "none" (RFC 4106)`, p.Encryption)
		case p.Encryption == "null" && p.Integrity == "none":
			c.doc.Errorf(at+".integrity", "contradiction: neither encryption nor integrity (RFC 2406 5)")
		}
		if protocol == "ah" && p.Integrity == "none" {
			c.doc.Errorf(at+".integrity", "contradiction: AH is nothing but integrity")
		}
	}
	if s := k.Selector; s != nil {
		for _, port := range []struct {
			key   string
			value uint16
		}{{"server_port", s.ServerPort}, {"client_port", s.ClientPort}} {
			at := path + ".selector." + port.key
			switch {
			case !c.doc.Has(at) || c.doc.Mistaken(path+".selector.protocol"):
			case port.value == 0:
				c.doc.Errorf(at, "port 0 is none; leave the key out for any port")
			case !s.Protocol.HasPorts():
				c.doc.Errorf(at, "contradiction: protocol %s has no ports to select by", s.Protocol)
			}
		}
	}
}

func (c checker) checkPeer() {
	p := c.s.Peer
	ike := c.s.PeerConfig().IKE
	if p.PSK != SecretShared && !ike.Method().PSK() {
		c.doc.Errorf("peer.psk", "contradiction: the authentication has no pre-shared key")
	}
	if p.Password != SecretShared && ike.XAUTHClient() == 0 {
		c.doc.Errorf("peer.password", "contradiction: the authentication has no password")
	}
	if p.IKE != nil {
		c.checkIKE("peer.ike", *p.IKE)
	}
	if p.Child != nil {
		c.checkChild("peer.child", *p.Child, c.s.PeerConfig().Child.Protocol)
	}
}

func (c checker) checkScript() {
	c.filled("script", len(c.s.Script))
	there := false // is there a child that a step could be about?
	for i, step := range c.s.Script {
		at := fmt.Sprintf("script[%d]", i)
		n := 0
		for _, set := range []bool{step.Initiate != nil, step.Exchange != nil, step.Rekey != nil, step.Delete != nil, step.Wait != nil, step.Rebind != nil} {
			if set {
				n++
			}
		}
		if n != 1 && c.doc.Has(at) && !c.below(at) {
			c.doc.Errorf(at, "a step is one of initiate, exchange, rekey, delete, wait and rebind; here are %d", n)
		}
		if e := step.Exchange; e != nil {
			c.checkExchange(at+".exchange", e)
		}
		if w := step.Wait; w != nil && c.doc.Has(at+".wait.for") && (w.For <= 0 || w.For > MaxWait) {
			c.doc.Errorf(at+".wait.for", "a wait is longer than 0 and no longer than %v", MaxWait)
		}
		if (step.Rekey != nil || step.Delete != nil) && !there {
			c.doc.Errorf(at, "contradiction: nothing has been initiated that could be rekeyed or deleted")
		}
		if step.Rebind != nil && !c.s.Translates() && !c.below("wire") {
			c.doc.Errorf(at+".rebind", "contradiction: there is no NAT that could; wire.nat makes one")
		}
		there = there || step.Initiate != nil || step.Exchange != nil
	}
}

// below reports whether there is a mistake in what the path contains.
func (c checker) below(path string) bool {
	for _, e := range c.doc.Mistakes() {
		if strings.HasPrefix(e.Path, path) {
			return true
		}
	}
	return false
}

func (c checker) checkExchange(path string, e *Exchange) {
	if c.doc.Has(path+".protocol") && e.Protocol != protocolTCP && e.Protocol != protocolUDP {
		c.doc.Errorf(path+".protocol", "an exchange is a conversation over tcp or udp, not %s", e.Protocol)
	}
	if c.doc.Has(path+".port") && e.Port == 0 {
		c.doc.Errorf(path+".port", "port 0 cannot be connected to")
	}
	most, what := Size(1<<20), "TCP"
	if e.Protocol == protocolUDP {
		most, what = maxDatagram, "UDP"
	}
	if c.doc.Has(path+".size") && (e.Size == 0 || e.Size > most) {
		c.doc.Errorf(path+".size", "the size of a %s exchange is from 1 to %d octets", what, most)
	}
	if e.Expect == Protected && c.s.Expect.Phase1 != 0 && !c.s.Expect.Phase2.Allows(Established) && !c.doc.Mistaken("expect.phase2") {
		c.doc.Errorf(path+".expect", "contradiction: no SA is expected that could protect it")
	}
}

// checkQuirk: a quirk is about a rule, or an outcome.
func (c checker) checkQuirk(path string, q Quirk) {
	c.filled(path+".peers", len(q.Peers))
	switch {
	case q.Rule == "" && q.Phase1 == 0 && !c.below(path):
		c.doc.Errorf(path, "a tolerated behaviour is an outcome, by phase1, or a rule that may fail")
	case q.Rule != "" && q.Phase1 != 0:
		c.doc.Errorf(path+".rule", "contradiction: a tolerated behaviour is an outcome or a rule that may fail, not both")
	case q.Rule == "":
		c.checkExpect(path, q.Expect())
	}
}

func (c checker) checkExpect(path string, e Expect) {
	refused := e.Phase1.Allows(Refused) || e.Phase2.Allows(Refused)
	switch {
	case e.Phase1 == 0:
		return
	case e.Phase1 == Refused && e.Phase2 != 0:
		c.doc.Errorf(path+".phase2", "contradiction: phase 1 is refused, so there is no phase 2")
	case e.Phase1.Allows(Established) && c.s.PeerConfig().IKE.XAUTHClient() == 0:
		c.need(path+".phase2", "")
	}
	switch {
	case refused && len(e.Notifies) == 0 && !e.Silence && !c.doc.Mistaken(path+".notifies") && !c.doc.Mistaken(path+".silence"):
		c.doc.Errorf(path, "a refusal needs notifies, or silence, or both: by what is it to be known?")
	case !refused && (len(e.Notifies) > 0 || e.Silence) && !c.doc.Mistaken(path+".phase2"):
		c.doc.Errorf(path, "contradiction: notifies and silence belong to a refusal, and none is acceptable")
	}
}
