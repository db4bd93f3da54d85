package modelconfig

// DataType is the type of a tensor's elements.
type DataType int32

// The data types.
const (
	TypeInvalid DataType = iota
	TypeBool
	TypeUint8
	TypeUint16
	TypeUint32
	TypeUint64
	TypeInt8
	TypeInt16
	TypeInt32
	TypeInt64
	TypeFP16
	TypeFP32
	TypeFP64
	TypeString
	TypeBF16
)

var dataTypes = []string{
	"TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8", "TYPE_INT16",
	"TYPE_INT32", "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64", "TYPE_STRING", "TYPE_BF16",
}

// Names implements pbtxt.Enum.
func (DataType) Names() []string { return dataTypes }

func (t DataType) String() string { return nameOf(t, dataTypes) }

// Protocol is the type's name in requests: "UINT8", "BYTES".
func (t DataType) Protocol() string {
	if t == TypeString {
		return "BYTES"
	}
	return t.String()[len("TYPE_"):]
}

// Size is the number of bytes of one element, 0 where it varies.
func (t DataType) Size() int64 {
	switch t {
	case TypeBool, TypeUint8, TypeInt8:
		return 1
	case TypeUint16, TypeInt16, TypeFP16, TypeBF16:
		return 2
	case TypeUint32, TypeInt32, TypeFP32:
		return 4
	case TypeUint64, TypeInt64, TypeFP64:
		return 8
	}
	return 0
}

// nameOf is the name of an enumeration's value. Numbers that have none can be written
// into a config.pbtxt all the same.
func nameOf[T ~int32](v T, names []string) string {
	if v < 0 || int(v) >= len(names) {
		return names[0]
	}
	return names[v]
}

// InstanceKind is where instances run.
type InstanceKind int32

// The kinds of instance groups.
const (
	KindAuto InstanceKind = iota
	KindGPU
	KindCPU
	KindModel
)

var instanceKinds = []string{"KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"}

// Names implements pbtxt.Enum.
func (InstanceKind) Names() []string { return instanceKinds }

func (k InstanceKind) String() string { return nameOf(k, instanceKinds) }

// Format is the order of an image's dimensions.
type Format int32

// The formats.
const (
	FormatNone Format = iota
	FormatNHWC
	FormatNCHW
)

// Names implements pbtxt.Enum.
func (Format) Names() []string { return []string{"FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"} }

// TimeoutAction is what happens to requests that waited too long.
type TimeoutAction int32

// The actions.
const (
	Reject TimeoutAction = iota
	Delay
)

// Names implements pbtxt.Enum.
func (TimeoutAction) Names() []string { return []string{"REJECT", "DELAY"} }

// ControlKind is what a control tensor of a sequence says.
type ControlKind int32

// ControlCorrelation is the kind of a tensor that has a sequence's number, not a boolean.
const ControlCorrelation ControlKind = 3

var controlKinds = []string{"CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_READY", "CONTROL_SEQUENCE_END", "CONTROL_SEQUENCE_CORRID"}

// Names implements pbtxt.Enum.
func (ControlKind) Names() []string { return controlKinds }

func (k ControlKind) String() string { return nameOf(k, controlKinds) }

// BatchInputKind is what a batch input holds.
type BatchInputKind int32

var batchInputKinds = []string{
	"BATCH_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO",
	"BATCH_MAX_ELEMENT_COUNT_AS_SHAPE", "BATCH_ITEM_SHAPE", "BATCH_ITEM_SHAPE_FLATTEN",
}

// Names implements pbtxt.Enum.
func (BatchInputKind) Names() []string { return batchInputKinds }

func (k BatchInputKind) String() string { return nameOf(k, batchInputKinds) }

// BatchOutputKind is how a batch output is taken apart.
type BatchOutputKind int32

var batchOutputKinds = []string{"BATCH_SCATTER_WITH_INPUT_SHAPE"}

// Names implements pbtxt.Enum.
func (BatchOutputKind) Names() []string { return batchOutputKinds }

func (k BatchOutputKind) String() string { return nameOf(k, batchOutputKinds) }

// Priority is the priority of a model.
type Priority int32

// Names implements pbtxt.Enum.
func (Priority) Names() []string {
	return []string{"PRIORITY_DEFAULT", "PRIORITY_MAX", "PRIORITY_MIN"}
}

// DeviceKind is the kind of a secondary device.
type DeviceKind int32

// Names implements pbtxt.Enum.
func (DeviceKind) Names() []string { return []string{"KIND_NVDLA"} }
