package evidence

import "time"

// Incident is one line of faults.jsonl: something that the wire did to a packet.
type Incident struct {
	Time time.Time `json:"time"`
	Kind string    `json:"kind"` // of a fault its kind, "drop"; of a NAT IncidentMapping, IncidentBlocked or IncidentRebind
	// Fault is the place of the fault among those of the scenario, from 1; 0: it was the NAT.
	Fault  int    `json:"fault,omitempty"`
	Port   uint16 `json:"port,omitempty"` // of a mapping, outside
	Detail string `json:"detail"`
}

// What a NAT does.
const (
	IncidentMapping = "mapping" // it gave out a port
	IncidentBlocked = "blocked" // it let a packet not pass
	IncidentRebind  = "rebind"  // it forgot the ports it had given out
)
