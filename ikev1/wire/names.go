package wire

var cfgAttributeNames = map[AttributeType]string{
	CFGInternalIP4Address:    "INTERNAL_IP4_ADDRESS",
	CFGInternalIP4Netmask:    "INTERNAL_IP4_NETMASK",
	CFGInternalIP4DNS:        "INTERNAL_IP4_DNS",
	CFGInternalIP4NBNS:       "INTERNAL_IP4_NBNS",
	CFGInternalAddressExpiry: "INTERNAL_ADDRESS_EXPIRY",
	CFGInternalIP4DHCP:       "INTERNAL_IP4_DHCP",
	CFGApplicationVersion:    "APPLICATION_VERSION",
	CFGInternalIP6Address:    "INTERNAL_IP6_ADDRESS",
	CFGInternalIP6Netmask:    "INTERNAL_IP6_NETMASK",
	CFGInternalIP6DNS:        "INTERNAL_IP6_DNS",
	CFGInternalIP6NBNS:       "INTERNAL_IP6_NBNS",
	CFGInternalIP6DHCP:       "INTERNAL_IP6_DHCP",
	CFGInternalIP4Subnet:     "INTERNAL_IP4_SUBNET",
	CFGSupportedAttributes:   "SUPPORTED_ATTRIBUTES",
	CFGInternalIP6Subnet:     "INTERNAL_IP6_SUBNET",
	CFGXAUTHType:             "XAUTH-TYPE",
	CFGXAUTHUserName:         "XAUTH-USER-NAME",
	CFGXAUTHUserPassword:     "XAUTH-USER-PASSWORD",
	CFGXAUTHPasscode:         "XAUTH-PASSCODE",
	CFGXAUTHMessage:          "XAUTH-MESSAGE",
	CFGXAUTHChallenge:        "XAUTH-CHALLENGE",
	CFGXAUTHDomain:           "XAUTH-DOMAIN",
	CFGXAUTHStatus:           "XAUTH-STATUS",
	CFGXAUTHNextPIN:          "XAUTH-NEXT-PIN",
	CFGXAUTHAnswer:           "XAUTH-ANSWER",
	CFGUnityBanner:           "UNITY_BANNER",
	CFGUnitySavePassword:     "UNITY_SAVE_PASSWD",
	CFGUnityDefDomain:        "UNITY_DEF_DOMAIN",
	CFGUnitySplitDNS:         "UNITY_SPLITDNS_NAME",
	CFGUnitySplitInclude:     "UNITY_SPLIT_INCLUDE",
	CFGUnityNATTPort:         "UNITY_NATT_PORT",
	CFGUnityLocalLAN:         "UNITY_LOCAL_LAN",
	CFGUnityPFS:              "UNITY_PFS",
	CFGUnityFirewallType:     "UNITY_FW_TYPE",
	CFGUnityBackupServers:    "UNITY_BACKUP_SERVERS",
	CFGUnityDDNSHostname:     "UNITY_DDNS_HOSTNAME",
}

// Name returns what t is called in a transform of protocol p: "key length".
func (t AttributeType) Name(p ProtocolID) string {
	names := p2AttributeNames
	if p == ProtoISAKMP {
		names = p1AttributeNames
	}
	if name, ok := names[t]; ok {
		return name
	}
	return unknown(uint64(t))
}

// CFGName returns what t is called in an [Attributes] payload: "INTERNAL_IP4_DNS".
func (t AttributeType) CFGName() string {
	if name, ok := cfgAttributeNames[t]; ok {
		return name
	}
	return unknown(uint64(t))
}

var transformNames = map[ProtocolID]map[uint8]string{
	ProtoISAKMP: {KeyIKE: "KEY_IKE"},
	ProtoAH: {
		AHMD5:        "AH_MD5",
		AHSHA:        "AH_SHA",
		AHDES:        "AH_DES",
		AHSHA256:     "AH_SHA2-256",
		AHSHA384:     "AH_SHA2-384",
		AHSHA512:     "AH_SHA2-512",
		AHRIPEMD:     "AH_RIPEMD",
		AHAESXCBC:    "AH_AES-XCBC-MAC",
		AHRSA:        "AH_RSA",
		AHAES128GMAC: "AH_AES-128-GMAC",
		AHAES192GMAC: "AH_AES-192-GMAC",
		AHAES256GMAC: "AH_AES-256-GMAC",
	},
	ProtoESP: {
		ESPDESIV64:         "ESP_DES_IV64",
		ESPDES:             "ESP_DES",
		ESP3DES:            "ESP_3DES",
		ESPRC5:             "ESP_RC5",
		ESPIDEA:            "ESP_IDEA",
		ESPCAST:            "ESP_CAST",
		ESPBlowfish:        "ESP_BLOWFISH",
		ESP3IDEA:           "ESP_3IDEA",
		ESPDESIV32:         "ESP_DES_IV32",
		ESPRC4:             "ESP_RC4",
		ESPNull:            "ESP_NULL",
		ESPAES:             "ESP_AES-CBC",
		ESPAESCTR:          "ESP_AES-CTR",
		ESPAESCCM8:         "ESP_AES-CCM_8",
		ESPAESCCM12:        "ESP_AES-CCM_12",
		ESPAESCCM16:        "ESP_AES-CCM_16",
		ESPAESGCM8:         "ESP_AES-GCM_8",
		ESPAESGCM12:        "ESP_AES-GCM_12",
		ESPAESGCM16:        "ESP_AES-GCM_16",
		ESPSEED:            "ESP_SEED_CBC",
		ESPCamellia:        "ESP_CAMELLIA",
		ESPNullAuthAESGMAC: "ESP_NULL_AUTH_AES-GMAC",
	},
	ProtoIPCOMP: {
		IPCOMPOUI:     "IPCOMP_OUI",
		IPCOMPDeflate: "IPCOMP_DEFLATE",
		IPCOMPLZS:     "IPCOMP_LZS",
		IPCOMPLZJH:    "IPCOMP_LZJH",
	},
}

// TransformName returns the registered name of a transform ID of protocol p: "ESP_AES-CBC".
func TransformName(p ProtocolID, id uint8) string {
	if name, ok := transformNames[p][id]; ok {
		return name
	}
	return unknown(uint64(id))
}
