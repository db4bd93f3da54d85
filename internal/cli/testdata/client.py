"""Asks a server at ADDRESS (host:port) for the outputs of model MODEL of the images in the
file PIXELS, COUNT of them with BYTES each, by PyPI's tritonclient: in binary form and as JSON.
Prints for each form the values as float32, and the most probable classes as text."""

import sys

import numpy as np
import tritonclient.http as triton

address, model, pixels, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
client = triton.InferenceServerClient(address)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(model)
described = client.get_model_metadata(model)
shape = [count] + described["inputs"][0]["shape"][1:]
images = np.fromfile(pixels, np.uint8).reshape(shape)
name = described["outputs"][0]["name"]
assert client.get_model_config(model)["name"] == model
before = client.get_inference_statistics(model)["model_stats"][0]["inference_count"]
for binary in True, False:
    image = triton.InferInput("image", shape, "UINT8")
    image.set_data_from_numpy(images, binary_data=binary)
    wanted = triton.InferRequestedOutput(name, binary_data=binary)
    answer = client.infer(model, [image], outputs=[wanted], request_id="7")
    assert answer.get_response()["id"] == "7"
    print(*(repr(float(v)) for v in answer.as_numpy(name).astype(np.float32).ravel()))
    wanted = triton.InferRequestedOutput(name, binary_data=binary, class_count=1)
    top = client.infer(model, [image], outputs=[wanted]).as_numpy(name).ravel()
    print(*(t.decode() if isinstance(t, bytes) else t for t in top))
after = client.get_inference_statistics(model)["model_stats"][0]["inference_count"]
assert after - before == 4 * count, (before, after)
assert [m["name"] for m in client.get_model_repository_index()] == [model]
for call in lambda: client.load_model(model), lambda: client.infer("nope", [image]):
    try:
        call()
        sys.exit("no error")
    except triton.InferenceServerException as e:
        assert "not allowed" in e.message() or "'nope' is not found" in e.message(), e
