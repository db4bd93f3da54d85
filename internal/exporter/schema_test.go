package exporter

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// This file holds testdata/model_config.proto once more, as descriptors built
// by hand, so that config.pbtxt is parsed by Go in every run of the tests, with
// protoc or without.

const (
	tInt32  = descriptorpb.FieldDescriptorProto_TYPE_INT32
	tInt64  = descriptorpb.FieldDescriptorProto_TYPE_INT64
	tUint32 = descriptorpb.FieldDescriptorProto_TYPE_UINT32
	tUint64 = descriptorpb.FieldDescriptorProto_TYPE_UINT64
	tBool   = descriptorpb.FieldDescriptorProto_TYPE_BOOL
	tString = descriptorpb.FieldDescriptorProto_TYPE_STRING
)

func field(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
	return &descriptorpb.FieldDescriptorProto{
		Name: proto.String(name), JsonName: proto.String(camel(name, false)), Number: proto.Int32(number),
		Type: kind.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}
}

func message(name string, number int32, typeName string) *descriptorpb.FieldDescriptorProto {
	f := field(name, number, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE)
	f.TypeName = proto.String(".inference." + typeName)
	return f
}

func enum(name string, number int32, typeName string) *descriptorpb.FieldDescriptorProto {
	f := message(name, number, typeName)
	f.Type = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum()
	return f
}

func repeated(f *descriptorpb.FieldDescriptorProto) *descriptorpb.FieldDescriptorProto {
	f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	return f
}

// choice puts a field into its message's only oneof.
func choice(f *descriptorpb.FieldDescriptorProto) *descriptorpb.FieldDescriptorProto {
	f.OneofIndex = proto.Int32(0)
	return f
}

// camel is the form of a name that protoc derives: for JSON, or for the type of
// a map's entries.
func camel(name string, upper bool) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r == '_':
			upper = true
			continue
		case upper:
			b.WriteString(strings.ToUpper(string(r)))
		default:
			b.WriteRune(r)
		}
		upper = false
	}
	return b.String()
}

func messageType(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
	return &descriptorpb.DescriptorProto{Name: proto.String(name), Field: fields}
}

// addMap adds a field map<string, value> to a message.
func addMap(to *descriptorpb.DescriptorProto, name string, number int32, value *descriptorpb.FieldDescriptorProto) {
	entry := messageType(camel(name, true)+"Entry", field("key", 1, tString), value)
	entry.Options = &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)}
	to.NestedType = append(to.NestedType, entry)
	to.Field = append(to.Field, repeated(message(name, number, to.GetName()+"."+entry.GetName())))
}

func addOneof(to *descriptorpb.DescriptorProto, name string) {
	to.OneofDecl = append(to.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String(name)})
}

func enumType(name string, values ...string) *descriptorpb.EnumDescriptorProto {
	e := &descriptorpb.EnumDescriptorProto{Name: proto.String(name)}
	for i, value := range values {
		e.Value = append(e.Value, &descriptorpb.EnumValueDescriptorProto{Name: proto.String(value), Number: proto.Int32(int32(i))})
	}
	return e
}

func modelConfigSchema() *descriptorpb.FileDescriptorProto {
	group := messageType("ModelInstanceGroup",
		field("name", 1, tString), field("count", 2, tInt32), repeated(field("gpus", 3, tInt32)), enum("kind", 4, "ModelInstanceGroup.Kind"))
	group.EnumType = append(group.EnumType, enumType("Kind", "KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"))

	input := messageType("ModelInput",
		field("name", 1, tString), enum("data_type", 2, "DataType"), enum("format", 3, "ModelInput.Format"), repeated(field("dims", 4, tInt64)))
	input.EnumType = append(input.EnumType, enumType("Format", "FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"))

	policy := messageType("ModelVersionPolicy",
		choice(message("latest", 1, "ModelVersionPolicy.Latest")),
		choice(message("all", 2, "ModelVersionPolicy.All")),
		choice(message("specific", 3, "ModelVersionPolicy.Specific")))
	addOneof(policy, "policy_choice")
	policy.NestedType = append(policy.NestedType,
		messageType("Latest", field("num_versions", 1, tUint32)),
		messageType("All"),
		messageType("Specific", repeated(field("versions", 1, tInt64))))

	return &descriptorpb.FileDescriptorProto{
		Name: proto.String("model_config.proto"), Package: proto.String("inference"), Syntax: proto.String("proto3"),
		EnumType: []*descriptorpb.EnumDescriptorProto{enumType("DataType",
			"TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8", "TYPE_INT16",
			"TYPE_INT32", "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64", "TYPE_STRING", "TYPE_BF16")},
		MessageType: []*descriptorpb.DescriptorProto{
			group, input,
			messageType("ModelOutput",
				field("name", 1, tString), enum("data_type", 2, "DataType"), repeated(field("dims", 3, tInt64)), field("label_filename", 4, tString)),
			policy,
			queueSchema(),
			messageType("ModelDynamicBatching",
				repeated(field("preferred_batch_size", 1, tInt32)), field("max_queue_delay_microseconds", 2, tUint64), field("preserve_ordering", 3, tBool),
				message("default_queue_policy", 6, "ModelQueuePolicy")),
			messageType("ModelSequenceBatching", field("max_sequence_idle_microseconds", 1, tUint64)),
			messageType("ModelParameter", field("string_value", 1, tString)),
			warmupSchema(), configSchema(),
		},
	}
}

