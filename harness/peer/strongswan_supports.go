package peer

import (
	"slices"
	"strings"
)

// swanSupports asks what the peer and one carrier can be configured for.
func swanSupports(c Config, carrier Carrier) error {
	if m := c.IKE.Mode; m != "main" && m != "aggressive" {
		return swanCannot("exchange mode "+m, "IKEv1 in strongSwan has main and aggressive mode")
	}
	for _, id := range []Identity{c.IKE.LocalID, c.IKE.RemoteID} {
		if _, err := swanID(id, c.Local); err != nil {
			return err
		}
	}
	if err := swanSupportsNATT(c, carrier); err != nil {
		return err
	}
	if err := swanSupportsChild(c, carrier); err != nil {
		return err
	}
	if err := swanSupportsModeConfig(c); err != nil {
		return err
	}
	if err := swanSupportsKey(c); err != nil {
		return err
	}
	return swanSupportsAlgorithms(c, carrier)
}

func swanSupportsChild(c Config, carrier Carrier) error {
	if p := c.Child.Protocol; p != "esp" && p != "ah" {
		return swanCannot("protocol "+p, "strongSwan negotiates ESP and AH")
	}
	if m := c.Child.Mode; m != "tunnel" && m != "transport" {
		return swanCannot("mode "+m, "strongSwan negotiates tunnel and transport mode")
	}
	if carrier != CarrierNamespace {
		return nil
	}
	if c.Child.Mode == "transport" {
		return swanCannot("transport mode in a namespace", "kernel-libipsec: unsupported mode")
	}
	if c.Child.Protocol == "ah" {
		return swanCannot("AH in a namespace", "kernel-libipsec carries ESP only")
	}
	return nil
}

func swanSupportsModeConfig(c Config) error {
	if _, err := swanAuthentication(c); err != nil {
		return err
	}
	switch c.IKE.ModeConfig {
	case ModeConfigNone:
		return nil
	case ModeConfigPull, ModeConfigPush:
	default:
		return swanCannot("mode config "+string(c.IKE.ModeConfig), "it has pull and push")
	}
	if c.Child.Mode == "transport" {
		return swanCannot("mode config in transport mode", "its transport mode is between the ends of the ISAKMP SA")
	}
	return nil
}

// The versions of NAT traversal: strongSwan announces two, and takes four from who announces them.
var (
	swanNATTAnnounced = []string{"rfc3947", "draft-02n"}
	swanNATTAccepted  = []string{"rfc3947", "draft-03", "draft-02", "draft-02n"}
)

func swanSupportsNATT(c Config, carrier Carrier) error {
	versions, does := swanNATTAccepted, "accepts"
	if c.Role == Initiator {
		versions, does = swanNATTAnnounced, "announces"
	}
	for _, v := range c.IKE.NATTVersions {
		if !slices.Contains(versions, v) {
			return swanCannot("NAT traversal "+v, "it "+does+" "+strings.Join(versions, ", ")+" only")
		}
	}
	if c.RemoteMoves && carrier == CarrierNamespace {
		return swanCannot("a NAT that changes its mapping in a namespace", "kernel-libipsec does not look where ESP packets come from")
	}
	switch c.IKE.NATTraversal {
	case NATTAuto:
		return nil
	case NATTForced:
		if c.Child.Protocol == "ah" {
			return swanCannot("AH with forced NAT traversal", "UDP encapsulation is of ESP")
		}
		return nil
	case NATTOff:
		if carrier == CarrierNamespace {
			return swanCannot("NAT traversal off in a namespace", "kernel-libipsec requires UDP encapsulation")
		}
		if c.Role == Initiator {
			return swanCannot("NAT traversal off", "it always announces "+strings.Join(versions, " and "))
		}
		return nil // it answers an announcement, and there is none
	}
	return swanCannot("NAT traversal "+string(c.IKE.NATTraversal), "it detects NATs or has encap = yes")
}

// swanSupportsAlgorithms asks for the names, and whether the carrier has what the child's stand for.
func swanSupportsAlgorithms(c Config, carrier Carrier) error {
	short, err := swanTruncates(c.Child)
	if err != nil {
		return err
	}
	if short && carrier == CarrierNamespace {
		return swanCannot(truncatedSHA256+" in a namespace", "kernel-libipsec: unsupported integrity algorithm HMAC_SHA2_256_96")
	}
	_, _, err = swanProposals(c)
	return err
}
