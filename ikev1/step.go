package ikev1

// Step names a message of an exchange, for deviations that touch one message.
type Step uint8

// The messages a Session sends.
const (
	Main1 Step = 1 + iota
	Main2
	Main3
	Main4
	Main5
	Main6
	Aggressive1
	Aggressive2
	Aggressive3
	Quick1
	Quick2
	Quick3
	Info
	ConfigRequest
	ConfigReply
	ConfigSet
	ConfigAck
)

var stepNames = [...]string{
	Main1: "main1", Main2: "main2", Main3: "main3", Main4: "main4", Main5: "main5", Main6: "main6",
	Aggressive1: "aggressive1", Aggressive2: "aggressive2", Aggressive3: "aggressive3",
	Quick1: "quick1", Quick2: "quick2", Quick3: "quick3", Info: "info",
	ConfigRequest: "config-request", ConfigReply: "config-reply", ConfigSet: "config-set", ConfigAck: "config-ack",
}

// String gives the name scenarios use.
func (s Step) String() string {
	if int(s) < len(stepNames) && stepNames[s] != "" {
		return stepNames[s]
	}
	return "unknown"
}
