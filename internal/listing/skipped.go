package listing

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// MostNamed is how many files a message names. All are in a list then.
const MostNamed = 10

// Skipped are the files of a tree that are not taken for images.
type Skipped struct {
	Videos int
	Video  string // one of them: its slash-separated path from the root
	// Unread are named as images are, in formats that are not read.
	Unread      []string // paths
	unreadKinds imaging.Endings
	others      imaging.Endings
}

// add counts the file at path.
func (s *Skipped) add(path string) {
	switch {
	case IsVideoName(path):
		s.Videos, s.Video = s.Videos+1, path
	case imaging.LooksLikeImage(path):
		s.Unread = append(s.Unread, path)
		s.unreadKinds.Add(path)
	default:
		s.others.Add(path)
	}
}

// IsVideoName says whether a file is a video by the end of its name.
func IsVideoName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts", ".mts", ".m2ts", ".flv", ".ogv", ".mjpeg", ".mjpg", ".y4m", ".h264", ".h265", ".264", ".265", ".hevc", ".3gp":
		return true
	}
	return false
}

// Endings counts all files that are no videos by the ends of their names.
func (s *Skipped) Endings() *imaging.Endings {
	var all imaging.Endings
	all.Merge(&s.unreadKinds)
	all.Merge(&s.others)
	return &all
}

// FramesFirst says what to do with video files.
const FramesFirst = "--dataset clips trains from labelled clips; for single images, take the frames out first, as with ffmpeg -i CLIP.mp4 -vf fps=2 <class>/CLIP_%05d.png, and keep those of a clip together by --dataset-options group=prefix:_"

// Tell warns of what was skipped in the folder. It names ten of the files that seem to be
// images, and where there are more, a list of them all.
func (s *Skipped) Tell(warn func(message string, attributes ...any), folder string) {
	if s.Videos > 0 {
		warn("skipped video files, which this dataset does not read: "+FramesFirst, "folder", folder, "files", s.Videos, "one", s.Video)
	}
	if n := len(s.Unread); n > 0 {
		attributes := []any{"folder", folder, "files", n, "endings", s.unreadKinds.String(), "names", strings.Join(s.Unread[:min(n, MostNamed)], ", ")}
		if n > MostNamed {
			attributes = append(attributes, "list", WriteList("not-read", s.Unread))
		}
		warn("skipped files whose names look like those of images, in formats that are not read: convert them to PNG or JPEG", attributes...)
	}
	if n := s.others.Total(); n > 0 {
		warn("skipped files that are not named as images", "folder", folder, "files", n, "endings", s.others.String())
	}
}

// WriteList writes lines to a file of temporary files, for a message that cannot hold
// them all, and returns its path. The name follows from the lines, so that a command that
// is repeated leaves no second file. Where no file can be written, the result says so in
// its place: a message must not fail over its list.
func WriteList(kind string, lines []string) string {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(strings.ReplaceAll(line, "\n", `\n`) + "\n")
	}
	sum := sha256.Sum256([]byte(text.String()))
	file := filepath.Join(os.TempDir(), fmt.Sprintf("blocktrain-%s-%x.txt", kind, sum[:6]))
	if known, err := fileio.SHA256(file); err == nil && known == fmt.Sprintf("%x", sum) {
		return file
	}
	if err := fileio.WriteBytes(file, []byte(text.String())); err != nil {
		return fmt.Sprintf("(cannot be written: %v)", err)
	}
	return file
}
