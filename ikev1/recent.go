package ikev1

// recent remembers what must not be taken a second time: at least maxRecent of it, and at most twice as much.
type recent[K comparable] struct{ now, before map[K]bool }

const maxRecent = 1 << 15

func (r *recent[K]) has(k K) bool { return r.now[k] || r.before[k] }

func (r *recent[K]) add(k K) {
	if r.now == nil || len(r.now) >= maxRecent {
		r.now, r.before = map[K]bool{}, r.now
	}
	r.now[k] = true
}

// replayed tells whether a message with this HASH(1), which was verified, came before, and remembers it. The hash is over the
// message ID and all payloads, but not over the header: the same octets are a repeat, also as another exchange, and other
// octets under the same message ID are none, for some peers draw message IDs of one octet.
func (s *Session) replayed(hash []byte) bool {
	if s.hashes.has(string(hash)) {
		return true
	}
	s.hashes.add(string(hash))
	return false
}
