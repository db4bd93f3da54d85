#!/usr/bin/env node
// Times ONNX Runtime on a model that we export, which takes bytes and normalises
// them itself. Prints one JSON object: images a second at a batch size, and
// milliseconds for one image.
//
//   ONNXRUNTIME_NODE_INSTALL=skip npm install --ignore-scripts onnxruntime-node
//   NODE_PATH=node_modules node bench/onnxruntime.js MODEL.onnx WIDTHxHEIGHTxCHANNELS BATCH THREADS SECONDS
'use strict';
const fs = require('fs');
const ort = require('onnxruntime-node');

const repetitions = 9;
const now = () => Number(process.hrtime.bigint()) / 1e9;
const ascending = (a, b) => a - b;

// images is a batch of noise.
function images(n, [width, height, channels]) {
  const bytes = new Uint8Array(n * height * width * channels);
  for (let i = 0, x = 1; i < bytes.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return { image: new ort.Tensor('uint8', bytes, [n, height, width, channels]) };
}

// repeat calls work for a time, and a number of times at least, and returns how
// long each call took.
async function repeat(work, seconds, atLeast) {
  const times = [];
  for (const began = now(); times.length < atLeast || now() - began < seconds;) {
    const started = now();
    await work();
    times.push(now() - started);
  }
  return times;
}

const nearestRank = (sorted, percent) => sorted[Math.max(Math.ceil(percent * sorted.length / 100), 1) - 1];

async function main(path, size, batch, threads, seconds) {
  const session = await ort.InferenceSession.create(fs.readFileSync(path), {
    intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
  });
  const shape = size.split('x').map(Number);
  const many = images(batch, shape), one = images(1, shape);
  const all = () => session.run(many), single = () => session.run(one);

  await repeat(all, seconds / 20, 2);
  const rates = [];
  for (let i = 0; i < repetitions; i++) {
    const times = await repeat(all, seconds * 0.55 / repetitions, 1);
    rates.push(batch * times.length / times.reduce((a, b) => a + b));
  }
  rates.sort(ascending);
  await repeat(single, seconds / 20, 20);
  const latencies = (await repeat(single, seconds * 0.35, 20)).sort(ascending);
  console.log(JSON.stringify({
    model: path, batch_size: batch, threads, onnxruntime: ort.env.versions.node,
    inference_images_per_second: nearestRank(rates, 50), inference_range: [rates[0], rates[rates.length - 1]],
    latency_ms: { p50: 1e3 * nearestRank(latencies, 50), p95: 1e3 * nearestRank(latencies, 95), min: 1e3 * latencies[0] },
  }));
}

const [path, size, batch, threads, seconds] = process.argv.slice(2);
main(path, size, Number(batch), Number(threads), Number(seconds)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
