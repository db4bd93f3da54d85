package imaging

import "testing"

func TestEndings(t *testing.T) {
	var e Endings
	if e.Total() != 0 || e.String() != "" {
		t.Errorf("%d files, %q", e.Total(), &e)
	}
	for _, path := range []string{"a/b.bmp", "c.txt", "d.TXT", "README", "x.y/file", "e.webp", "f.tiff", "g.json", "h.xml"} {
		e.Add(path)
	}
	if want := "no ending (2), .txt (2), .bmp (1), .json (1), .tiff (1), and 2 other endings"; e.Total() != 9 || e.String() != want {
		t.Errorf("%d files, %q, want %q", e.Total(), &e, want)
	}
	e = Endings{}
	e.Add("x.a-very-long-ending-of-a-name")
	if want := ".a-very-long-ending-… (1)"; e.String() != want {
		t.Errorf("%q, want %q", &e, want)
	}
}
