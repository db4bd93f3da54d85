package provenance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TestVerify verifies what was signed, as an archive and as a folder without it, and says
// by whom.
func TestVerify(t *testing.T) {
	folder, trusted := signedForTest(t)
	archive := folder + archiveSuffix
	for _, path := range []string{folder, folder + "/", archive} {
		found, err := Verify(path, folder, trusted)
		if err != nil || !found.Signed() || len(found.Signatures) != 2 || len(found.Lacking) != 0 {
			t.Fatalf("%s: %+v, error %v", path, found, err)
		}
		for i, key := range trusted {
			if s := found.Signatures[i]; s.KeyID != key.ID || s.Kind != key.Kind || !s.Checked || !strings.Contains(found.Text(), "signed by "+key.ID) {
				t.Errorf("%s: signature %+v, want one of %s: %s", path, s, key, found.Text())
			}
		}
	}
	found, err := Verify(folder, folder, nil)
	if err != nil || found.Signed() || !strings.Contains(found.Text(), "not checked") {
		t.Errorf("without keys: %+v, error %v", found, err)
	}
	if err := fileio.Remove(archive); err != nil {
		t.Fatal(err)
	}
	if found, err := Verify(folder, folder, trusted); err != nil || !found.Signed() {
		t.Errorf("without archive: %+v, error %v", found, err)
	}
	if err := fileio.Remove(BesideOf(folder).sidecar()); err != nil {
		t.Fatal(err)
	}
	if found, err := Verify(folder, folder, trusted); err != nil || !found.Signed() || len(found.Lacking) != 1 {
		t.Errorf("without archive and its digest: %+v, error %v", found, err)
	}
}

// TestBesideOf finds the files of a package that is named by other means than its path.
func TestBesideOf(t *testing.T) {
	folder, trusted := signedForTest(t)
	t.Chdir(folder)
	if found, err := Verify(".", ".", trusted); err != nil || !found.Signed() {
		t.Errorf("from within: %+v, error %v", found, err)
	}
	link := filepath.Join(t.TempDir(), "latest")
	if err := os.Symlink(folder, link); err != nil {
		t.Skip("links cannot be made here:", err)
	}
	if found, err := Verify(link, link, trusted); err != nil || !found.Signed() {
		t.Errorf("by a link: %+v, error %v", found, err)
	}
}

// TestVerifyUnsigned verifies a package that nobody has signed.
func TestVerifyUnsigned(t *testing.T) {
	folder := packageForTest(t)
	found, err := Verify(folder, folder, nil)
	if err != nil || found.Signed() || !strings.HasPrefix(found.Text(), "not signed") {
		t.Errorf("%+v, error %v", found, err)
	}
	statements, model := keysForTest(t)
	for _, key := range []*PublicKey{&statements.PublicKey, &model.PublicKey} {
		if _, err := Verify(folder, folder, Keys{key}); !isProblem(err, "not signed") {
			t.Errorf("%s: error %v", key.Kind, err)
		}
	}
	if err := BesideOf(folder).Remove(); err != nil {
		t.Fatal(err)
	}
	if found, err := Verify(folder, folder, nil); err != nil || len(found.Lacking) != 3 || !strings.Contains(found.Text(), "not signed") {
		t.Errorf("without any: %+v, error %v", found, err)
	}
	if _, err := Verify(folder, folder, Keys{&statements.PublicKey}); !isProblem(err, "not signed") {
		t.Errorf("without any, but with a key: error %v", err)
	}
}

func isProblem(err error, words string) bool {
	var problem *Problem
	return errors.As(err, &problem) && strings.Contains(err.Error(), words) && problem.Cause != ""
}

