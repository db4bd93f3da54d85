package fileio

import "time"

// Stamp is what the file system says of a file without its contents being read. Two stamps
// of one path are equal only if nothing was written to the file in between, as far as the
// system tells.
type Stamp struct {
	Size     int64
	Modified int64  // when its contents were written last, which anybody may set; in Unix nanoseconds
	Changed  int64  // when contents or description changed last, which the system alone sets
	Inode    uint64 // the number of the file, which is another one after a file was put in its place
}

// settled is how much older than the reading of a file its times must be. Clocks of file
// systems go in steps, of two seconds on FAT: whatever is written in the same step gets the
// same time.
const settled = 3 * time.Second

// Settled says whether a stamp that was taken at a time tells the contents of then from
// all later ones. It does not if the file was written so shortly before that writing it
// again could give it the same times.
func (s Stamp) Settled(taken time.Time) bool {
	return max(s.Modified, s.Changed) < taken.Add(-settled).UnixNano()
}
