//go:build slow

package train

import "testing"

// TestPublishedNetworksWhole compares every network, for small images of an odd size and
// for those of 224 pixels.
func TestPublishedNetworksWhole(t *testing.T) {
	for _, name := range []string{
		"efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2", "mobilenetv2", "resnet18", "resnet34", "resnet50",
	} {
		for _, size := range []string{oddSize, "224x224"} {
			comparePublished(t, name, size)
		}
	}
}