// TestVerifyFindsTampering changes a byte here and there in each of the files, and cuts
// them off.
func TestVerifyFindsTampering(t *testing.T) {
	folder, trusted := signedForTest(t)
	for _, path := range append(BesideOf(folder).Files(), folder+archiveSuffix) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			whole := readForTest(t, path)
			defer writeForTest(t, path, whole)
			for step, at := max(1, len(whole)/23), 0; at < len(whole); at += step {
				changed := bytes.Clone(whole)
				changed[at] ^= 1
				writeForTest(t, path, changed)
				if _, err := Verify(folder, folder, trusted); !isProblem(err, "") {
					t.Errorf("byte %d: error %v", at, err)
				}
			}
			for _, length := range []int{0, 1, len(whole) / 2, len(whole) - 1} {
				writeForTest(t, path, whole[:length])
				if _, err := Verify(folder, folder, trusted); !isProblem(err, "") {
					t.Errorf("cut off after %d of %d bytes: error %v", length, len(whole), err)
				}
			}
		})
	}
	for _, f := range []string{"SHA256SUMS", "release.json", "evaluation/test.json"} { // whose list of digests was made anew
		t.Run(f, func(t *testing.T) {
			path := filepath.Join(folder, f)
			whole := readForTest(t, path)
			defer writeForTest(t, path, whole)
			writeForTest(t, path, bytes.Replace(whole, []byte("1"), []byte("2"), 1))
			if f != "SHA256SUMS" {
				sums := readForTest(t, filepath.Join(folder, "SHA256SUMS"))
				defer writeForTest(t, filepath.Join(folder, "SHA256SUMS"), sums)
				if err := fileio.WriteChecksums(folder); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Verify(folder, folder, trusted); err == nil {
				t.Error("nothing is found")
			}
		})
	}
}

// TestVerifyKeys tries keys that have not signed.
func TestVerifyKeys(t *testing.T) {
	folder, trusted := signedForTest(t)
	foreign := signerForTest(t, privatePEM(t, ed25519ForTest(9)), Ed25519)
	foreignModel := signerForTest(t, privatePEM(t, p256ForTest(t, 9)), P256)
	for name, test := range map[string]struct {
		keys Keys
		want string // empty: verified
	}{
		"of the statements alone":    {trusted[:1], ""},
		"of the bundle alone":        {trusted[1:], ""},
		"the old one beside the new": {Keys{&foreign.PublicKey, trusted[0], trusted[1], &foreignModel.PublicKey}, ""},
		"foreign":                    {Keys{&foreign.PublicKey}, "somebody else signed it"},
		"foreign for the bundle":     {Keys{trusted[0], &foreignModel.PublicKey}, "somebody else signed it"},
		"foreign for the statements": {Keys{&foreign.PublicKey, trusted[1]}, "somebody else signed it"},
	} {
		found, err := Verify(folder, folder, test.keys)
		if test.want == "" && (err != nil || !found.Signed()) || test.want != "" && !isProblem(err, test.want) {
			t.Errorf("%s: %+v, error %v, want %q", name, found, err, test.want)
		}
	}
	if _, err := Sign(folder, folder, Signing{Statements: foreign}); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(folder, folder, trusted); !isProblem(err, "somebody else signed it") {
		t.Errorf("signed anew by another key: error %v", err)
	}
	if found, err := Verify(folder, folder, Keys{&foreign.PublicKey, trusted[1]}); err != nil || len(found.Signatures) != 2 {
		t.Errorf("the bundle went with the other key's statements: %+v, error %v", found, err)
	}
}