func queueSchema() *descriptorpb.DescriptorProto {
	policy := messageType("ModelQueuePolicy",
		enum("timeout_action", 1, "ModelQueuePolicy.TimeoutAction"), field("default_timeout_microseconds", 2, tUint64),
		field("allow_timeout_override", 3, tBool), field("max_queue_size", 4, tUint32))
	policy.EnumType = append(policy.EnumType, enumType("TimeoutAction", "REJECT", "DELAY"))
	return policy
}

func warmupSchema() *descriptorpb.DescriptorProto {
	data := messageType("Input",
		enum("data_type", 1, "DataType"), repeated(field("dims", 2, tInt64)),
		choice(field("zero_data", 3, tBool)), choice(field("random_data", 4, tBool)), choice(field("input_data_file", 5, tString)))
	addOneof(data, "input_data_type")
	warmup := messageType("ModelWarmup", field("name", 1, tString), field("batch_size", 2, tUint32))
	warmup.NestedType = append(warmup.NestedType, data)
	addMap(warmup, "inputs", 3, message("value", 2, "ModelWarmup.Input"))
	warmup.Field = append(warmup.Field, field("count", 4, tUint32))
	return warmup
}

func configSchema() *descriptorpb.DescriptorProto {
	c := messageType("ModelConfig",
		field("name", 1, tString), field("platform", 2, tString), message("version_policy", 3, "ModelVersionPolicy"),
		field("max_batch_size", 4, tInt32), repeated(message("input", 5, "ModelInput")), repeated(message("output", 6, "ModelOutput")),
		repeated(message("instance_group", 7, "ModelInstanceGroup")), field("default_model_filename", 8, tString))
	addMap(c, "metric_tags", 10, field("value", 2, tString))
	c.Field = append(c.Field,
		choice(message("dynamic_batching", 11, "ModelDynamicBatching")), choice(message("sequence_batching", 13, "ModelSequenceBatching")))
	addOneof(c, "scheduling_choice")
	addMap(c, "parameters", 14, message("value", 2, "ModelParameter"))
	c.Field = append(c.Field, repeated(message("model_warmup", 16, "ModelWarmup")), field("backend", 17, tString))
	return c
}

func modelConfigDescriptor(t testing.TB) protoreflect.MessageDescriptor {
	t.Helper()
	file, err := protodesc.NewFile(modelConfigSchema(), new(protoregistry.Files))
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName("ModelConfig")
}

// parseConfig reads config.pbtxt as the server does.
func parseConfig(t testing.TB, text string) (*dynamicpb.Message, error) {
	m := dynamicpb.NewMessage(modelConfigDescriptor(t))
	return m, prototext.Unmarshal([]byte(text), m)
}

// TestSchemaIsTheProtoFile compares the descriptors above with what protoc makes
// of testdata/model_config.proto.
func TestSchemaIsTheProtoFile(t *testing.T) {
	protoc, err := exec.LookPath("protoc")
	if err != nil {
		t.Skip("protoc is not installed (Debian: protobuf-compiler)")
	}
	out := filepath.Join(t.TempDir(), "set")
	if text, err := exec.Command(protoc, "-Itestdata", "--descriptor_set_out="+out, "model_config.proto").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(set.File[0], modelConfigSchema(), protocmp.Transform()); diff != "" {
		t.Errorf("descriptors (-protoc +by hand):\n%s", diff)
	}
}

// protocEncode reads config.pbtxt with protoc.
func protocEncode(t testing.TB, text string) (string, error) {
	protoc, err := exec.LookPath("protoc")
	if err != nil {
		t.Skip("protoc is not installed (Debian: protobuf-compiler)")
	}
	cmd := exec.Command(protoc, "-Itestdata", "--encode=inference.ModelConfig", "model_config.proto")
	cmd.Stdin = strings.NewReader(text)
	var message strings.Builder
	cmd.Stderr = &message
	err = cmd.Run()
	return message.String(), err
}
