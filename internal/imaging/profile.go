package imaging

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// foreignProfile is the name of an ICC profile, "" where there is none, or where it is that
// of sRGB: by its name, or by its primaries.
func foreignProfile(icc []byte) string {
	const header = 128 // ISO 15076-1, 7.2
	if len(icc) < header+4 {
		return ""
	}
	name := profileName(profileTag(icc, "desc"))
	if strings.Contains(strings.ToLower(name), "srgb") || hasPrimariesOfSRGB(icc) {
		return ""
	}
	if name == "" {
		return fmt.Sprintf("without a name, for %s", strings.TrimSpace(printable(icc[16:20])))
	}
	return name
}

// profileTag is what a tag of a profile holds (7.3).
func profileTag(icc []byte, signature string) []byte {
	count := binary.BigEndian.Uint32(icc[128:])
	for rest := icc[132:]; len(rest) >= 12 && count > 0; rest, count = rest[12:], count-1 {
		at, size := uint64(binary.BigEndian.Uint32(rest[4:])), uint64(binary.BigEndian.Uint32(rest[8:]))
		if string(rest[:4]) == signature && at+size <= uint64(len(icc)) {
			return icc[at : at+size]
		}
	}
	return nil
}

// profileName reads a description: text in ASCII (version 2), or in UTF-16 (10.15).
func profileName(desc []byte) string {
	switch {
	case begins(desc, "desc") && len(desc) > 12:
		size := min(uint64(binary.BigEndian.Uint32(desc[8:])), uint64(len(desc)-12))
		return strings.TrimSpace(printable(trim(desc[12 : 12+size])))
	case begins(desc, "mluc") && len(desc) >= 28:
		size, at := uint64(binary.BigEndian.Uint32(desc[20:])), uint64(binary.BigEndian.Uint32(desc[24:]))
		if at+size > uint64(len(desc)) {
			return ""
		}
		var units []uint16
		for text := desc[at : at+size]; len(text) >= 2; text = text[2:] {
			units = append(units, binary.BigEndian.Uint16(text))
		}
		return strings.TrimSpace(printable([]byte(string(utf16.Decode(units)))))
	}
	return ""
}

// printable bounds a name that a file gives, and leaves out what is no text.
func printable(text []byte) string {
	const longest = 60
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(bytes.TrimRight(text, "\x00")), ""))
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return name
}

// hasPrimariesOfSRGB compares red, green and blue with those of sRGB for the white D50, in
// 1/65536, as some programs write it without its name.
func hasPrimariesOfSRGB(icc []byte) bool {
	const most = 200
	for i, want := range [3][3]int32{{28574, 14581, 912}, {25238, 46984, 6362}, {9376, 3972, 46799}} {
		xyz := profileTag(icc, [...]string{"rXYZ", "gXYZ", "bXYZ"}[i])
		if len(xyz) < 20 {
			return false
		}
		for k, v := range want {
			if got := int32(binary.BigEndian.Uint32(xyz[8+4*k:])); abs(int(got)-int(v)) > most {
				return false
			}
		}
	}
	return true
}
