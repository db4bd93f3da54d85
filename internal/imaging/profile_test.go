package imaging

import (
	"bytes"
	"encoding/binary"
	"image"
	"os"
	"slices"
	"testing"
	"unicode/utf16"
)

// icc is a profile that has a description and, unless they are nil, primaries.
func icc(description []byte, primaries []int32) []byte {
	type tag struct {
		name    string
		content []byte
	}
	tags := []tag{{"desc", description}}
	for i := 0; i+2 < len(primaries); i += 3 {
		xyz := []byte("XYZ \x00\x00\x00\x00")
		for _, v := range primaries[i : i+3] {
			xyz = binary.BigEndian.AppendUint32(xyz, uint32(v))
		}
		tags = append(tags, tag{[]string{"rXYZ", "gXYZ", "bXYZ"}[i/3], xyz})
	}
	profile := make([]byte, 128)
	copy(profile[16:], "RGB ")
	profile = binary.BigEndian.AppendUint32(profile, uint32(len(tags)))
	at := len(profile) + 12*len(tags)
	var contents []byte
	for _, t := range tags {
		profile = append(profile, t.name...)
		profile = binary.BigEndian.AppendUint32(profile, uint32(at+len(contents)))
		profile = binary.BigEndian.AppendUint32(profile, uint32(len(t.content)))
		contents = append(contents, t.content...)
	}
	return append(profile, contents...)
}

// ascii is a description of version 2 of the format, utf16Text one of version 4.
func ascii(name string) []byte {
	b := binary.BigEndian.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(name)+1))
	return append(append(b, name...), 0)
}

func utf16Text(name string) []byte {
	units := utf16.Encode([]rune(name))
	b := []byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS")
	b = binary.BigEndian.AppendUint32(b, uint32(2*len(units)))
	b = binary.BigEndian.AppendUint32(b, 28)
	for _, u := range units {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

func TestForeignProfile(t *testing.T) {
	sRGB := []int32{28576, 14580, 911, 25241, 46981, 6361, 9375, 3974, 46798}
	p3 := []int32{33757, 15803, -69, 19134, 45364, 2744, 10288, 4369, 68670}
	for _, test := range []struct {
		name    string
		profile []byte
		want    string
	}{
		{"none", nil, ""},
		{"too short", make([]byte, 100), ""},
		{"sRGB", icc(ascii("sRGB IEC61966-2.1"), nil), ""},
		{"sRGB in UTF-16", icc(utf16Text("sRGB built-in"), nil), ""},
		{"sRGB by another name", icc(ascii("c2"), sRGB), ""},
		{"Adobe RGB", icc(ascii("Adobe RGB (1998)"), nil), "Adobe RGB (1998)"},
		{"Display P3", icc(utf16Text("Display P3"), p3), "Display P3"},
		{"no name", icc(ascii(""), p3), "without a name, for RGB"},
		{"controls", icc(ascii("a\x1b[1m\nb"), nil), "a[1mb"},
		{"tag outside", icc([]byte("desc"), nil), "without a name, for RGB"},
	} {
		if got := foreignProfile(test.profile); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestProfileOfFiles: each format has a place for a profile.
func TestProfileOfFiles(t *testing.T) {
	profile := icc(ascii("Adobe RGB (1998)"), nil)
	half := len(profile) / 2
	part := func(n byte, content []byte) []byte {
		content = append([]byte("ICC_PROFILE\x00"), append([]byte{n, 2}, content...)...)
		return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe2}, uint16(len(content)+2)), content...)
	}
	grey := image.NewGray(image.Rect(0, 0, 8, 8))
	asJPEG, asPNG := encodeJPEG(t, grey), encodePNG(t, grey)
	asWebP, err := os.ReadFile("testdata/golden/lossless.webp")
	if err != nil {
		t.Fatal(err)
	}
	chunk := binary.LittleEndian.AppendUint32([]byte("ICCP"), uint32(len(profile)))
	asWebP = slices.Concat(asWebP, chunk, profile, make([]byte, len(profile)%2))
	binary.LittleEndian.PutUint32(asWebP[4:], uint32(len(asWebP)-8))
	for name, file := range map[string][]byte{
		"JPEG": slices.Concat(asJPEG[:2], part(2, profile[half:]), part(1, profile[:half]), asJPEG[2:]),
		"PNG":  slices.Concat(asPNG[:33], chunkOf("iCCP", append([]byte("a\x00\x00"), deflated(t, profile)...)), asPNG[33:]),
		"WebP": asWebP,
	} {
		img, err := Decoder{}.Decode(bytes.NewReader(file))
		if err != nil || img.Profile != "Adobe RGB (1998)" {
			t.Errorf("%s: profile %q, error %v", name, img.Profile, err)
		}
		if part, err := img.Crop(1, 1, 2, 2); err != nil || part.Profile != img.Profile {
			t.Errorf("%s: the part has the profile %q, error %v", name, part.Profile, err)
		}
	}
}
