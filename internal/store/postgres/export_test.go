package postgres

// HoldLane takes a lane as if a batch were under way on it, so that swaps queue up until release; waiting counts them.
func HoldLane(e *Engine) (waiting func() int, release func()) {
	x := e.lanes
	x.mu.Lock()
	defer x.mu.Unlock()
	last := len(x.free) - 1
	l := x.free[last]
	x.free = x.free[:last]
	x.prompt++
	return func() int {
		x.mu.Lock()
		defer x.mu.Unlock()
		return len(x.waiting)
	}, func() { x.passOn(l) }
}
