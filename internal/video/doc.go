// Package video reads videos frame by frame, as the planes that they were stored in, and
// writes MP4 files. Decoding and encoding are done by the program ffmpeg, through pipes; what
// the samples mean is decided here, in integers.
//
// # Why a program
//
// A library would need cgo, which this program does without, and decoders of our own are out of
// reach. A program can also be killed: a damaged file takes down ffmpeg and nothing else.
//
// # Why native planes
//
// The decoders of the common formats are defined to the bit, ffmpeg's conversions are not: they
// depend on version, processor and flags, and they guess the range of luma. So ffmpeg is asked
// for the planes as they are (-flags bitexact, the one exact inverse transform for formats that
// leave it open, no rotation, no scaling, each frame once), and [Converter] makes grey or RGB of
// them. The digest of a clip is that of its planes and is the same for a file and a pipe.
//
// # Where time stamps come from
//
// Frames go through standard output as raw video, which has no time stamps. They come from the
// filter showinfo, the first in the chain, whose lines on standard error have time stamp,
// time base, pixel format, size, range and matrix of each frame. What else could carry them was
// worse:
//
//   - The containers NUT and Matroska: their writers correct time stamps that repeat or go
//     backwards, and the encoder in front of them rounds to the frame rate. The errors that
//     this package must find would be gone.
//   - ffprobe before ffmpeg: reads the input twice, so not a pipe; and lists packets, which
//     are not frames.
//   - The filter metadata writes to a file of its own, but neither size nor pixel format.
//
// Both pipes agree because showinfo prints its two lines of a frame before the frame is written.
// Standard error is read at all times into a queue of bounded length. A line is taken only in
// the form and from the filter that is expected; a frame without a line, a line without a frame
// and bytes that are left over are errors. Time stamps are those of the file (-copyts): ffmpeg
// would move the first to 0 and smooth jumps.
//
// # Levels and colours
//
// Samples become values by [Range] and [Matrix], as the stream is tagged. Untagged YUV has
// limited range and BT.601 for any size. Untagged grey has full range, as cameras that give grey
// and files of grey samples have it, but limited range if the codec is one whose standard says
// so (H.264, HEVC, VVC, AV1, VP8, VP9, MPEG). RGB has full range. [Options] can say otherwise.
//
// # What a file cannot do
//
// A file names no other file: of local inputs ffmpeg may open the one that is given
// (protocols file and pipe), and only as one of the formats of a list, in which there are no
// playlists. Network addresses are opened by [OpenNetwork] alone, which cannot read files. Sizes
// are bounded before memory is taken, messages are cut, a stream that gives nothing for
// [Options.Stall] ends with an error, and ffmpeg ends with this process.
package video
