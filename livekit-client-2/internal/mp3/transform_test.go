package mp3

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The tests of this file hold the fast transforms against the formulas of the standard.

const transformTolerance = 2e-5 // of sums of up to 32 values below 1

func randomLines(r *rand.Rand, x []float32) {
	for i := range x {
		x[i] = r.Float32()*2 - 1
	}
}

func wantNear(t *testing.T, what string, i int, got float32, want float64) {
	t.Helper()
	if math.Abs(float64(got)-want) > transformTolerance {
		t.Errorf("%s[%d] = %v, want %v", what, i, got, want)
	}
}

// imdctByFormula is ISO/IEC 11172-3, 2.4.3.4.10.2.
func imdctByFormula(x []float32, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		for k := range n / 2 {
			out[i] += float64(x[k]) * math.Cos(math.Pi/float64(2*n)*float64((2*i+1+n/2)*(2*k+1)))
		}
	}
	return out
}

// longBlock and shortBlock are 2.4.3.4.10.3: 36 windowed samples.
func longBlock(x []float32, blockType int) []float64 {
	out := imdctByFormula(x, 36)
	for i := range out {
		out[i] *= windowShape(blockType, i)
	}
	return out
}

func shortBlock(x []float32) []float64 {
	out := make([]float64, 36)
	for w := range 3 {
		var lines [6]float32
		for k := range lines {
			lines[k] = x[3*k+w]
		}
		for i, v := range imdctByFormula(lines[:], 12) {
			out[6+6*w+i] += v * math.Sin(math.Pi/12*(float64(i)+0.5))
		}
	}
	return out
}

func TestHybridFollowsTheFormulas(t *testing.T) {
	kinds := []granule{
		{blockType: blockNormal}, {blockType: blockStart}, {blockType: blockShort}, {blockType: blockStop},
		{blockType: blockShort, mixed: true}, {blockType: blockStart, mixed: true}, {blockType: blockStop, mixed: true},
	}
	for _, g := range kinds {
		r := rand.New(rand.NewPCG(1, uint64(g.blockType)))
		var h hybrid
		var xr, out [linesPerGr]float32
		var overlap [subbands][linesPerBand]float64
		for _, n := range []int{linesPerGr, 100, 0, 300, 0, 0} {
			clear(xr[:])
			randomLines(r, xr[:n])
			h.transform(&xr, n, &g, &out)
			for sb := range subbands {
				x := xr[sb*linesPerBand : (sb+1)*linesPerBand]
				var block []float64
				switch {
				case g.mixed && sb < 2:
					block = longBlock(x, blockNormal)
				case g.short():
					block = shortBlock(x)
				default:
					block = longBlock(x, int(g.blockType))
				}
				for i := range linesPerBand {
					want := overlap[sb][i] + block[i]
					if sb%2 == 1 && i%2 == 1 {
						want = -want
					}
					overlap[sb][i] = block[linesPerBand+i]
					wantNear(t, "sample", sb*slots+i, out[sb*slots+i], want)
				}
			}
		}
	}
}

func TestSynthesisFollowsTheFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var s synthesis
	var v [1024]float64
	var in, out [linesPerGr]float32
	for range 4 {
		randomLines(r, in[:])
		s.run(&in, &out)
		for slot := range slots {
			copy(v[64:], v[:1024-64])
			for i := range 64 {
				v[i] = 0
				for k := range 32 {
					v[i] += math.Cos(float64((16+i)*(2*k+1))*math.Pi/64) * float64(in[k*slots+slot])
				}
			}
			for j := range 32 {
				var want float64
				for i := range 8 {
					want += v[i*128+j] * float64(window(i*64+j))
					want += v[i*128+96+j] * float64(window(i*64+32+j))
				}
				wantNear(t, "sample", slot*32+j, out[slot*32+j], want)
			}
		}
	}
}

func TestAntialiasSpreadsIntoTheNextSubbandOnly(t *testing.T) {
	for _, n := range []int{0, 1, 17, 18, 19, 300, 558, 559, 576} {
		for _, edges := range []int{0, 1, 31} {
			r := rand.New(rand.NewPCG(3, 3))
			var xr [linesPerGr]float32
			randomLines(r, xr[:n])
			want := xr
			for sb := 1; sb <= edges; sb++ {
				for i := range antialiasTaps {
					lo, hi := sb*linesPerBand-1-i, sb*linesPerBand+i
					a, b := want[lo], want[hi]
					want[lo] = a*antialiasCS[i] - b*antialiasCA[i]
					want[hi] = b*antialiasCS[i] + a*antialiasCA[i]
				}
			}
			m := antialias(&xr, n, edges)
			for i := range xr {
				wantNear(t, "line", i, xr[i], float64(want[i]))
				if i >= m && xr[i] != 0 {
					t.Errorf("n %d, edges %d: line %d is not zero beyond %d", n, edges, i, m)
				}
			}
		}
	}
}

func TestReorderInterleavesTheWindows(t *testing.T) {
	for _, g := range []granule{{blockType: blockShort}, {blockType: blockShort, mixed: true}} {
		for _, bands := range []*bandTable{&bands44100, &bands22050, &bands8000} {
			var xr, tmp, want [linesPerGr]float32
			line, first := 0, 0
			for i := range xr {
				xr[i] = float32(i + 1)
			}
			want = xr
			if g.mixed {
				first = mixedShort
			}
			line = bands.short[first] * 3
			for band := first; band < shortBands; band++ {
				for w := range 3 {
					for f := bands.short[band]; f < bands.short[band+1]; f++ {
						want[3*f+w] = xr[line]
						line++
					}
				}
			}
			if n := reorder(&xr, &tmp, linesPerGr, &g, bands); n != linesPerGr || xr != want {
				t.Errorf("mixed %v, %v: wrong order", g.mixed, bands.split)
			}
		}
	}
}