// TestVerifyEnvelopes forges files of statements that are JSON.
func TestVerifyEnvelopes(t *testing.T) {
	folder, trusted := signedForTest(t)
	path := BesideOf(folder).statements()
	whole := string(readForTest(t, path))
	lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
	first := `"keyid":"` + trusted[0].ID + `"`
	model := BesideOf(folder).model()
	bundle := string(readForTest(t, model))
	for name, test := range map[string]struct{ path, text, want string }{
		"one is missing":           {path, strings.Join(lines[:3], ""), "it has 3 statements, want 4"},
		"one comes twice":          {path, whole + lines[0], "is one more than packages have"},
		"in another order":         {path, lines[1] + lines[0] + lines[2] + lines[3] + "\n", "statement 1"},
		"a carriage return":        {path, strings.ReplaceAll(whole, "\n", "\r\n"), "spaces or the order"},
		"a space":                  {path, strings.Replace(whole, `,"signatures"`, `, "signatures"`, 1), "spaces or the order"},
		"an escape":                {path, strings.Replace(whole, first, strings.Replace(first, "keyid", `k\u0065yid`, 1), 1), ""},
		"signatures without end":   {path, strings.Replace(whole, `"signatures":[`, `"signatures":[`+strings.Repeat(`{"keyid":"x","sig":"AAAA"},`, 101), 1), "102 signatures"},
		"unknown key":              {path, strings.Replace(whole, `{"payloadType"`, `{"extra":1,"payloadType"`, 1), "extra"},
		"key twice":                {path, strings.Replace(whole, `{"payloadType"`, `{"payload":"","payloadType"`, 1), "comes twice"},
		"key missing":              {path, strings.Replace(whole, first+",", "", 1), "keyid"},
		"no signature on one":      {path, strings.Replace(whole, lines[1][strings.Index(lines[1], `[{"keyid"`):], "[]}\n", 1), "the same keys for every statement"},
		"another payload type":     {path, strings.Replace(whole, "in-toto+json", "other+json", 1), "payloadType"},
		"the signature twice":      {path, strings.Replace(whole, `"signatures":[`, `"signatures":[{`+first+`,"sig":"AAAA"},`, 1), "AAAA"},
		"the P-256 key claimed":    {path, strings.ReplaceAll(whole, trusted[0].ID, trusted[1].ID), "of the kind ECDSA P-256"},
		"key in bundle unknown":    {model, strings.Replace(bundle, `{"mediaType"`, `{"extra":1,"mediaType"`, 1), "extra"},
		"key in bundle twice":      {model, strings.Replace(bundle, `"hint"`, `"hint":"","hint"`, 1), "comes twice"},
		"media type of the bundle": {model, strings.Replace(bundle, "bundle.v0.3", "bundle.v0.2", 1), "mediaType"},
		"hint of another key":      {model, strings.Replace(bundle, trusted[1].ID, strings.Repeat("0", 64), 1), "somebody else signed it"},
		"log entry in the bundle":  {model, strings.Replace(bundle, `"tlogEntries":[]`, `"tlogEntries":[{}]`, 1), "transparency log"},
		"two in the bundle":        {model, strings.Replace(bundle, `"signatures":[`, `"signatures":[{"keyid":"","sig":""},`, 1), "2 signatures"},
		"unknown key in payload":   {model, inPayload(t, bundle, `"predicateType"`, `"extra": 1, "predicateType"`), "extra"},
		"other predicate":          {model, inPayload(t, bundle, modelPredicate, modelPredicate+"1"), "statement"},
		"other method":             {model, inPayload(t, bundle, `"files"`, `"shards"`), "statement"},
		"other name":               {model, inPayload(t, bundle, `"balanced-1.2.3"`, `"other"`), "statement"},
	} {
		t.Run(name, func(t *testing.T) {
			before := readForTest(t, test.path)
			defer writeForTest(t, test.path, before)
			if string(before) == test.text {
				t.Fatal("nothing was forged")
			}
			writeForTest(t, test.path, []byte(test.text))
			if _, err := Verify(folder, folder, trusted); err == nil || name != "the signature twice" && !isProblem(err, test.want) {
				t.Errorf("error %v, want a problem with %q", err, test.want)
			}
		})
	}
}

