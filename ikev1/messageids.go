package ikev1

// messageIDs remembers the message IDs of exchanges that are over, so that nothing of them is taken again (RFC 2408 2.5.3):
// at least maxMessageIDs of them, and at most twice as many.
type messageIDs struct{ now, before map[uint32]bool }

const maxMessageIDs = 1 << 15

func (m *messageIDs) has(id uint32) bool { return m.now[id] || m.before[id] }

func (m *messageIDs) add(id uint32) {
	if m.now == nil || len(m.now) >= maxMessageIDs {
		m.now, m.before = map[uint32]bool{}, m.now
	}
	m.now[id] = true
}
