package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/nn"
)

// Digest is the SHA-256 over all that the outputs of a network depend on besides the images:
// the layers, their weights as they are now, and the version of the contract.
func Digest(g *nn.Graph, params *nn.Parameters) [sha256.Size]byte {
	d := sha256.New()
	fmt.Fprintf(d, "blocktrain network 2, contract %d\n%s\n", ContractVersion, g.Summary())
	for _, n := range g.Nodes {
		fmt.Fprintf(d, "%s %s %#v %v", n.Name, n.Layer.Kind(), n.Layer, n.InputShapes())
		for _, in := range n.Inputs {
			fmt.Fprintf(d, " %d", in.Index)
		}
		fmt.Fprintln(d)
		for _, p := range n.Params {
			fmt.Fprintf(d, "%s %v\n", p.Name, p.Shape)
			_ = binary.Write(d, binary.LittleEndian, params.Of(p)) // a hash's Write cannot fail
		}
	}
	for _, o := range g.Outputs {
		fmt.Fprintf(d, "output %s %d\n", o.Name, o.Node.Index)
	}
	return [sha256.Size]byte(d.Sum(nil))
}
