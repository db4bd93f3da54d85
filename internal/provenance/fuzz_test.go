package provenance

import (
	"bytes"
	"testing"
)

// FuzzReadStatements wants that what is read is written again to the byte, apart from
// spaces and the order of keys, and that nothing panics.
func FuzzReadStatements(f *testing.F) {
	e, err := seal([]byte(`{"_type":"x"}`), nil)
	if err != nil {
		f.Fatal(err)
	}
	text, err := writeEnvelopes([]*envelope{e, e})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"payloadType":"application/vnd.in-toto+json","payload":"AA==","signatures":[{"keyid":"a","sig":"AA=="}]}` + "\n"))
	f.Add([]byte("{}\n"))
	f.Add([]byte("\n\n"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		envelopes, err := readEnvelopes(b)
		if err != nil {
			return
		}
		text, err := writeEnvelopes(envelopes)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readEnvelopes(text)
		if err != nil || len(again) != len(envelopes) {
			t.Fatalf("%q is read as %d envelopes, %q as %d, error %v", b, len(envelopes), text, len(again), err)
		}
		for _, e := range envelopes {
			if payload, err := e.open(); err == nil {
				if sealed, err := seal(payload, nil); err != nil || sealed.Payload != e.Payload {
					t.Errorf("the payload %q has another form, error %v", e.Payload, err)
				}
			}
		}
	})
}

// FuzzOpenModel wants no panic, and nothing of another kind.
func FuzzOpenModel(f *testing.F) {
	f.Add([]byte(`{"mediaType":"` + modelMedia + `","verificationMaterial":{"publicKey":{"hint":""},"tlogEntries":[]},"dsseEnvelope":{"payload":"e30=","payloadType":"` + payloadType + `","signatures":[{"sig":"AA==","keyid":""}]}}`))
	f.Add([]byte(`{"mediaType":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, err := openModel(b); err == nil && !bytes.Contains(o.message, []byte("DSSEv1 28 "+payloadType+" ")) {
			t.Errorf("%q is signed as %q", b, o.message)
		}
	})
}

// FuzzParsePublicKeys wants that each key is found again by its own file.
func FuzzParsePublicKeys(f *testing.F) {
	f.Add([]byte("# ada\n-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=\n-----END PUBLIC KEY-----\n"))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parsePublicKeys(b)
		if err != nil {
			return
		}
		for _, k := range keys {
			text, err := k.PEM()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := parsePublicKeys(text); err != nil || len(again) != 1 || again[0].ID != k.ID {
				t.Errorf("%q is read as %v, error %v", text, again, err)
			}
		}
	})
}
