package kernel

// Rows are rows of memory, Stride elements apart, of which the first Columns
// elements are meant.
type Rows struct {
	Data                   []float32
	Stride, Count, Columns int
}

// Next is memory that is read or written soon after a product. The product has the
// processor fetch it while it computes; no result depends on that.
type Next [2]Rows

// fetch is how rows come into the second-level cache: in portions, one before each
// turn of a loop. Memory answers slowly, but to many requests at a time; with too many
// at once the computation waits for them as well.
type fetch struct {
	rows    Rows
	done    int // rows
	portion int // rows
}

// over divides rows into portions for a number of turns.
func (r Rows) over(turns int) fetch {
	if turns < leastTurns {
		return fetch{}
	}
	return fetch{rows: r, portion: (r.Count + turns - 1) / turns}
}

// turn fetches the next portion.
func (f *fetch) turn() {
	if n := min(f.portion, f.rows.Count-f.done); n > 0 {
		active.prefetch(&f.rows.Data[f.done*f.rows.Stride], f.rows.Stride, n, f.rows.Columns)
		f.done += n
	}
}

// fetches are what a product fetches while it computes.
type fetches struct {
	next  [2]fetch
	panel fetch // what it reads itself in the next block
}

// fetchTiles is the number of tiles that are computed in a turn, and leastTurns the
// number of turns below which nothing is fetched: what a few tiles need comes as fast
// when they need it.
const (
	fetchTiles = 2
	leastTurns = 4
)

// turns is the number of turns in which rows are computed, cut into tiles of at most
// most.
func turns(rows, most int) int {
	larger, smaller, _ := cutRows(rows, most)
	return (larger+fetchTiles-1)/fetchTiles + (smaller+fetchTiles-1)/fetchTiles
}

// begin divides what is next into portions for a number of turns. It returns f, or nil
// where nothing can be fetched.
func (f *fetches) begin(n *Next, turns int) *fetches {
	if active.prefetch == nil {
		return nil
	}
	f.next = [2]fetch{n[0].over(turns), n[1].over(turns)}
	return f
}

// turn fetches the next portions, if f is not nil, and returns how many of the tiles
// that are left are computed before those that follow.
func (f *fetches) turn(left int) int {
	if f == nil {
		return left
	}
	return f.fetch(left)
}

// fetch is turn for an f that is not nil.
func (f *fetches) fetch(left int) int {
	f.next[0].turn()
	f.next[1].turn()
	f.panel.turn()
	return min(left, fetchTiles)
}
