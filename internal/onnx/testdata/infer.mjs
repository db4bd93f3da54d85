// Runs ONNX files in ONNX Runtime for the test TestOnnxRuntimeAgrees.
//
// usage: node infer.mjs MODULES N DIR
//
// MODULES is the node_modules folder that holds onnxruntime-node. Each
// DIR/x.onnx is run on the N images of DIR/x.pixels, and its outputs are written to
// DIR/x.outputs, one after the other, as little-endian float32.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [modules, n, dir] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), 'x.js'));
const ort = require('onnxruntime-node');

for (const file of fs.readdirSync(dir).filter((f) => f.endsWith('.onnx')).sort()) {
  const stem = path.join(dir, file.slice(0, -'.onnx'.length));
  const session = await ort.InferenceSession.create(stem + '.onnx');
  const [h, w, c] = JSON.parse(fs.readFileSync(stem + '.shape', 'utf8'));
  const pixels = new Uint8Array(fs.readFileSync(stem + '.pixels'));
  const image = new ort.Tensor('uint8', pixels, [Number(n), h, w, c]);
  const results = await session.run({ image });
  const outputs = session.outputNames.map((name) => Buffer.from(new Float32Array(results[name].data).buffer));
  fs.writeFileSync(stem + '.outputs', Buffer.concat(outputs));
}
