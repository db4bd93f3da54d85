package onnx

import "github.com/blocktrain/blocktrain/internal/nn"

// lowering adds the operators of one node to the graph and returns the value
// that stands for its output.
type lowering func(b *builder, n *nn.Node, in []value) value

// lowerings gives each kind of layer its form in ONNX.
var lowerings = map[string]lowering{
	nn.Input{}.Kind():     lowerInput,
	nn.Normalize{}.Kind(): lowerNormalize,

	nn.Linear{}.Kind():    lowerLinear,
	nn.Conv2D{}.Kind():    lowerConv2D,
	nn.BatchNorm{}.Kind(): lowerBatchNorm,

	string(nn.ReLU):      lowerReLU,
	string(nn.ReLU6):     lowerReLU6,
	string(nn.HardSwish): lowerHardSwish,
	string(nn.Sigmoid):   lowerSigmoid,
	string(nn.SiLU):      lowerSiLU,
	string(nn.GELU):      lowerGELU,

	nn.MaxPool{}.Kind():       lowerMaxPool,
	nn.AvgPool{}.Kind():       lowerAvgPool,
	nn.GlobalAvgPool{}.Kind(): lowerGlobalAvgPool,

	nn.Dropout{}.Kind(): lowerDropout,
	nn.Flatten{}.Kind(): lowerFlatten,
	nn.Add{}.Kind():     lowerAdd,
	nn.Concat{}.Kind():  lowerConcat,
	nn.Softmax{}.Kind(): lowerSoftmax,

	nn.Upsample{}.Kind():         lowerUpsample,
	nn.Reshape{}.Kind():          lowerReshape,
	nn.Scale{}.Kind():            lowerScale,
	nn.MeanSquaredError{}.Kind(): lowerMeanSquaredError,
}
