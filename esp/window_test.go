package esp

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWindow(t *testing.T) {
	const maxSeq = math.MaxUint32
	type step struct {
		seq   uint32
		fresh bool
	}
	for _, tc := range []struct {
		name  string
		size  int
		steps []step
	}{
		{"in order", 64, []step{{1, true}, {2, true}, {3, true}}},
		{"zero is never sent", 64, []step{{0, false}, {1, true}, {0, false}}},
		{"duplicate of the newest", 64, []step{{5, true}, {5, false}}},
		{"late but in the window", 64, []step{{64, true}, {1, true}, {1, false}}},
		{"left edge is 63 behind the newest", 64, []step{{100, true}, {37, true}, {36, false}}},
		{"one more and the edge is out", 64, []step{{100, true}, {101, true}, {37, false}, {38, true}}},
		{"size 32", 32, []step{{100, true}, {69, true}, {68, false}}},
		{"size 1 takes only newer", 1, []step{{3, true}, {2, false}, {3, false}, {4, true}}},
		{"size 65 straddles words", 65, []step{{127, true}, {63, true}, {62, false}, {64, true}, {64, false}}},
		{"size 1024", 1024, []step{{5000, true}, {3977, true}, {3976, false}}},
		{"a jump clears the window", 64, []step{{1, true}, {2, true}, {1000, true}, {2, false}, {937, true}, {936, false}}},
		{"a jump of the ring's length clears too", 64, []step{{10, true}, {138, true}, {75, true}, {74, false}, {137, true}}},
		{"the end of the numbers", 64, []step{{maxSeq, true}, {maxSeq, false}, {maxSeq - 63, true}, {maxSeq - 64, false}}},
		{"to the end in one jump", 64, []step{{1, true}, {maxSeq, true}, {1, false}}},
		{"off", 0, []step{{7, true}, {7, true}, {0, true}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := NewWindow(tc.size)
			if w.Size() != max(0, tc.size) {
				t.Errorf("size %d", w.Size())
			}
			for i, s := range tc.steps {
				top := w.Top()
				if got := w.Fresh(s.seq); got != s.fresh {
					t.Errorf("step %d: Fresh(%d) = %t", i, s.seq, got)
				}
				if w.Top() != top {
					t.Errorf("step %d: Fresh moved the window", i)
				}
				if got := w.Mark(s.seq); got != s.fresh {
					t.Errorf("step %d: Mark(%d) = %t", i, s.seq, got)
				}
			}
		})
	}
}

// TestWindowModel compares the ring with a plain set.
func TestWindowModel(t *testing.T) {
	for _, size := range []int{1, 2, 31, 32, 63, 64, 65, 100, 128, 129, 500} {
		rng := rand.New(rand.NewPCG(1, uint64(size)))
		w := NewWindow(size)
		seen := map[uint32]bool{}
		var top uint32
		for range 20000 {
			seq := uint32(max(0, int64(top)+rng.Int64N(int64(2*size+20))-int64(size+10)))
			if rng.IntN(200) == 0 {
				seq += rng.Uint32N(300)
			}
			want := seq != 0 && !seen[seq] && uint64(seq)+uint64(size) > uint64(top)
			if got := w.Mark(seq); got != want {
				t.Fatalf("size %d, top %d: Mark(%d) = %t", size, top, seq, got)
			}
			if want {
				seen[seq], top = true, max(top, seq)
			}
		}
	}
}
