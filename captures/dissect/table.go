package dissect

import (
	"cmp"
	"slices"
)

// table is a map that holds at most max values and makes room by dropping the
// one that was used longest ago.
type table[K comparable, V any] struct {
	max        int
	m          map[K]*node[K, V]
	newest     *node[K, V] // by use
	oldest     *node[K, V]
	insertions uint64
}

type node[K comparable, V any] struct {
	key          K
	value        V
	born         uint64
	newer, older *node[K, V]
}

func newTable[K comparable, V any](maxValues int) *table[K, V] {
	return &table[K, V]{max: maxValues, m: make(map[K]*node[K, V])}
}

// get looks k up and counts as use.
func (t *table[K, V]) get(k K) (V, bool) {
	n, ok := t.m[k]
	if !ok {
		var none V
		return none, false
	}
	if n != t.newest {
		t.unlink(n)
		t.link(n)
	}
	return n.value, true
}

// put stores v under k. If another value had to go it is returned with true.
func (t *table[K, V]) put(k K, v V) (evicted V, was bool) {
	if n, ok := t.m[k]; ok {
		n.value = v
		t.unlink(n)
		t.link(n)
		return evicted, false
	}
	if len(t.m) >= t.max {
		evicted, was = t.evict()
	}
	t.insertions++
	n := &node[K, V]{key: k, value: v, born: t.insertions}
	t.m[k] = n
	t.link(n)
	return evicted, was
}

// evict drops the value used longest ago, if there is any.
func (t *table[K, V]) evict() (evicted V, was bool) {
	n := t.oldest
	if n == nil {
		return evicted, false
	}
	t.unlink(n)
	delete(t.m, n.key)
	return n.value, true
}

func (t *table[K, V]) remove(k K) {
	if n, ok := t.m[k]; ok {
		t.unlink(n)
		delete(t.m, k)
	}
}

func (t *table[K, V]) len() int { return len(t.m) }

// values lists what is stored in order of insertion.
func (t *table[K, V]) values() []V {
	nodes := make([]*node[K, V], 0, len(t.m))
	for _, n := range t.m {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *node[K, V]) int { return cmp.Compare(a.born, b.born) })
	vs := make([]V, len(nodes))
	for i, n := range nodes {
		vs[i] = n.value
	}
	return vs
}

func (t *table[K, V]) link(n *node[K, V]) {
	n.newer, n.older = nil, t.newest
	if t.newest != nil {
		t.newest.newer = n
	}
	t.newest = n
	if t.oldest == nil {
		t.oldest = n
	}
}

func (t *table[K, V]) unlink(n *node[K, V]) {
	if n.newer != nil {
		n.newer.older = n.older
	} else {
		t.newest = n.older
	}
	if n.older != nil {
		n.older.newer = n.newer
	} else {
		t.oldest = n.newer
	}
	n.newer, n.older = nil, nil
}
