package spd

// Deviations are named faults of an Endpoint. The zero value is honest. Each fault is
// used at the one place where the honest code decides.
type Deviations struct {
	// LeakCleartext, if n > 0, causes the first n packets of protect policies to be
	// sent in clear too, with an SA or without. RFC 2401 5.1.
	LeakCleartext int `yaml:"leak_cleartext"`
	// LeakWithoutSA, if true, causes packets of protect policies to be sent in clear
	// while there is no SA. RFC 2401 5.1.1.
	LeakWithoutSA bool `yaml:"leak_without_sa"`
	// LeakAfterDelete, if true, causes packets of a protect policy to be sent in clear
	// once it has lost its last SA. RFC 2401 5.1.1.
	LeakAfterDelete bool `yaml:"leak_after_delete"`
	// AnyPort, if true, causes traffic of other ports to go through the SA too.
	// RFC 2401 4.4.2.
	AnyPort bool `yaml:"any_port"`
	// SpoofInner, if n > 0, causes the nth packet that an SA protects to be outside
	// its selectors: another inner source address in tunnel mode, other TCP or UDP
	// ports in transport mode. RFC 2401 5.1.1.
	SpoofInner int `yaml:"spoof_inner"`
	// IgnoreRekey, if true, causes the oldest outbound SA to stay in use where the
	// newest should be. RFC 2408 4.3, RFC 2409 9.
	IgnoreRekey bool `yaml:"ignore_rekey"`
	// KeepDeleted, if true, causes SAs that are removed to stay in use.
	// RFC 2408 3.15.
	KeepDeleted bool `yaml:"keep_deleted"`
	// NeverExpire, if true, causes SAs to be used past their lifetime. RFC 2401 4.4.3.
	NeverExpire bool `yaml:"never_expire"`
	// ReuseSPI, if true, causes an inbound SA to replace one that has the same SPI
	// instead of being refused. RFC 2401 4.4.3.
	ReuseSPI bool `yaml:"reuse_spi"`
	// UDPChecksum, if true, causes encapsulated ESP to carry a UDP checksum that is
	// neither zero nor right. RFC 3948 2.1.
	UDPChecksum bool `yaml:"udp_checksum"`

	// AcceptClear, if true, causes inbound clear packets that a protect policy covers
	// to be accepted. RFC 2401 5.2.1.
	AcceptClear bool `yaml:"accept_clear"`
	// AcceptOutside, if true, causes decapsulated packets outside the SA's selectors
	// to be accepted. RFC 2401 5.2.1.
	AcceptOutside bool `yaml:"accept_outside"`
}
