package triton

import (
	"strings"
	"testing"
)

// TestServerHas refuses a part of the server that is misspelt.
func TestServerHas(t *testing.T) {
	r := &repository{t: t, base: made, dir: t.TempDir()}
	r.add("plain", fixture{})
	for part, want := range map[string]string{
		"openvino": "", "checksum": "", "dali": "",
		"openvin0": `unknown part of a server "openvin0": did you mean openvino?`,
		"mine":     "valid: checksum, dali, fil, onnxruntime, openvino, python, pytorch, tensorflow, tensorrt, tensorrtllm, vllm",
	} {
		_, err := Check(r.dir, Options{Has: []string{part}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", part, err, want)
		}
	}
}
