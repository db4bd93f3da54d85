package interpreter

// operator is what is known of an operator.
type operator struct {
	since       int64 // opset; 0: before MinOpset
	least, most int   // inputs; most 0: any number
	// prepare checks a node, and makes its value and the step that computes it.
	prepare func(c *call) (*tensor, func(), error)
}

var operators = map[string]operator{
	"Cast":     {0, 1, 1, prepareCast},
	"Identity": {0, 1, 1, prepareIdentity},

	"Add": {0, 2, 2, pairwise(add)},
	"Sub": {0, 2, 2, pairwise(subtract)},
	"Mul": {0, 2, 2, pairwise(multiply)},
	"Div": {0, 2, 2, pairwise(divide)},

	"Relu":        {0, 1, 1, unary(relu)},
	"Sigmoid":     {0, 1, 1, unary(func(x float32) float32 { return float32(sigmoid(float64(x))) })},
	"Erf":         {0, 1, 1, unary(func(x float32) float32 { return float32(erf(float64(x))) })},
	"HardSwish":   {14, 1, 1, unary(hardSwish)},
	"HardSigmoid": {0, 1, 1, prepareHardSigmoid},
	"Clip":        {0, 1, 3, prepareClip},
	"Softmax":     {0, 1, 1, prepareSoftmax},

	"Flatten":    {0, 1, 1, prepareFlatten},
	"Reshape":    {0, 2, 2, prepareReshape},
	"Transpose":  {0, 1, 1, prepareTranspose},
	"Slice":      {0, 3, 5, prepareSlice},
	"Resize":     {0, 1, 3, prepareResize},
	"Concat":     {0, 1, 0, prepareConcat},
	"ReduceMean": {0, 1, 1, prepareReduceMean},

	"Gemm":               {0, 2, 3, prepareGemm},
	"Conv":               {0, 2, 3, prepareConv},
	"BatchNormalization": {0, 5, 5, prepareBatchNormalization},
	"MaxPool":            {0, 1, 1, prepareMaxPool},
	"AveragePool":        {0, 1, 1, prepareAveragePool},
	"GlobalAveragePool":  {0, 1, 1, prepareGlobalAveragePool},
}