// inPayload changes the payload of a bundle.
func inPayload(t *testing.T, bundle, old, changed string) string {
	t.Helper()
	var b modelBundle
	if err := json.Unmarshal([]byte(bundle), &b); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(b.Envelope.Payload)
	if err != nil {
		t.Fatal(err)
	}
	b.Envelope.Payload = base64.StdEncoding.EncodeToString(bytes.Replace(payload, []byte(old), []byte(changed), 1))
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSignTwice signs twice: the files are the same to the byte, whatever time it is.
func TestSignTwice(t *testing.T) {
	folder, trusted := signedForTest(t)
	b := BesideOf(folder)
	var before [][]byte
	for _, path := range b.Files() {
		before = append(before, readForTest(t, path))
		if err := os.Chtimes(path, time.Unix(0, 0), time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	same := func(what string) {
		t.Helper()
		for i, path := range b.Files() {
			if !bytes.Equal(before[i], readForTest(t, path)) {
				t.Errorf("%s: %s has other bytes", what, path)
			}
		}
	}
	if err := b.Write(folder); err != nil {
		t.Fatal(err)
	}
	same("packaged again")
	if err := b.Remove(); err != nil {
		t.Fatal(err)
	}
	statements, model := keysForTest(t)
	if _, err := Sign(folder+archiveSuffix, folder, Signing{Statements: statements, Model: model}); err != nil {
		t.Fatal(err)
	}
	same("signed again")
	if _, err := Verify(folder, folder, trusted); err != nil {
		t.Error(err)
	}
}

// TestSignReview signs with a verdict of a review, which then is part of what is verified.
func TestSignReview(t *testing.T) {
	folder := packageForTest(t)
	statements, _ := keysForTest(t)
	for verdict, want := range map[string]string{
		`{"approved":true,"by":["ada"]}`:     "",
		`{"approved":true,"approved":false}`: "comes twice",
		`[1]`:                                "",
		`{}`:                                 "no JSON object with keys",
		``:                                   "it is empty",
	} {
		_, err := Sign(folder, folder, Signing{Statements: statements, Review: []byte(verdict)})
		var usage *config.UsageError
		switch {
		case verdict[:min(1, len(verdict))] == "{" && want == "":
			if err != nil {
				t.Fatalf("%s: %v", verdict, err)
			}
			if found, err := Verify(folder, folder, Keys{&statements.PublicKey}); err != nil || !found.Signed() {
				t.Errorf("%s: %+v, error %v", verdict, found, err)
			}
			if _, err := Verify(folder, folder, nil); err != nil {
				t.Errorf("%s: without keys: %v", verdict, err)
			}
		case !errors.As(err, &usage) || !strings.Contains(err.Error(), want):
			t.Errorf("%s: error %v, want a usage error with %q", verdict, err, want)
		}
	}
}

// TestSignWithoutArchive wants the archive, which signatures are of.
func TestSignWithoutArchive(t *testing.T) {
	folder := packageForTest(t)
	if err := fileio.Remove(folder + archiveSuffix); err != nil {
		t.Fatal(err)
	}
	statements, _ := keysForTest(t)
	var usage *config.UsageError
	if _, err := Sign(folder, folder, Signing{Statements: statements}); !errors.As(err, &usage) || !strings.Contains(err.Error(), "put it beside the folder") {
		t.Errorf("error %v", err)
	}
}

// TestModelStatementRefusesIgnoredNames refuses names that model_signing leaves out.
func TestModelStatementRefusesIgnoredNames(t *testing.T) {
	for _, name := range []string{".gitignore", ".git/config", ".github/x", ".gitattributes", "model.sig"} {
		c := &contents{sums: strings.Repeat("0", 64), files: []fileio.Checksum{{SHA256: strings.Repeat("1", 64), Path: name}}}
		if _, err := c.modelStatement(); err == nil || !strings.Contains(err.Error(), "leaves out") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestByParts orders files as model_signing does, which is not the order of their paths.
func TestByParts(t *testing.T) {
	c := &contents{files: []fileio.Checksum{{Path: "a.b"}, {Path: "a/c"}, {Path: "b"}}}
	var got []string
	for _, f := range c.byParts() {
		got = append(got, f.Path)
	}
	if want := "SHA256SUMS a/c a.b b"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
