package mp3

// reorder brings the lines of a short block, which come band by band and within it window
// by window, into the order of the hybrid filterbank: line by line with the windows
// interleaved (ISO/IEC 11172-3, 2.4.3.4.8). n is the number of lines up to the last that
// is not zero; the same is returned for the new order.
func reorder(xr, tmp *[linesPerGr]float32, n int, g *granule, bands *bandTable) int {
	first := 0
	if g.mixed {
		first = mixedShort
	}
	start := bands.short[first] * 3
	end := start
	for band := first; band < shortBands && end < n; band++ {
		width := bands.short[band+1] - bands.short[band]
		from := xr[end : end+3*width]
		interleave(tmp[end:end+3*width], from[:width], from[width:2*width], from[2*width:])
		end += 3 * width
	}
	copy(xr[start:end], tmp[start:end])
	return max(n, end)
}

// interleave fills dst with a[0], b[0], c[0], a[1] and so on.
func interleave(dst, a, b, c []float32) {
	b, c = b[:len(a)], c[:len(a)]
	for i, v := range a {
		d := dst[3*i : 3*i+3]
		d[0], d[1], d[2] = v, b[i], c[i]
	}
}
